// brk, the growth of stacks, remap_file_pages, and the limits of a space.
//
// The break and a stack both move into a hole beside an area that is theirs. The break looks at
// that area alone, and merges with it; a stack only ever extends itself.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {

// Limits.

bool AddressSpace::may_expand_vm(const Call& call, Flags flags, PageCount pages) const {
    if (counters_.total + pages.value > call.world.address_space) return false;
    return !counts_as_data(flags) || counters_.data + pages.value <= call.world.data;
}

// mprotect asks only if the limits would let in what is there.
bool AddressSpace::may_become(const Call& call, Flags from, Flags to, PageCount pages) const {
    const bool asks = to.has(Flag::write) && may_expand_vm(call, from, pages);
    return !asks || may_expand_vm(call, to, pages);
}

// The heap.

Errno AddressSpace::run(Call& call, const Brk& op) {
    const World& world = call.world;
    if (op.to < world.heap || op.to.value > world.pages.value) return Errno::enomem;
    if ((op.to - world.heap).value > world.data) return Errno::enomem;
    if (op.to == brk_) return Errno::ok;
    const Errno error = op.to < brk_ ? shrink_brk(call, range_between(op.to, brk_))
                                     : do_brk_flags(call, range_between(brk_, op.to));
    // The kernel answers the old break, and no reason.
    if (error != Errno::ok) return Errno::enomem;
    brk_ = op.to;
    return Errno::ok;
}

Errno AddressSpace::shrink_brk(Call& call, PageRange range) {
    const bool found = any_mapped(range);
    CHECK(found || !BUG(brk_assumes_heap_vma_exists));
    return found ? run(call, Munmap{range}) : Errno::enomem;
}

// The heap keeps a page free behind it, and what a stack may need below it. Only the next area is
// looked at.
bool AddressSpace::has_room_for_brk(Page end) const {
    const Cursor next = vmas_.find(brk_);
    if (next == vmas_.end()) return true;
    const bool grows = counts_as_stack(vmas_.at(next).attributes.flags);
    const PageCount gap = grows ? stack_guard_gap : PageCount{};
    return vmas_.at(next).start >= end + PageCount{1} + gap;
}

// With h the heap, P an area before its start, and n the new pages:
//
//     pages   01234567        pages   01234567
//     before  ..hhnn..   ->   after   ..hhhh..      the heap fits what is new
//     before  PPnn....   ->   after   PPhh....      the heap starts there: P is not asked
Errno AddressSpace::do_brk_flags(Call& call, PageRange range) {
    const World& world = call.world;
    Vma vma{range.start, range.end(), {}};
    Flags& flags = vma.attributes.flags;
    flags = read_write_flags | may_access_flags | Flag::account | def_flags_;
    vma.attributes.pgoff = range.start.value;
    const bool locked = flags.has(Flag::locked);
    if (locked && counters_.locked + range.count.value > world.memlock) return Errno::enomem;
    if (!has_room_for_brk(range.end())) return Errno::enomem;
    if (!may_expand_vm(call, flags, range.count)) return Errno::enomem;
    const bool limited = world.profile->count_limit;
    if (limited && counters_.map_count > world.max_map_count) return Errno::enomem;
    if (call.fails(Stage::charge)) return Errno::enomem;

    const bool early = world.profile->ksm_flag == KsmFlag::early;
    if (memory_merge_ && early) flags = flags | Flag::mergeable;
    const Cursor prev = vmas_.before(vmas_.find(range.start));
    const bool asks_prev =
        !prev.none() && vmas_.at(prev).end == range.start &&
        (range.start > world.heap || world.profile->maximal || BUG(heap_joins_what_is_before_it));
    const bool fits = asks_prev && can_merge(*world.profile, vmas_.at(prev), vma, RangeSide::right);
    const bool atomic = call.atomic();
    if (fits) {
        if (!atomic && call.fails(Stage::merge)) return Errno::enomem;
        expand(call, prev, vmas_.at(prev).start, range.end());
    } else {
        if (call.fails(Stage::allocation)) {
            if (BUG(charge_not_undone_on_late_failure)) call.ledger.charge_for_good(range.count);
            return Errno::enomem;
        }
        if (memory_merge_) flags = flags | Flag::mergeable;
        insert_vma(call, vmas_.find(range.start), vma);
    }
    call.ledger.charge(range.count);
    if (!locked) return Errno::ok;
    const Errno ignored = mm_populate(call, range, true);
    static_cast<void>(ignored);
    return Errno::ok;
}

// Stacks.

// What lies below may be another stack, or what nobody can access; all else keeps its distance.
bool AddressSpace::keeps_stack_guard_gap(Cursor vma, Page page) const {
    const Cursor prev = vmas_.before(vma);
    if (prev.none()) return true;
    const Vma& below = vmas_.at(prev);
    const bool no_matter =
        counts_as_stack(below.attributes.flags) || !below.attributes.flags.has_any(access_flags);
    return no_matter || page - below.end >= stack_guard_gap;
}

bool AddressSpace::acct_stack_growth(Call& call, const Vma& vma, PageCount grow) {
    const Flags flags = vma.attributes.flags;
    if (!may_expand_vm(call, flags, grow)) return false;
    if ((vma.count().value + grow.value) > call.world.stack) return false;
    const bool locked = flags.has(Flag::locked);
    if (locked && counters_.locked + grow.value > call.world.memlock) return false;
    const bool accounted = flags.has(Flag::account);
    if (!accounted && call.world.profile->stack_charge == StackCharge::accounted) return true;
    if (call.fails(Stage::charge)) return false;
    if (accounted)
        call.ledger.charge(grow);
    else
        call.ledger.charge_for_good(grow);
    return true;
}

// The stack `vma`, to which `page` does not belong yet, grows down to it; nothing if it cannot.
//
//     pages   01234567        pages   01234567
//     before  SS....TT   ->   after   SSTTTTTT      to page 2: S and T touch, and stay two
Cursor AddressSpace::expand_downwards(Call& call, Cursor vma, Page page) {
    const Vma& found = vmas_.at(vma);
    const PageCount grow = found.start - page;
    const bool grows = counts_as_stack(found.attributes.flags) && !call.world.profile->maximal;
    if (!grows || !keeps_stack_guard_gap(vma, page)) return Cursor();
    if (call.fails(Stage::allocation)) return Cursor();
    anon_vma_prepare(call, vma);
    if (!acct_stack_growth(call, vmas_.at(vma), grow)) return Cursor();
    expand(call, vma, page, vmas_.at(vma).end);
    const Cursor prev = vmas_.before(vma);
    const bool touches = !prev.none() && vmas_.at(prev).end == page;
    if (touches &&
        can_merge(*call.world.profile, vmas_.at(prev), vmas_.at(vma), RangeSide::right) &&
        BUG(grown_stack_merges)) {
        expand(call, prev, vmas_.at(prev).start, vmas_.at(vma).end);
        return prev;
    }
    return vma;
}

// File pages.

Errno AddressSpace::run(Call& call, const RemapFilePages& op) {
    if (op.range.empty() || has_gap(op.range)) return Errno::einval;
    const Cursor first = vmas_.find(op.range.start);
    const Attributes old = vmas_.at(first).attributes;
    if (!old.flags.has(Flag::shared)) return Errno::einval;
    Cursor vma = first;
    for (; vma != vmas_.end() && vmas_.at(vma).start < op.range.end(); vma = vmas_.next(vma)) {
        const Attributes& other = vmas_.at(vma).attributes;
        if (other.file != old.file || other.flags != old.flags) return Errno::einval;
    }
    if (vma == vmas_.end() && BUG(range_walk_ends_with_null_cursor)) return Errno::einval;
    Mmap again;
    again.range = op.range;
    again.prot.flags = old.flags & access_flags;
    again.backing = {old.file, op.offset.value};
    again.sharing = Sharing::is_shared;
    again.placement = Placement::fixed;
    again.populate = old.flags.has(Flag::locked) ? Populate::locked : Populate::populate;
    // Nothing else may hold the file while its old pages go.
    call.ledger.hold(old);
    const Errno error = run(call, again);
    call.ledger.drop(old);
    return error;
}

}  // namespace vmacheck::impl
