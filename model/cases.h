// Cases: the semantic events worth counting. The reference alone emits them, so that they mean the
// same for every system under test. A run that never saw a case it could have seen tested less than
// it claims.
//
// The name of a case is `op/group/what` (`mprotect/merge/left`, `mmap/unwind/hook`), or `seam/D7`
// for the reason why a boundary between compatible pages stays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/op.h"
#include "model/profile.h"
#include "model/result.h"
#include "model/stage.h"

namespace vmacheck {

enum class CaseKind : std::uint8_t {
    // Shapes of a merge. For a new range: left, right, both. For a range inside an area also the
    // two
    // in which a part of the area goes over to its neighbour (cases 5 and 4 of the old
    // vma_merge()).
    merge_left,
    merge_right,
    merge_both,
    merge_left_part,
    merge_right_part,
    // Why a seam at an end of the range was not closed.
    refused_flags,
    refused_file,
    refused_offset,
    refused_policy,
    refused_name,
    refused_uffd,
    refused_fault,      // Two different fault identities.
    refused_forked,     // A forked identity beside an area without one.
    refused_special,    // Both are of a driver that does not want merges.
    refused_unfaulted,  // The range has an identity that its neighbour, without one, cannot take.
    refused_close,      // The area that would go has a close hook.
    refused_three_way,  // Both sides fit the range, but not each other: only left is merged.
    refused_no_op,      // Nothing changes, so nothing is looked at.
    refused_memory,     // The merge failed for memory, and the operation went on without it.
    refused_guard,      // A fault met a guard.
    refused_pkey,       // A fault met the key of execute-only memory.
    merge_sticky,       // A merge brought one side a sticky flag of the other.
    merge_after_hook,   // A new range, by flags that its mmap hook set.
    merge_set_file,     // A new range, of the file that its mmap_prepare hook set.
    // Which ends of the range were cut.
    split_start,
    split_end,
    split_both,
};
inline constexpr std::size_t shape_kind_count = 27;
// Behind the kinds above: one for each errno, then one for each stage that a failure struck at.
inline constexpr std::size_t case_kind_count = shape_kind_count + errno_count + stage_count;

constexpr CaseKind errno_case(Errno error) {
    return static_cast<CaseKind>(shape_kind_count + static_cast<std::size_t>(error));
}
constexpr CaseKind unwind_case(Stage stage) {
    return static_cast<CaseKind>(shape_kind_count + errno_count + static_cast<std::size_t>(stage));
}

// Why a boundary between two compatible pages stays. docs/architecture.md explains the numbers.
enum class Seam : std::uint8_t {
    none,
    given,                 // The program started with it.
    stack_growth,          // D3: what grows down never merges.
    heap_start,            // D4: the heap does not join what ends where it starts.
    fork_copies_seams,     // D5
    forked_and_unfaulted,  // D6
    two_identities,        // D7
    special_areas,         // D8: what a driver marked as special never merges.
    close_hook,            // D9
    three_way,             // D10
    split_left_behind,     // D11
    merge_out_of_memory,   // D12
    merge_given_up,        // D13
    changed_by_move,       // D14: locks went from the old place, a userfaultfd from the new one.
    unlocked_after_merge,  // D15: it cannot be locked, and that was seen after the merge was tried.
    flags_after_merge,     // D16: flags that came after the merge was tried.
    old_place_unfaulted,   // D21: a moved area's old place lost its fault identity.
    unfaulted_neighbour,   // X1
    copy_of_neighbour,     // X2: what dontunmap keeps, and its copy.
};
inline constexpr std::size_t seam_count = 19;
inline constexpr std::array<std::string_view, seam_count> seam_names = {
    "none", "given", "D3",  "D4",  "D5",  "D6",  "D7",  "D8", "D9", "D10",
    "D11",  "D12",   "D13", "D14", "D15", "D16", "D21", "X1", "X2",
};

using CaseId = std::size_t;
inline constexpr std::size_t case_count = op_count * case_kind_count + seam_count;
inline constexpr CaseId no_case = case_count;

constexpr CaseId case_id(std::size_t op, CaseKind kind) {
    return op * case_kind_count + static_cast<std::size_t>(kind);
}
constexpr CaseId case_id(Seam seam) {
    return op_count * case_kind_count + static_cast<std::size_t>(seam);
}

// "mprotect/merge/left"; "none" for no_case.
std::string case_name(CaseId id);

// Whether a run over all operations of `profile` can meet the case.
bool case_possible(CaseId id, const Profile& profile);

// Whether a run of so many steps meets the case, so that its absence is a defect of the run. What a
// world must have for it (a file with a close hook, say) is the generator's task. Most cases have
// happened after `steps_for_most_cases`; after `steps_for_every_stage` each operation has come back
// from each stage that it can fail at as well. Of fewer steps than the first nothing is expected.
inline constexpr std::uint64_t steps_for_most_cases = 3'000'000;
inline constexpr std::uint64_t steps_for_every_stage = 60'000'000;
bool case_expected(CaseId id, const Profile& profile, std::uint64_t steps);

// How much a case says about a step of which more can be said: what moved boundaries or kept them
// from moving before what was cut, that before an error, and last the neighbours that differ
// anyway.
constexpr int weight_of(CaseKind kind) {
    if (kind >= errno_case(Errno::ok)) return kind == errno_case(Errno::ok) ? 0 : 1;
    if (kind >= CaseKind::split_start) return 2;
    const bool ordinary = kind == CaseKind::refused_flags || kind == CaseKind::refused_file ||
                          kind == CaseKind::refused_offset || kind == CaseKind::refused_policy ||
                          kind == CaseKind::refused_name || kind == CaseKind::refused_uffd ||
                          kind == CaseKind::refused_no_op;
    return ordinary ? 0 : 3;
}

class Cases {
  public:
    void begin(std::size_t op) {
        op_ = op;
        last_ = no_case;
        last_weight_ = 0;
    }
    void hit(CaseKind kind) {
        const CaseId id = case_id(op_, kind);
        ++counts_[id];
        if (weight_of(kind) >= last_weight_) {
            last_ = id;
            last_weight_ = weight_of(kind);
        }
    }
    void hit(Seam seam) {
        if (seam != Seam::none) ++counts_[case_id(seam)];
    }
    // Of the cases of the step under way, the last of the weightiest: a bucket is named for it.
    [[nodiscard]] CaseId last() const { return last_; }
    [[nodiscard]] const std::array<std::uint64_t, case_count>& counts() const { return counts_; }

  private:
    std::array<std::uint64_t, case_count> counts_{};
    std::size_t op_ = 0;
    CaseId last_ = no_case;
    int last_weight_ = 0;
};

}  // namespace vmacheck
