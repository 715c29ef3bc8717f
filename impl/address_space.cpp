// Where boundaries move, and the splits that stand on that.
//
// In the pictures a letter is an area, a dot is a hole, and one row is the list before or after.
#include "impl/address_space.h"

#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {

void AddressSpace::create(SpaceId id, Page heap, bool memory_merge) {
    id_ = id;
    brk_ = heap;
    vmas_.clear();
    guards_.clear();
    counters_ = SpaceCounters{};
    stray_locked_ = 0;
    def_flags_ = {};
    memory_merge_ = memory_merge;
}

void AddressSpace::add_initial(Call& call, const InitialArea& area) {
    Vma vma{area.range.start, area.range.end(), call.world.complete(area.attributes)};
    if (!call.world.profile->fault_identity) {
        vma.attributes.fault = FaultId{};
        vma.attributes.forked = false;
    }
    call.ledger.admit(vma.attributes);
    if (vma.attributes.flags.has(Flag::account)) call.ledger.charge(vma.count());
    insert_vma(call, vmas_.find(vma.start), vma);
}

void AddressSpace::merge_all(Call& call) {
    if (vmas_.size() == 0) return;
    TurnBound turns = bound();
    Cursor vma = vmas_.first();
    for (Cursor next = vmas_.next(vma); next != vmas_.end(); next = vmas_.next(vma)) {
        turns.turn();
        if (can_merge(*call.world.profile, vmas_.at(vma), vmas_.at(next), RangeSide::right)) {
            expand(call, vma, vmas_.at(vma).start, vmas_.at(next).end);
        } else {
            vma = next;
        }
    }
}

void AddressSpace::observe(SpaceView& view) const {
    view.counters = counters_;
    view.counters.brk = brk_.value;
    view.areas.clear();
    for (Cursor vma = vmas_.first(); vma != vmas_.end(); vma = vmas_.next(vma)) {
        view.areas.push_back({vmas_.at(vma).range(), vmas_.at(vma).attributes});
    }
}

// Counters.

void AddressSpace::count_pages(Flags flags, PageCount pages) {
    counters_.total += pages.value;
    if (counts_as_exec(flags)) counters_.exec += pages.value;
    if (counts_as_data(flags)) counters_.data += pages.value;
    if (counts_as_stack(flags)) counters_.stack += pages.value;
    if (flags.has(Flag::locked)) counters_.locked += pages.value;
}

void AddressSpace::uncount_pages(Flags flags, PageCount pages) {
    CHECK(counters_.total >= pages.value);
    counters_.total -= pages.value;
    if (counts_as_exec(flags)) counters_.exec -= pages.value;
    if (counts_as_data(flags)) counters_.data -= pages.value;
    if (counts_as_stack(flags)) counters_.stack -= pages.value;
    if (flags.has(Flag::locked)) counters_.locked -= pages.value;
}

void AddressSpace::set_attributes(Cursor vma, const Attributes& to) {
    const Vma changed = vmas_.at(vma).with(to);
    uncount_pages(vmas_.at(vma).attributes.flags, changed.count());
    count_pages(to.flags, changed.count());
    vmas_.replace(vma, changed);
}

// Boundaries.

// A new boundary. Returns the lower piece.
//
//     pages   01234567        pages   01234567
//     before  .AAAAAA.   ->   after   .AAABBB.      cut at 4; the offset of B is that of page 4
Cursor AddressSpace::cut(Call& call, Cursor vma, Page page) {
    const Vma whole = vmas_.at(vma);
    CHECK(whole.cut_by(page));
    Vma upper = whole.part(page, whole.end);
    if (BUG(split_keeps_parent_offset)) upper.attributes.pgoff = whole.attributes.pgoff;
    vmas_.replace(vma, whole.part(whole.start, page));
    vmas_.insert(vmas_.next(vma), upper);
    ++counters_.map_count;
    call.ledger.hold(upper.attributes);
    return vma;
}

// `target` grows over free pages around it and over the areas behind it that end up inside; these
// go. Their pages, and the free ones, take the attributes of the target.
//
//     pages   01234567        pages   01234567
//     before  .AAA.BB.   ->   after   .AAAAAA.      target A, start 1, end 7
//     before  ..BBB...   ->   after   BBBBB...      target B, start 0, end 5: its offset goes down
//     by 2
void AddressSpace::expand(Call& call, Cursor target, Page start, Page end) {
    Vma grown = vmas_.at(target);
    CHECK(start <= grown.start);
    CHECK(end >= grown.end);
    uncount_pages(grown.attributes.flags, grown.count());

    const Cursor behind = vmas_.next(target);
    Cursor last = behind;
    for (; last != vmas_.end() && vmas_.at(last).start < end; last = vmas_.next(last)) {
        const Vma& swallowed = vmas_.at(last);
        CHECK(swallowed.end <= end);
        adopt_fault(grown.attributes, swallowed.attributes);
        adopt_sticky(grown.attributes, swallowed.attributes);
        uncount_pages(swallowed.attributes.flags, swallowed.count());
        call.ledger.drop(swallowed.attributes);
        --counters_.map_count;
    }
    vmas_.erase(behind, last);

    if (start < grown.start && !BUG(merge_down_keeps_old_pgoff)) {
        grown.attributes.pgoff -= (grown.start - start).value;
    }
    grown.start = start;
    grown.end = end;
    count_pages(grown.attributes.flags, grown.count());
    vmas_.replace(target, grown);
}

// The boundary between `left` and the next area, which it touches, moves to `page`. The pages
// between take the attributes of the area they come to.
//
//     pages   01234567        pages   01234567
//     before  AABBBB..   ->   after   AAAABB..      to 4: the offset of B goes up by 2
//     before  AAAABB..   ->   after   AABBBB..      to 2: the offset of B goes down by 2
void AddressSpace::move_boundary(Cursor left, Page page) {
    const Cursor right = vmas_.next(left);
    Vma lower = vmas_.at(left);
    Vma upper = vmas_.at(right);
    CHECK(lower.end == upper.start);
    CHECK(lower.start < page);
    CHECK(page < upper.end);
    uncount_pages(lower.attributes.flags, lower.count());
    uncount_pages(upper.attributes.flags, upper.count());

    const bool grows_down = page < upper.start;
    if (grows_down) {
        adopt_fault(upper.attributes, lower.attributes);
        adopt_sticky(upper.attributes, lower.attributes);
        if (!BUG(merge_down_keeps_old_pgoff)) upper.attributes.pgoff -= (upper.start - page).value;
    } else {
        adopt_fault(lower.attributes, upper.attributes);
        adopt_sticky(lower.attributes, upper.attributes);
        upper.attributes.pgoff += (page - upper.start).value;
    }
    lower.end = page;
    upper.start = page;

    count_pages(lower.attributes.flags, lower.count());
    count_pages(upper.attributes.flags, upper.count());
    vmas_.replace(left, lower);
    vmas_.replace(right, upper);
}

// The areas of `range`, whose ends cut none, go.
//
//     pages   01234567        pages   01234567
//     before  AABB.CDD   ->   after   AA....DD      pages 2 to 5
void AddressSpace::remove_range(Call& call, PageRange range) {
    const Cursor first = vmas_.find(range.start);
    Cursor last = first;
    for (; last != vmas_.end() && vmas_.at(last).start < range.end(); last = vmas_.next(last)) {
        const Vma& vma = vmas_.at(last);
        CHECK(vma.start >= range.start);
        CHECK(vma.end <= range.end());
        if (call.world.has_close_hook(vma.attributes.file)) {
            call.log.call_close(id_, vma.attributes.file, vma.range());
        }
        if (vma.attributes.flags.has(Flag::account)) call.ledger.uncharge(vma.count());
        uncount_pages(vma.attributes.flags, vma.count());
        call.ledger.drop(vma.attributes);
        --counters_.map_count;
    }
    vmas_.erase(first, last);
    if (guards_.first_in(range) && BUG(unmapping_leaves_guards)) return;
    guards_.remove(range);
}

// A new area on free pages. Its charge is the caller's affair.
Cursor AddressSpace::insert_vma(Call& call, Cursor place, const Vma& vma) {
    CHECK(place == vmas_.end() || vma.end <= vmas_.at(place).start);
    ++counters_.map_count;
    count_pages(vma.attributes.flags, vma.count());
    call.ledger.hold(vma.attributes);
    return vmas_.insert(place, vma);
}

// Splits.

Errno AddressSpace::split_vma(Call& call, Cursor& vma, Page page, NewPiece new_piece) {
    CHECK(vmas_.at(vma).cut_by(page));
    if (call.world.profile->count_limit && counters_.map_count >= call.world.max_map_count) {
        return Errno::enomem;
    }
    return split_vma_unlimited(call, vma, page, new_piece);
}

// munmap takes away more than it splits, so that it may pass the limit for a moment (__split_vma).
Errno AddressSpace::split_vma_unlimited(Call& call, Cursor& vma, Page page, NewPiece new_piece) {
    const FileId file = vmas_.at(vma).attributes.file;
    const bool has_hooks = call.world.has_close_hook(file);
    const Errno refused = refusal_of_split(call, vmas_.at(vma).attributes);
    if (refused != Errno::ok) {
        const Stage stage = call.log.struck_at();
        const bool half = has_hooks && (stage == Stage::policy || stage == Stage::anon);
        const PageRange rest{page, PageCount{1}};
        if (half && BUG(half_split_close_hook_uncharges)) call.log.call_close(id_, file, rest);
        return refused;
    }
    BUG_ACTION(out_of_bounds_write, write_past_the_end());
    const Cursor lower = cut(call, vma, page);
    const Cursor upper = vmas_.next(lower);
    const Vma& opened = vmas_.at(new_piece == NewPiece::below ? lower : upper);
    if (has_hooks) call.log.call_open(id_, opened.attributes.file, opened.range());
    vma = new_piece == NewPiece::below ? upper : lower;
    return Errno::ok;
}

}  // namespace vmacheck::impl
