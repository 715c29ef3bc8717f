// Bugs: mistakes from the history of Linux and of its likes, seeded into impl to see whether they
// are found.
//
// A line of the list is a bug: its name, its class, the mistake, where it was made, and the verdict
// that a comparison without `verify` gives it. The wrong line stands beside the right one:
//
//     if (grows_down && !BUG(merge_down_keeps_old_pgoff)) vma.pgoff -= grown;
//
// BUG() is the constant false unless VMACHECK_BUGS is defined. Then it is a switch, set by name at
// run time, and it counts how often a switched-on bug was reached: so it comes last in a condition,
// where right and wrong part. A bug that was never reached says nothing about those who look for
// it.
//
// `--bug` with a profile that lacks the rule finds nothing: the mistake then says which have it.
//
// Classes: C1 missed merge, C2 wrong merge, C3 offset, C4 attribute lost, C5 walk and range,
// C6 accounting, C7 hooks and references, C8 unwinding, C9 result; T is a test of the tool itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/profile.h"

// clang-format off
#define VMACHECK_BUG_LIST(X)                                                                       \
    X(merge_down_keeps_old_pgoff, "merge-down-keeps-old-pgoff", "C3",                              \
      "an area that grows downwards keeps its page offset",                                        \
      "Linux 7e7757876f25 (6.3.1)", "wrong_pages")                                                 \
    X(case8_skips_attribute_update, "case8-skips-attribute-update", "C4",                          \
      "a changed area that swallows its next neighbour keeps its old flags",                       \
      "Linux 9d8cebd4bcd7, 3964acd0dbec, 4e0906008cdb", "wrong_pages")                             \
    X(loop_cursor_stale_after_merge_with_next, "loop-cursor-stale-after-merge-with-next", "C5",    \
      "mprotect goes on from where the area ended before it was merged with next",                 \
      "Linux, mm/mprotect: fix successful vma_merge() of next (6.3-rc)", "wrong_result")           \
    X(faulted_unfaulted_never_merge, "faulted-unfaulted-never-merge", "C1",                        \
      "an area with a fault identity and one without never merge",                                 \
      "Linux 879bca0a2c4f (6.16)", "missed_merge")                                                 \
    X(singular_chain_of_either_side, "singular-chain-of-either-side", "C2",                        \
      "profiles up to linux-6.15: a singular chain of the range will do for the neighbour's",      \
      "Linux 879bca0a2c4f (6.16), applied to the rule before it", "wrong_merge")                   \
    X(prev_is_wrong_when_range_starts_inside, "prev-is-wrong-when-range-starts-inside", "C5",      \
      "for a range that starts inside an area, prev is the area before that one",                  \
      "Linux, mm/uffd: fix vma operation where start addr cuts part of vma (2023)", "wrong_pages") \
    X(split_keeps_parent_offset, "split-keeps-parent-offset", "C3",                                \
      "the upper part of a split starts at the offset of the whole",                               \
      "usercorn #287, cctools 1098, mimiker 1086, phoenix-rtos 581", "wrong_pages")                \
    X(default_flag_set_after_merge_check, "default-flag-set-after-merge-check", "C1",              \
      "the default flag of PR_SET_MEMORY_MERGE comes after the merge was tried",                   \
      "Linux d7597f59d1d3, cf7e7a3503df (6.17)", "missed_merge")                                   \
    X(heap_joins_what_is_before_it, "heap-joins-what-is-before-it", "C2",                          \
      "the first pages of a heap merge with the area that ends where the heap starts",             \
      "Linux, vma_prev_limit() in brk(): what its limit is for", "wrong_merge")                    \
    X(grown_stack_merges, "grown-stack-merges", "C2",                                              \
      "a stack that grows down to an equal one becomes one with it",                               \
      "Linux, expand_downwards(): it never merges", "wrong_merge")                                 \
    X(fork_forgets_memory_merge, "fork-forgets-memory-merge", "C4",                                \
      "the child of a fork starts without the PR_SET_MEMORY_MERGE of its parent",                   \
      "Linux, MMF_INIT_MASK: what it keeps", "wrong_pages")                     \
    X(memory_merge_heals_seams, "memory-merge-heals-seams", "C2",                                  \
      "PR_SET_MEMORY_MERGE merges the areas that it has made equal",                                \
      "Linux, ksm_add_vmas(): it merges none", "wrong_merge")                                       \
    X(execute_only_memory_is_read, "execute-only-memory-is-read", "C9",                            \
      "nobody asks the protection key of execute-only memory for the right to read",                \
      "of our own making: arch_vma_access_permitted() without its test", "wrong_result")            \
    X(execute_only_key_stays_behind, "execute-only-key-stays-behind", "C4",                        \
      "mprotect leaves execute-only memory its key when it becomes readable",                      \
      "of our own making: __arch_override_mprotect_pkey() without its second half",                \
      "wrong_pages")                                                                               \
    X(special_areas_merge, "special-areas-merge", "C2",                                            \
      "what a driver marked with VM_SPECIAL merges like anything else",                            \
      "Linux, vma_merge(): the first thing that it asks", "wrong_merge")                           \
    X(real_error_overwritten, "real-error-overwritten", "C9",                                      \
      "mprotect answers ENOMEM for whatever kept it from reaching the end",                        \
      "Linux, mm/mprotect: fix do_mprotect_pkey() return on error (6.3)", "wrong_result")          \
    X(late_failure_after_driver_hook, "late-failure-after-driver-hook", "C8",                      \
      "mmap asks for the commit charge when the old areas are gone already",                       \
      "Linux 5de195060b2e (6.12)", "wrong_pages")                                                  \
    X(removes_vma_that_has_close_hook, "removes-vma-that-has-close-hook", "C2",                    \
      "the close hook of the changed area itself does not keep it from being merged away",         \
      "Linux fc0c8f9089c2 (6.8)", "wrong_merge")                                                   \
    X(munmap_failure_leaves_detached_and_counters,                                                 \
      "munmap-failure-leaves-detached-and-counters", "C8",                                         \
      "when the split at the end fails, the areas gathered before it stay removed",                \
      "Linux 606c812eb1d5 (6.5)", "wrong_pages")                                                   \
    X(close_called_twice_or_not_at_all, "close-called-twice-or-not-at-all", "C7",                  \
      "after a failed mmap hook, close is called for the area that never was",                     \
      "Linux 4080ef1579b2, 3dd6ed34ce1f (6.12)", "wrong_hooks")                                    \
    X(puts_original_file_after_hook_swapped_it, "puts-original-file-after-hook-swapped-it", "C7",  \
      "linux-6.12: what merges when its hook has set another file drops the file it asked for",    \
      "Linux bc4fe4cdd602 (5.9)", "wrong_counter")                                                 \
    X(set_file_leaks_on_failure, "set-file-leaks-on-failure", "C7",                                \
      "a file that mmap_prepare set is not put when the area cannot be made",                      \
      "Linux, /dev/zero with mmap_prepare (until 7.0)", "wrong_counter")                           \
    X(uncharges_what_was_never_charged, "uncharges-what-was-never-charged", "C6",                  \
      "a failed mmap returns a charge whether or not it was taken",                                \
      "Linux, insert_vm_struct() (2023)", "wrong_counter")                                         \
    X(error_path_returns_zero, "error-path-returns-zero", "C9",                                    \
      "a mapping that fails after old areas were removed answers ok",                              \
      "Linux, mm/mmap: correct error handling in mmap_region() (6.12-rc)", "wrong_result")         \
    X(map_over_partial_overlap_drops_remainder, "map-over-partial-overlap-drops-remainder", "C5",  \
      "a fixed mapping over the head of an area removes its tail too",                             \
      "Fiwix #16, Fission #9, rainbow 30", "wrong_pages")                                          \
    X(copied_identity_is_not_adopted, "copied-identity-is-not-adopted", "C4",                      \
      "an area that takes in a copy made by mremap does not take over its fault identity",         \
      "Linux 61f67c230a5e (6.19)", "wrong_pages")                                                  \
    X(growing_area_does_not_merge, "growing-area-does-not-merge", "C1",                            \
      "mremap that grows an area in place leaves a seam to the next one",                          \
      "Linux ca3d76b0aa80 (6.3)", "missed_merge")                                                  \
    X(moved_area_keeps_offset, "moved-area-keeps-offset", "C3",                                    \
      "memory that was never written to keeps its offset when it moves, and merges nowhere",       \
      "Linux, copy_vma(): faulted_in_anon_vma (3.3)", "wrong_pages")                               \
    X(failed_move_keeps_the_copy, "failed-move-keeps-the-copy", "C8",                              \
      "mremap that cannot move its page tables leaves the new area behind",                        \
      "of our own making", "wrong_pages")                                                          \
    X(resize_asked_before_unmapping, "resize-asked-before-unmapping", "C8",                        \
      "profiles up to linux-6.15: an area that may not move leaves what lies at the new place",    \
      "of our own making: the order of 6.17 in a kernel before it", "wrong_pages")                 \
    X(only_first_area_moves, "only-first-area-moves", "C5",                                        \
      "mremap of several areas moves the first one and answers ok",                                \
      "of our own making", "wrong_pages")                                                          \
    X(old_place_keeps_offset, "old-place-keeps-offset", "C3",                                      \
      "what dontunmap leaves of a whole area keeps the offset of pages that have gone",            \
      "Linux up to 6.18, dontunmap_complete()", "wrong_pages")                                     \
    X(dontunmap_merges_with_itself, "dontunmap-merges-with-itself", "C2",                          \
      "what dontunmap keeps takes its own copy in",                                                \
      "Linux up to 6.18, copy_vma()", "wrong_merge")                                               \
    X(early_count_is_strict, "early-count-is-strict", "C9",                                        \
      "linux-7.3: mremap that could just reach max_map_count is refused",                          \
      "of our own making", "wrong_result")                                                         \
    X(watched_copy_merges, "watched-copy-merges", "C2",                                            \
      "linux-7.3: a copy merges with what its userfaultfd watches, which is then lost to it",      \
      "Linux up to 6.18, copy_vma()", "wrong_pages")                                               \
    X(uffd_context_not_compared, "uffd-context-not-compared", "C2",                                \
      "areas of two userfaultfds merge",                                                           \
      "of our own making: the clause of 'teach vma_merge to merge across vm_userfaultfd_ctx'",     \
      "wrong_pages")                                                                               \
    X(uffd_unregister_leaves_modes, "uffd-unregister-leaves-modes", "C4",                          \
      "an area that is taken away from its userfaultfd keeps the modes",                           \
      "of our own making", "wrong_pages")                                                          \
    X(uffd_checks_first_area_alone, "uffd-checks-first-area-alone", "C5",                          \
      "whether a range may be registered is asked of its first area only",                         \
      "of our own making", "wrong_result")                                                         \
    X(uffd_close_never_merges, "uffd-close-never-merges", "C1",                                    \
      "the areas of a userfaultfd that is closed stay apart from their like",                      \
      "of our own making", "missed_merge")                                                         \
    X(uffd_clear_fails_without_merge, "uffd-clear-fails-without-merge", "C8",                      \
      "an area as a whole is not cleared when there is no memory to merge it",                     \
      "Linux 41e6ddcaa0f1 (6.14)", "wrong_result")                                                 \
    X(sticky_flag_lost_in_merge, "sticky-flag-lost-in-merge", "C4",                                \
      "an area that takes in another one does not take over its sticky flags",                     \
      "Linux, mm: propagate VM_SOFTDIRTY on merge (6.19)", "wrong_pages")                          \
    X(sticky_flag_keeps_areas_apart, "sticky-flag-keeps-areas-apart", "C1",                        \
      "areas of which only one may have guards never merge",                                       \
      "Linux, mm: ignore VM_SOFTDIRTY on VMA merging (3.14)", "missed_merge")                      \
    X(guard_install_splits, "guard-install-splits", "C1",                                          \
      "guard_install cuts out the pages that it is about, for their flag's sake",                  \
      "of our own making", "missed_merge")                                                         \
    X(unmapping_leaves_guards, "unmapping-leaves-guards", "C8",                                    \
      "guards stay when their pages are unmapped, and what is mapped there next has them",         \
      "of our own making", "wrong_result")                                                         \
    X(charge_not_undone_on_late_failure, "charge-not-undone-on-late-failure", "C6",                \
      "brk that finds no memory for its area keeps the charge that it took",                       \
      "Linux 675eaca1f441 (6.2)", "wrong_counter")                                                 \
    X(half_split_close_hook_uncharges, "half-split-close-hook-uncharges", "C6",                    \
      "a split that fails late calls close for the half that never was",                           \
      "Linux, the maple tree series (6.1)", "wrong_hooks")                                         \
    X(writable_count_leak, "writable-count-leak", "C7",                                            \
      "a failed shared mapping leaves its file counted as written to",                             \
      "Linux 5de195060b2e (6.12): one of the exits that it made one", "wrong_counter")             \
    X(failed_merge_consumes_preallocation, "failed-merge-consumes-preallocation", "C8",            \
      "a change that has no memory to merge goes on as if nothing fitted",                         \
      "Linux 6.12.y, after 5de195060b2e", "wrong_result")                                          \
    X(temporary_over_limit_rejects_legal_unmap, "temporary-over-limit-rejects-legal-unmap", "C9",  \
      "munmap at max_map_count refuses a cut that leaves no area more",                            \
      "Linux, munmap() before 2009", "wrong_result")                                               \
    X(bitmask_test_on_enum, "bitmask-test-on-enum", "C9",                                          \
      "sealed memory refuses every advice, not only those that take contents away",                \
      "Linux, is_madv_discard() (6.10)", "wrong_result")                                           \
    X(seal_check_lost_when_reordered, "seal-check-lost-when-reordered", "C9",                      \
      "a file that nobody may write to is asked for the right to write",                           \
      "Linux, after 5de195060b2e (6.12)", "wrong_pages")                                           \
    X(driver_adds_flag_after_merge_compare, "driver-adds-flag-after-merge-compare", "C1",          \
      "a flag that mmap_prepare sets is not there yet when the merge is tried",                    \
      "Linux 33bfad54b58c (2.6.29)", "missed_merge")                                               \
    X(dontunmap_accounting_hits_neighbour, "dontunmap-accounting-hits-neighbour", "C6",            \
      "with dontunmap all of the area is charged that the copy merged into",                       \
      "Linux, Fix MREMAP_DONTUNMAP accounting on VMA merge (5.7)", "wrong_counter")                \
    X(merge_size_underflow, "merge-size-underflow", "C6",                                          \
      "total_vm loses the pages of an area that goes in a merge",                                  \
      "Asterinas 2209", "wrong_counter")                                                           \
    X(unlocks_whole_vma_for_partial_move, "unlocks-whole-vma-for-partial-move", "C6",              \
      "linux-7.3: dontunmap of a part of a locked area unlocks all of it",                         \
      "Linux 597e4b9ab48a (6.12.115)", "wrong_pages")                                              \
    X(fork_copy_failure_exposes_partial_tree, "fork-copy-failure-exposes-partial-tree", "C8",      \
      "a fork that fails leaves a child with the areas that it has by then",                       \
      "Linux, mm: change dup_mmap() recovery (6.19)", "wrong_pages")                               \
    X(iterator_not_reset_after_merge_oom, "iterator-not-reset-after-merge-oom", "C8",              \
      "the walk goes on behind the next area when there was no memory to merge one",               \
      "Linux 0cf4b1687a18 (6.16), 1419430c8abb (6.6)", "wrong_pages")                              \
    X(mremap_error_after_clearing_target, "mremap-error-after-clearing-target", "C8",              \
      "mremap empties its new place before it asks whether the area may go there",                 \
      "Asterinas 2199", "wrong_pages")                                                             \
    X(brk_assumes_heap_vma_exists, "brk-assumes-heap-vma-exists", "C9",                            \
      "a CHECK fails when a heap shrinks that was unmapped",                                       \
      "Linux f5ad5083404b (6.1)", "crash")                                                         \
    X(mremap_unchecked_unmap, "mremap-unchecked-unmap", "C9",                                      \
      "mremap goes on when it could not unmap the tail of the old place",                          \
      "Linux, CVE-2004-0077", "wrong_result")                                                      \
    X(range_walk_ends_with_null_cursor, "range-walk-ends-with-null-cursor", "C9",                  \
      "remap_file_pages refuses a range that reaches into the last area",                          \
      "Linux, mmap: fix remap_file_pages() regression (6.1-rc)", "wrong_result")                   \
    X(crash_on_three_way_merge, "crash-on-three-way-merge", "T",                                   \
      "a CHECK fails when three areas become one",                                                 \
      "of our own making", "crash")                                                                \
    X(hang_on_hole, "hang-on-hole", "T",                                                           \
      "madvise never gets past a hole",                                                            \
      "of our own making", "hang")                                                                 \
    X(out_of_bounds_write, "out-of-bounds-write", "T",                                             \
      "a split writes one element past the end of a vector: seen by AddressSanitizer alone",       \
      "of our own making", "crash")                                                                \
    X(leak, "leak", "T",                                                                           \
      "munmap loses a piece of memory: seen by LeakSanitizer alone",                               \
      "of our own making", "crash")
// clang-format on

namespace vmacheck {

enum class Bug : std::uint8_t {
#define VMACHECK_BUG_ENUMERATOR(id, name, kind, mistake, source, verdict) id,
    VMACHECK_BUG_LIST(VMACHECK_BUG_ENUMERATOR)
#undef VMACHECK_BUG_ENUMERATOR
};

struct BugInfo {
    Bug bug;
    std::string_view name;
    std::string_view kind;
    std::string_view mistake;
    std::string_view source;
    std::string_view verdict;
};

// All bugs, in the order of their enumerators.
inline constexpr auto all_bugs = std::to_array<BugInfo>({
#define VMACHECK_BUG_INFO(id, name, kind, mistake, source, verdict) \
    {Bug::id, name, kind, mistake, source, verdict},
    VMACHECK_BUG_LIST(VMACHECK_BUG_INFO)
#undef VMACHECK_BUG_INFO
});
inline constexpr std::size_t bug_count = all_bugs.size();

// The profile whose rules have the wrong line: linux-6.18 for all but a rule that it lacks.
constexpr const Profile& profile_with_bug(Bug bug) {
    switch (bug) {
        case Bug::puts_original_file_after_hook_swapped_it:
        case Bug::singular_chain_of_either_side:
        case Bug::resize_asked_before_unmapping: return linux_6_12_profile;
        case Bug::unlocks_whole_vma_for_partial_move:
        case Bug::old_place_keeps_offset:
        case Bug::dontunmap_merges_with_itself:
        case Bug::early_count_is_strict:
        case Bug::watched_copy_merges: return linux_7_3_profile;
        default: return linux_6_18_profile;
    }
}

constexpr std::optional<Bug> find_bug(std::string_view name) {
    for (const BugInfo& info : all_bugs) {
        if (info.name == name) return info.bug;
    }
    return std::nullopt;
}

// Whether this build has the bugs in it. Without them enable_bug() says no, and nothing is reached.
bool bugs_built_in();
[[nodiscard]] bool enable_bug(Bug bug);
// Switches all bugs off and sets the counters to zero.
void disable_bugs();
bool bug_enabled(Bug bug);
// How often the bug was reached since disable_bugs().
std::uint64_t bug_reached(Bug bug);

}  // namespace vmacheck

#ifdef VMACHECK_BUGS
namespace vmacheck {
bool bug_strikes(Bug bug);
[[noreturn]] void loop_forever();
void write_past_the_end();
void lose_memory();
}  // namespace vmacheck
#define BUG(id) ::vmacheck::bug_strikes(::vmacheck::Bug::id)
// A bug that is an action of its own.
#define BUG_ACTION(id, action)           \
    do {                                 \
        if (BUG(id)) ::vmacheck::action; \
    } while (false)
#else
#define BUG(id) false
#define BUG_ACTION(id, action) static_cast<void>(0)
#endif
