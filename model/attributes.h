// What a page carries, and therefore what an area carries for all of its pages.
#pragma once

#include <cstdint>

#include "model/flags.h"

namespace vmacheck {

// Identity of an open file (struct file): 0 is none, 1 to n are the world's files in their order,
// and the objects behind shared anonymous mappings follow. A second open() of the same inode is
// another file. Compared up to renaming.
struct FileId {
    std::uint32_t value = 0;
    [[nodiscard]] constexpr bool none() const { return value == 0; }
    friend constexpr bool operator==(FileId, FileId) = default;
};

// Fault identity (vma->anon_vma): 0 is "no write fault yet". Compared up to renaming.
struct FaultId {
    std::uint32_t value = 0;
    [[nodiscard]] constexpr bool none() const { return value == 0; }
    friend constexpr bool operator==(FaultId, FaultId) = default;
};

struct Attributes {
    std::uint64_t pgoff =
        0;  // Offset of this page in its file; of private anonymous memory: address.
    Flags flags;
    FileId file;
    FaultId fault;
    bool forked = false;  // The fault identity came through fork: its chain is longer than one.
    friend constexpr bool operator==(const Attributes&, const Attributes&) = default;
};

}  // namespace vmacheck
