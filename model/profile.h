// Profiles: which rules hold, as data. No code anywhere asks for a kernel version by name.
//
// A rule that differs between profiles is a switch: a member of Profile with two values, and a line
// in profile_switches (profile.cpp) with its words. All of them stand here, with what each means
// and who has it, because they are read beside each other: that makes the file long. There are the
// profiles of the list below, and those that differ from one of them in some switches; the name of
// such a profile spells it out, `linux-6.18,fault_rule:singular_neighbour`, so that a program that
// has it says all there is to say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace vmacheck {

// Whether one of two neighbours may hand its fault identity to the other. In none of the two does a
// forked identity spread.
enum class FaultRule : std::uint8_t {
    // If one of them has none, whichever that is.
    unforked,
    // Only to the range that changes or is new: a neighbour without identity never takes one over.
    singular_neighbour,
};

// When memory that PR_SET_MEMORY_MERGE is for becomes `mergeable`.
enum class KsmFlag : std::uint8_t {
    early,  // Before the merge, unless an mmap hook may yet change flags.
    late,   // After it, and only if it failed.
};

// Who may unregister what a userfaultfd watches.
enum class UnregisterBy : std::uint8_t {
    owner,    // It alone.
    anybody,  // Any other, too.
};

// What becomes of write protection where memory is registered once more without it.
enum class UffdWp : std::uint8_t {
    may_go,
    stays,  // EBUSY.
};

// What the growth of a stack is charged for.
enum class StackCharge : std::uint8_t {
    accounted,  // Memory that gives its charge back when it goes.
    all,        // Any: without VM_ACCOUNT that is committed for good.
};

// What becomes of a charge that nobody needs: that of a failed operation, or one made in error.
enum class FailedCharge : std::uint8_t {
    returned,
    kept,  // It is committed for good.
};

// What mremap to a named place does first.
enum class MremapOrder : std::uint8_t {
    checked_first,
    emptied_first,  // The new place: an area that may not be moved there is found out afterwards.
};

// What MREMAP_DONTUNMAP makes of the area that the pages came from.
enum class Dontunmap : std::uint8_t {
    whole_area,  // It loses its locks as a whole, and keeps its offset.
    range,       // What is locked is cut out first, and what was never written to starts anew.
};

// When mremap asks whether there may be some areas more.
enum class MremapCount : std::uint8_t {
    late,   // If it names a place, and again when an area moves.
    early,  // Whatever it is to do, and again when an area moves.
};

// Whether the copy of what a userfaultfd watches merges before it is taken away from it.
enum class UffdCopy : std::uint8_t {
    merges,
    alone,
};

// What MADV_DOFORK refuses.
enum class Dofork : std::uint8_t {
    io,       // Areas with VM_IO.
    special,  // Areas that any driver marked, VM_SPECIAL.
};

// What merges when mmap tries it again.
enum class SecondMerge : std::uint8_t {
    existing_range,
    new_range,
};

// What becomes of a reference that mmap has no more use for.
enum class SpareReference : std::uint8_t {
    dropped,
    kept,  // The file is never let go.
};

struct Profile {
    std::string_view name;

    // Where its rules are from.
    std::string_view source;

    // Areas are exactly the maximal runs of compatible pages, whatever happened before. Off: a
    // boundary is history, and only the ends of a really changed piece are looked at again, as
    // vma_modify() and vma_merge_new_range() do (mm/vma.c).
    bool maximal;

    // A failed operation changes nothing at all. Off: what Linux leaves behind stays (splits, the
    // areas before the one that failed, the gap under a failed MAP_FIXED).
    bool atomic;

    // A write fault gives an area an identity (vma->anon_vma) that takes part in merging.
    bool fault_identity;

    // vm.max_map_count is enforced.
    bool count_limit;

    // Files may have a close hook, which keeps their areas from being merged away. Off: mapping
    // such a file is declined.
    bool close_hooks;

    // is_mergeable_anon_vma() in mm/vma.c. Up to 6.15 it asked whether the neighbour's chain is
    // singular, and the chain of an area without identity is empty (6.12.117); 879bca0a2c4f made it
    // `unforked` in 6.16.
    FaultRule fault_rule;

    // There is file_operations.mmap_prepare: c84bf6dd2b83, 6.16; include/linux/fs.h of 6.12.117 has
    // no such member. Off: mapping a file that has the hook is declined, for no driver of such a
    // kernel behaves like it.
    bool prepare_hooks;

    // ksm_add_vma() came behind the merge in __mmap_region() (mm/mmap.c of 6.12.117); cf7e7a3503df
    // moved it before the merge in 6.17 (can_set_ksm_flags_early() in mm/vma.c of 7.3.4). A profile
    // `maximal` sets it before the merge for every file.
    KsmFlag ksm_flag;

    // mremap_to() of 6.12.117 (mm/mremap.c) unmaps the new place, and the tail, before
    // vma_to_resize() asks for anything but the area and its seal; 7.3.4 has check_prep_vma(),
    // which asks before that. A profile `atomic` asks for everything first.
    MremapOrder mremap_order;

    // userfaultfd_unregister() of 6.12.117 (fs/userfaultfd.c) asks only whether anybody watches the
    // area, that of 7.3.4 (mm/userfaultfd.c) who does, and answers EINVAL.
    UnregisterBy uffd_unregister;

    // userfaultfd_register() of 7.3.4 (mm/userfaultfd.c) answers EBUSY if an area of the same
    // userfaultfd would lose its write protection; 6.12.117 asks for nothing of that kind.
    UffdWp uffd_wp;

    // acct_stack_growth() (mm/mmap.c of 6.12.117, mm/vma.c of 7.3.4) charges whatever grows, and
    // what unmaps it uncharges only VM_ACCOUNT.
    StackCharge stack_charge;

    // The charge of pages that a mapping replaced, where it fails behind the point of no return:
    // __mmap_region() of 6.12.117 (mm/mmap.c) returns only what it asked for itself, that of 7.3.4
    // (mm/vma.c) everything; 6.18.44 leaked it in Committed_AS.
    FailedCharge replaced_charge;

    // The whole charge, where the hook mmap_prepare refuses: 6.18.44 leaked it in Committed_AS,
    // 7.3.4 returns it (unacct_error in mm/vma.c).
    FailedCharge prepare_charge;

    // madvise knows MADV_GUARD_INSTALL and MADV_GUARD_REMOVE: 662df3e5c376 in 6.13, and for files
    // 0b6cc04f3db3 in 6.15; madvise_behavior_valid() of 6.12.117 (mm/madvise.c) knows neither. Off:
    // EINVAL, as for any number that is no advice.
    bool guard_regions;

    // An area that got guards has VM_MAYBE_GUARD, which is sticky (64212ba02e66 and 49e14dabed7a in
    // 6.19, and 6.18.44 has them; madvise_guard_install() and VMA_STICKY_FLAGS of 7.3.4). Off: it
    // gets a fault identity instead, even if it is of a file, for by that fork knows that its pages
    // must be copied.
    bool guard_flag;

    // remap_move() of 7.3.4 (mm/mremap.c) takes several areas along; 6.12.117 has no such function,
    // and answers EFAULT at the end of the first one.
    bool multi_move;

    // 7.3.4 cuts what is locked out of its area (prep_move_vma() in mm/mremap.c), gives an area
    // that was moved as a whole the offset of its place (dontunmap_complete()), and no area takes a
    // copy of itself in (copy_vma() in mm/vma.c). So does 6.12.117 (move_vma()), by
    // backports; 6.18.44 does nothing of that. A profile `maximal` has no locked rest and no offset
    // to lose.
    Dontunmap dontunmap;

    // check_map_count_against_split_early() of 7.3.4 (mm/mremap.c) asks for every mremap;
    // mremap_to() of 6.12.117 only for one that names a place, and for more.
    MremapCount mremap_count;

    // vma_merge_copied_range() of 7.3.4 (mm/vma.c) refuses what a userfaultfd without events
    // watches; copy_vma() of 6.12.117 does not ask. In a profile `maximal` the copy is taken away
    // from it first.
    UffdCopy uffd_copy;

    // madvise_vma_behavior() of 7.3.4 (mm/madvise.c) refuses VM_SPECIAL, that of 6.12.117 VM_IO
    // alone; 6.18.44 permits it for the vdso, which is VM_DONTEXPAND.
    Dofork dofork;

    // So that the charge of what mremap moves does not go with the old place, the area there loses
    // VM_ACCOUNT while it is unmapped; if that fails it never gets it back (unmap_source_vma() in
    // mm/mremap.c of 7.3.4, the end of move_vma() in that of 6.12.117).
    FailedCharge source_charge;

    // The charge of the pages that mremap would have added, where page tables cannot be moved:
    // move_vma() of 6.12.117 (mm/mremap.c) conceals it from the unmapping of the copy, and returns
    // it nowhere; copy_vma_and_data() of 7.3.4 returns it. No source of a version between them was
    // at hand.
    FailedCharge move_charge;

    // mremap to a named place, of fewer pages: mremap_to() cuts the tail off, and what is then
    // moved is charged for by a difference of lengths that it has not computed anew
    // (vrm_calc_charge() in mm/mremap.c). 6.18.44 leaked it in Committed_AS. 7.3.4 computes it
    // (vrm_populate_calculated()), and 6.12.117 has no such number.
    FailedCharge tail_charge;

    // Where the hook mmap of a file has changed flags, the merge is tried once more:
    // __mmap_region() of 6.12.117 (mm/mmap.c). 3c06ee7c24c2 removed it in 6.16, so that such an
    // area stays alone, though it may look like its neighbours. A profile `maximal` knows the flags
    // in advance.
    bool second_merge;

    // As what: 6.12.117 has a new range, and asks only if any area lies before it; 5ac87a885aec
    // made it an existing one in 6.13, which its own close hook keeps.
    SecondMerge second_merge_of;

    // The file that mmap_prepare sets comes with a reference, which an area of its own takes over.
    // __mmap_region() of 7.3.4 (mm/vma.c) drops it if that fails, and not if the range merges.
    // Kernels before 6.19 are taken for ones in which the hook brings no reference.
    SpareReference set_file;
};

// Whether charges may stay for which there is no page.
constexpr bool charges_stay(const Profile& profile) {
    if (profile.atomic) return false;
    return profile.stack_charge == StackCharge::all ||
           profile.replaced_charge == FailedCharge::kept ||
           profile.prepare_charge == FailedCharge::kept ||
           profile.source_charge == FailedCharge::kept ||
           profile.move_charge == FailedCharge::kept || profile.tail_charge == FailedCharge::kept;
}

// Whether references to files may stay that no area has.
constexpr bool references_stay(const Profile& profile) {
    return !profile.atomic && profile.set_file == SpareReference::kept;
}

// The ideal that most systems promise: compatibility is an equivalence, and only it decides.
inline constexpr Profile canonical_profile = {
    .name = "canonical",
    .source = "the ideal: areas are the maximal runs, and what fails changes nothing",
    .maximal = true,
    .atomic = true,
    .fault_identity = false,
    .count_limit = false,
    .close_hooks = false,
    .fault_rule = FaultRule::unforked,
    .prepare_hooks = true,
    .ksm_flag = KsmFlag::early,
    .mremap_order = MremapOrder::checked_first,
    .uffd_unregister = UnregisterBy::owner,
    .uffd_wp = UffdWp::may_go,
    .stack_charge = StackCharge::accounted,
    .replaced_charge = FailedCharge::returned,
    .prepare_charge = FailedCharge::returned,
    .guard_regions = true,
    .guard_flag = false,
    .multi_move = true,
    .dontunmap = Dontunmap::range,
    .mremap_count = MremapCount::late,
    .uffd_copy = UffdCopy::merges,
    .dofork = Dofork::special,
    .source_charge = FailedCharge::returned,
    .move_charge = FailedCharge::returned,
    .tail_charge = FailedCharge::returned,
    .second_merge = false,
    .second_merge_of = SecondMerge::existing_range,
    .set_file = SpareReference::dropped,
};

inline constexpr Profile linux_6_18_profile = {
    .name = "linux-6.18",
    .source = "Linux 6.18.44, compared with the running kernel",
    .maximal = false,
    .atomic = false,
    .fault_identity = true,
    .count_limit = true,
    .close_hooks = true,
    .fault_rule = FaultRule::unforked,
    .prepare_hooks = true,
    .ksm_flag = KsmFlag::early,
    .mremap_order = MremapOrder::checked_first,
    .uffd_unregister = UnregisterBy::owner,
    .uffd_wp = UffdWp::may_go,
    .stack_charge = StackCharge::all,
    .replaced_charge = FailedCharge::kept,
    .prepare_charge = FailedCharge::kept,
    .guard_regions = true,
    .guard_flag = true,
    .multi_move = true,
    .dontunmap = Dontunmap::whole_area,
    .mremap_count = MremapCount::late,
    .uffd_copy = UffdCopy::merges,
    .dofork = Dofork::io,
    .source_charge = FailedCharge::kept,
    .move_charge = FailedCharge::kept,
    .tail_charge = FailedCharge::kept,
    .second_merge = false,
    .second_merge_of = SecondMerge::existing_range,
    .set_file = SpareReference::dropped,
};

inline constexpr Profile linux_6_12_profile = {
    .name = "linux-6.12",
    .source = "Linux 6.12.117, from its source",
    .maximal = false,
    .atomic = false,
    .fault_identity = true,
    .count_limit = true,
    .close_hooks = true,
    .fault_rule = FaultRule::singular_neighbour,
    .prepare_hooks = false,
    .ksm_flag = KsmFlag::late,
    .mremap_order = MremapOrder::emptied_first,
    .uffd_unregister = UnregisterBy::anybody,
    .uffd_wp = UffdWp::may_go,
    .stack_charge = StackCharge::all,
    .replaced_charge = FailedCharge::kept,
    .prepare_charge = FailedCharge::returned,
    .guard_regions = false,
    .guard_flag = false,
    .multi_move = false,
    .dontunmap = Dontunmap::range,
    .mremap_count = MremapCount::late,
    .uffd_copy = UffdCopy::merges,
    .dofork = Dofork::io,
    .source_charge = FailedCharge::kept,
    .move_charge = FailedCharge::kept,
    .tail_charge = FailedCharge::returned,
    .second_merge = true,
    .second_merge_of = SecondMerge::new_range,
    .set_file = SpareReference::dropped,
};

// No source of it was at hand: each switch follows from the version that its commit came in.
inline constexpr Profile linux_6_15_profile = {
    .name = "linux-6.15",
    .source = "Linux 6.15, unverified: its source was not at hand",
    .maximal = false,
    .atomic = false,
    .fault_identity = true,
    .count_limit = true,
    .close_hooks = true,
    .fault_rule = FaultRule::singular_neighbour,
    .prepare_hooks = false,
    .ksm_flag = KsmFlag::late,
    .mremap_order = MremapOrder::emptied_first,
    .uffd_unregister = UnregisterBy::anybody,
    .uffd_wp = UffdWp::may_go,
    .stack_charge = StackCharge::all,
    .replaced_charge = FailedCharge::kept,
    .prepare_charge = FailedCharge::returned,
    .guard_regions = true,
    .guard_flag = false,
    .multi_move = false,
    .dontunmap = Dontunmap::whole_area,
    .mremap_count = MremapCount::late,
    .uffd_copy = UffdCopy::merges,
    .dofork = Dofork::io,
    .source_charge = FailedCharge::kept,
    .move_charge = FailedCharge::kept,
    .tail_charge = FailedCharge::kept,
    .second_merge = true,
    .second_merge_of = SecondMerge::existing_range,
    .set_file = SpareReference::dropped,
};

// Private mappings of files have a second offset there (vma_start_anon_pgoff() in mm/vma.c), which
// must continue as well. It is the page number until memory moves, so that no operation that this
// profile has shows it.
inline constexpr Profile linux_7_3_profile = {
    .name = "linux-7.3",
    .source = "Linux 7.3.4, from its source",
    .maximal = false,
    .atomic = false,
    .fault_identity = true,
    .count_limit = true,
    .close_hooks = true,
    .fault_rule = FaultRule::unforked,
    .prepare_hooks = true,
    .ksm_flag = KsmFlag::early,
    .mremap_order = MremapOrder::checked_first,
    .uffd_unregister = UnregisterBy::owner,
    .uffd_wp = UffdWp::stays,
    .stack_charge = StackCharge::all,
    .replaced_charge = FailedCharge::returned,
    .prepare_charge = FailedCharge::returned,
    .guard_regions = true,
    .guard_flag = true,
    .multi_move = true,
    .dontunmap = Dontunmap::range,
    .mremap_count = MremapCount::early,
    .uffd_copy = UffdCopy::alone,
    .dofork = Dofork::special,
    .source_charge = FailedCharge::kept,
    .move_charge = FailedCharge::returned,
    .tail_charge = FailedCharge::returned,
    .second_merge = false,
    .second_merge_of = SecondMerge::existing_range,
    .set_file = SpareReference::kept,
};

// The place of a profile here is its number in the binary form: new ones come last.
inline constexpr std::array<const Profile*, 5> all_profiles = {
    &canonical_profile,  &linux_6_18_profile, &linux_6_12_profile,
    &linux_6_15_profile, &linux_7_3_profile,
};

// One of the list.
constexpr const Profile* find_listed_profile(std::string_view name) {
    for (const Profile* profile : all_profiles) {
        if (profile->name == name) return profile;
    }
    return nullptr;
}

// A member of Profile as users write it. Value 0 is that of a false bool and of the first
// enumerator.
struct ProfileSwitch {
    std::string_view name;
    std::array<std::string_view, 2> values;
    std::string_view says;  // What the second value means beside the first.
    std::size_t (*value)(const Profile& profile);
    void (*set)(Profile& profile, std::size_t value);
};

// All of them. The place of a switch is its bit in a SwitchMask and in the binary form: new ones
// come last.
std::span<const ProfileSwitch> profile_switches();
inline constexpr std::size_t profile_switches_max = 29;
using SwitchMask = std::uint32_t;

// The profile of the list that `profile` started from, and the switches in which they differ.
const Profile& base_of(const Profile& profile);
SwitchMask switches_of(const Profile& profile);

// Why these switches cannot be those of one profile; empty if they can. What `maximal` and `atomic`
// promise leaves no room for most of the rest.
std::string_view contradiction_in(const Profile& profile);

// The profile with all switches of `wanted`, whose name does not matter, based on `base`. It is one
// object for as long as the process runs, so that equal worlds point to the same profile; `base`
// itself if nothing differs. `wanted` is without contradiction.
const Profile& profile_like(const Profile& base, const Profile& wanted);
// The same with those switches of `base` turned over that are in `turned`; null if that is a
// contradiction or no switch.
const Profile* profile_with(const Profile& base, SwitchMask turned);

// By its name: NAME, or NAME,SWITCH:VALUE,...; null if there is no such profile.
const Profile* find_profile(std::string_view name);

// What a profile repeats of its kernel although nobody wants it: one value of a switch.
struct KnownDefect {
    std::string_view name;  // That of the switch.
    std::size_t wrong;      // The value.
    std::string_view says;
    std::string_view program;  // Of corpus/cases: it shows the defect.
};
std::span<const KnownDefect> known_defects();
[[nodiscard]] bool has_defect(const Profile& profile, const KnownDefect& defect);

// The same rules without the known defects.
[[nodiscard]] const Profile& without_defects(const Profile& profile);

}  // namespace vmacheck
