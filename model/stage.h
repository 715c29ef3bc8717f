// Stages: the named points inside an operation that can fail, and the failure of a step.
//
// Only the names are shared. Which stages an operation passes, and in which order, is written
// twice: once in the reference and once in every implementation, and the two lists are compared.
// The points are those of mmap_region() and vma_modify() in mm/vma.c of Linux 6.18, and of
// move_vma() in mm/mremap.c.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmacheck {

enum class Stage : std::uint8_t {
    split,       // An area is allocated for the part that is split off: ENOMEM.
    merge,       // Memory for a merge. mmap swallows the failure and leaves a seam (D12).
    charge,      // The commit limit refuses: ENOMEM.
    prepare,     // The file's mmap_prepare hook refuses.
    allocation,  // The new area: ENOMEM.
    hook,        // The file's mmap hook refuses.
    shmem,       // The object behind a shared anonymous mapping: ENOMEM.
    move,        // mremap: page tables for the new place: ENOMEM.
    policy,      // A policy is copied, for an area that is split off or copied, or made: ENOMEM.
    anon,        // An area is linked to the fault identity of another, in a split, a merge or a
                 // copy (anon_vma_clone(), of a chain of any length): ENOMEM.
    name,        // The name of anonymous memory: ENOMEM.
    writable,    // A file is not to be written through mappings (mapping_map_writable()): EPERM.
    may_split,   // A driver will not have its area cut (vm_ops->may_split): EINVAL.
    detach,      // One more area is put aside, to be unmapped (vms_gather_munmap_vmas()): ENOMEM.
    clear,       // What is put aside, or not copied by fork, is taken out of the tree
                 // (vma_iter_clear_gfp()): ENOMEM.
    link,        // mremap: a copy, opened already, is put into the tree (vma_link()): ENOMEM.
};
inline constexpr int stage_count = 16;

inline constexpr std::array<std::string_view, stage_count> stage_names = {
    "split",  "merge", "charge", "prepare",  "allocation", "hook",   "shmem", "move",
    "policy", "anon",  "name",   "writable", "may_split",  "detach", "clear", "link",
};

constexpr std::string_view name_of(Stage stage) {
    return stage_names[static_cast<std::size_t>(stage)];
}

// The failure that a step carries: none, the k-th time that it reaches `stage` (`! split#2`), or
// its k-th fallible point of any kind (`! #3`). `k` counts from 1.
struct Failure {
    enum class Kind : std::uint8_t { none, at_stage, at_any };
    Kind kind = Kind::none;
    Stage stage = Stage::split;
    std::uint16_t k = 1;
    friend constexpr bool operator==(const Failure&, const Failure&) = default;
};
inline constexpr std::uint16_t failure_k_max = 999;

// The k-th point of a step, whatever its stage is.
constexpr Failure failure_at_point(std::size_t k) {
    return {Failure::Kind::at_any, Stage::split, static_cast<std::uint16_t>(k)};
}
// How many of the points that a step passed a failure can name.
constexpr std::size_t points_with_a_name(std::size_t passed) {
    return passed < failure_k_max ? passed : failure_k_max;
}

}  // namespace vmacheck
