// The entry points that merge areas, or split them where they cannot.
//
// In the pictures a letter is an area, a dot is a hole, and one row is the list before or after.
#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {
namespace {

// Whether a merge must not remove an area of this file: nobody would call its close hook.
bool must_be_closed(const Call& call, FileId file) {
    return call.world.has_close_hook(file);
}

// Where memory is short for a merge. An area that grows and has no identity is linked to the one
// that it takes over before anything else (dup_anon_vma).
bool lacks_memory(Call& call, const Attributes& grows, bool brings_identity) {
    const bool links = grows.fault.none() && brings_identity;
    return (links && call.fails(Stage::anon)) || call.fails(Stage::merge);
}

}  // namespace

// Which neighbours a new range joins. What lies on its pages is looked through, so that the answer
// is the same before and after it has gone. The area `apart` is none of them.
AddressSpace::Sides AddressSpace::new_range_sides(const Call& call, const Vma& vma,
                                                  Cursor apart) const {
    const Cursor at_start = vmas_.find(vma.start);
    const bool cuts_start = at_start != vmas_.end() && vmas_.at(at_start).cut_by(vma.start);
    const Cursor prev = cuts_start ? at_start : vmas_.before(at_start);
    const Cursor next = vmas_.find(vma.end);

    Sides sides;
    Vma left;
    if (!prev.none() && prev != apart) {
        left = vmas_.at(prev);
        if (cuts_start) left = left.part(left.start, vma.start);
        sides.left = can_merge(*call.world.profile, left, vma, RangeSide::right);
    }
    if (next == vmas_.end() || next == apart) return sides;
    Vma right = vmas_.at(next);
    if (right.cut_by(vma.end)) right = right.part(vma.end, right.end);
    sides.right = can_merge(*call.world.profile, vma, right, RangeSide::left);

    if (!sides.left || !sides.right) return sides;
    // On both sides: left comes first if they do not fit each other, or if right may not go.
    sides.right = can_meet(left, right) && !must_be_closed(call, right.attributes.file);
    return sides;
}

// With N the new range:
//
//     pages   01234567        pages   01234567
//     before  AANN.BB.   ->   after   AAAA.BB.      left
//     before  AA..NBB.   ->   after   AA..BBB.      right: the offset of B goes down
//     before  AANNNBB.   ->   after   AAAAAAA.      both: B goes
Cursor AddressSpace::vma_merge_new_range(Call& call, const Vma& vma, Cursor apart) {
    CHECK(!any_mapped(vma.range()));
    const Sides sides = new_range_sides(call, vma, apart);
    if (!sides.left && !sides.right) return Cursor();

    const Cursor next = vmas_.find(vma.end);
    const Cursor grown = sides.left ? vmas_.before(next) : next;
    const bool swallows = sides.left && sides.right;
    const bool brings_identity =
        !vma.attributes.fault.none() || (swallows && !vmas_.at(next).attributes.fault.none());
    if (lacks_memory(call, vmas_.at(grown).attributes, brings_identity)) return Cursor();
    if (sides.left) {
        CHECK(!(sides.right && BUG(crash_on_three_way_merge)));
        const bool uncounts = sides.right && BUG(merge_size_underflow);
        const PageCount forgotten = uncounts ? vmas_.at(next).count() : PageCount{};
        expand(call, grown, vmas_.at(grown).start, sides.right ? vmas_.at(next).end : vma.end);
        counters_.total -= forgotten.value;
    } else {
        expand(call, grown, vma.start, vmas_.at(grown).end);
    }
    // A copy has a history already.
    Vma merged = vmas_.at(grown);
    adopt_sticky(merged.attributes, vma.attributes);
    vmas_.replace(grown, merged);
    adopt_fault(merged.attributes, vma.attributes);
    if (merged == vmas_.at(grown) || BUG(copied_identity_is_not_adopted)) return grown;
    vmas_.replace(grown, merged);
    return grown;
}

// With v the area and n the new pages:
//
//     pages   01234567        pages   01234567
//     before  .vvnnBB.   ->   after   .vvvvBB.      or, if B fits: .vvvvvv.
bool AddressSpace::vma_merge_extend(Call& call, Cursor vma, Page end) {
    Vma grown = vmas_.at(vma);
    CHECK(!any_mapped(range_between(grown.end, end)));
    grown.end = end;
    const bool special = grown.attributes.flags.has_any(special_flags);
    if (special && !call.world.profile->maximal) return false;

    const Cursor next = vmas_.next(vma);
    bool fits = false;
    if (next != vmas_.end() && vmas_.at(next).start == end) {
        const Attributes& behind = vmas_.at(next).attributes;
        // Its identity goes over to an area that has none, even if it came through a fork.
        if (behind.fault.none()) grown.attributes.forked = false;
        fits = can_merge(*call.world.profile, grown, vmas_.at(next), RangeSide::left) &&
               !must_be_closed(call, behind.file);
    }
    const bool brings_identity = fits && !vmas_.at(next).attributes.fault.none();
    if (lacks_memory(call, vmas_.at(vma).attributes, brings_identity)) return false;
    if (fits && !BUG(growing_area_does_not_merge)) end = vmas_.at(next).end;
    expand(call, vma, grown.start, end);
    return true;
}

AddressSpace::Sides AddressSpace::existing_range_sides(const Call& call, Cursor prev, Cursor middle,
                                                       PageRange range,
                                                       const Attributes& to) const {
    const Vma changed = vmas_.at(middle).with(to);
    const Cursor next = vmas_.next(middle);
    const bool has_prev = !prev.none() && prev != middle;
    const bool has_next = next != vmas_.end() && range.end() == changed.end;

    Sides sides;
    const Profile& rules = *call.world.profile;
    sides.left = has_prev && can_merge(rules, vmas_.at(prev), changed, RangeSide::right);
    sides.right = has_next && can_merge(rules, changed, vmas_.at(next), RangeSide::left);
    if (sides.left && sides.right) sides.right = can_meet(vmas_.at(prev), vmas_.at(next));

    const FileId file = changed.attributes.file;
    const bool covered = prev != middle && range.end() == changed.end;
    if (covered && (sides.left || sides.right) && must_be_closed(call, file) &&
        !BUG(removes_vma_that_has_close_hook)) {
        return Sides{};
    }
    return sides;
}

// With M the middle, m its pages in the range, P and N its neighbours:
//
//     pages   01234567        pages   01234567
//     before  PPmmmmNN   ->   after   PPPPPPPP      both
//     before  PPmmmmNN   ->   after   PPPPPPNN      left
//     before  PPmmMMNN   ->   after   PPPPMMNN      left, a part
//     before  PPmmmmNN   ->   after   PPMMMMMM      right: M lives on, in the place of N
//     before  PPMMmmNN   ->   after   PPMMNNNN      right, a part
AddressSpace::Outcome AddressSpace::vma_merge_existing_range(Call& call, Cursor prev, Cursor middle,
                                                             PageRange range,
                                                             const Attributes& to) {
    const Vma vma = vmas_.at(middle);
    const Sides sides = existing_range_sides(call, prev, middle, range, to);
    if (!sides.left && !sides.right) return {};

    const Cursor next = vmas_.next(middle);
    const bool swallows = sides.left && sides.right;
    const bool brings_identity =
        !vma.attributes.fault.none() || (swallows && !vmas_.at(next).attributes.fault.none());
    const Attributes& grows = vmas_.at(sides.left ? prev : next).attributes;
    if (lacks_memory(call, grows, brings_identity)) return {Errno::enomem, Cursor()};
    if (sides.left && sides.right) {
        CHECK(!BUG(crash_on_three_way_merge));
        expand(call, prev, vmas_.at(prev).start, vmas_.at(next).end);
        return {Errno::ok, prev};
    }
    if (sides.left) {
        if (range.end() == vma.end) {
            expand(call, prev, vmas_.at(prev).start, vma.end);
        } else {
            move_boundary(prev, range.end());
        }
        return {Errno::ok, prev};
    }
    if (range.start == vma.start) {
        expand(call, middle, vma.start, vmas_.at(next).end);
        return {Errno::ok, middle};
    }
    move_boundary(middle, range.start);
    return {Errno::ok, next};
}

// With x the range, none of its neighbours being like it:
//
//     pages   01234567        pages   01234567
//     before  .MMxxMM.   ->   after   .AAMMBB.      A is new below, B is new above
AddressSpace::Outcome AddressSpace::vma_modify(Call& call, Cursor prev, Cursor middle,
                                               PageRange range, const Attributes& to,
                                               MergeOom oom) {
    CHECK(oom == MergeOom::is_an_error || vmas_.at(middle).range() == range);
    CHECK(vmas_.at(middle).start <= range.start);
    CHECK(range.end() <= vmas_.at(middle).end);
    CHECK(!range.empty());
    const Attributes& old = vmas_.at(middle).attributes;
    // vma_replace_policy() copies a policy once more, behind the merge or the splits.
    const bool replaces = old.policy != to.policy || old.home_node != to.home_node;
    const bool copies_policy = replaces && to.policy != Policy::none;
    Outcome outcome = vma_merge_existing_range(call, prev, middle, range, to);
    const bool fails = outcome.error != Errno::ok && oom == MergeOom::is_an_error;
    if (fails && !BUG(failed_merge_consumes_preallocation)) return outcome;
    if (!outcome.vma.none()) {
        const Vma& merged = vmas_.at(outcome.vma);
        Attributes united = to;
        united.flags = united.flags | (merged.attributes.flags & sticky_flags);
        const bool holds_old_ones = merged != merged.with(united);
        if (holds_old_ones && BUG(case8_skips_attribute_update)) return outcome;
        set_attributes(outcome.vma, united);
        if (copies_policy && call.fails(Stage::policy)) return {Errno::enomem, Cursor()};
        return outcome;
    }
    if (vmas_.at(middle).start < range.start) {
        const Errno error = split_vma(call, middle, range.start, NewPiece::below);
        if (error != Errno::ok) return {error, Cursor()};
    }
    if (range.end() < vmas_.at(middle).end) {
        const Errno error = split_vma(call, middle, range.end(), NewPiece::above);
        if (error != Errno::ok) return {error, Cursor()};
    }
    if (copies_policy && call.fails(Stage::policy)) return {Errno::enomem, Cursor()};
    set_attributes(middle, to);
    const bool gave_up = outcome.error != Errno::ok;
    const Cursor next = vmas_.next(middle);
    const bool skips = gave_up && next != vmas_.end() && BUG(iterator_not_reset_after_merge_oom);
    return {Errno::ok, skips ? next : middle};
}

AddressSpace::Outcome AddressSpace::vma_modify_flags(Call& call, Cursor prev, Cursor middle,
                                                     PageRange range, Flags flags) {
    const AreaName same = vmas_.at(middle).attributes.name;
    return vma_modify_flags_name(call, prev, middle, range, flags, same);
}

AddressSpace::Outcome AddressSpace::vma_modify_flags_name(Call& call, Cursor prev, Cursor middle,
                                                          PageRange range, Flags flags,
                                                          AreaName name) {
    Attributes to = vmas_.at(middle).attributes;
    const bool renames = to.name != name;
    to.flags = flags;
    to.name = name;
    const Outcome outcome = vma_modify(call, prev, middle, range, to);
    if (!renames || outcome.error != Errno::ok) return outcome;
    // Who names an area writes its flags once more, as they were before the merge
    // (madvise_update_vma).
    Attributes named = vmas_.at(outcome.vma).attributes;
    named.flags = named.flags.without(sticky_flags) | (flags & sticky_flags);
    set_attributes(outcome.vma, named);
    return outcome;
}

AddressSpace::Outcome AddressSpace::vma_modify_policy(Call& call, Cursor prev, Cursor middle,
                                                      PageRange range, Policy policy,
                                                      bool home_node) {
    Attributes to = vmas_.at(middle).attributes;
    to.policy = policy;
    to.home_node = home_node;
    return vma_modify(call, prev, middle, range, to);
}

}  // namespace vmacheck::impl
