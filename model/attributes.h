// What a page carries, and therefore what an area carries for all of its pages.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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

// Memory policy (vma->vm_policy), over a machine of one node. Policies are compared by their value;
// an explicit `local` is not the default.
enum class Policy : std::uint8_t { none, local, preferred, bind, interleave, preferred_many };
inline constexpr std::array<std::string_view, 6> policy_names = {
    "default", "local", "preferred", "bind", "interleave", "preferred_many",
};

// The kinds of policy that may have a home node.
constexpr bool has_home_node(Policy policy) {
    return policy == Policy::bind || policy == Policy::preferred_many;
}

// Name of anonymous memory (vma->anon_name), from a list that is long enough to differ.
enum class AreaName : std::uint8_t { none, a, b, c };
inline constexpr std::array<std::string_view, 4> area_names = {"none", "a", "b", "c"};

// The userfaultfd that an area is registered with (vma->vm_userfaultfd_ctx), of the two that a
// space may have. It is compared as a pointer is; what it waits for is in the flags, and an area
// has a context if and only if it has one of `uffd_flags`.
enum class UffdContext : std::uint8_t { none, a, b };
inline constexpr std::array<std::string_view, 3> uffd_context_names = {"none", "a", "b"};

struct Attributes {
    // Offset of this page in its file; of private anonymous memory: its address.
    std::uint64_t pgoff = 0;
    Flags flags;
    FileId file;
    FaultId fault;
    bool forked = false;  // The fault identity came through fork: its chain is longer than one.
    Policy policy = Policy::none;
    bool home_node = false;  // The policy has one (set_mempolicy_home_node).
    AreaName name = AreaName::none;
    UffdContext uffd = UffdContext::none;
    friend constexpr bool operator==(const Attributes&, const Attributes&) = default;
};

}  // namespace vmacheck
