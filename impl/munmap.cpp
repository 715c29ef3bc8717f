// munmap, and how mmap and mremap make room: what is in a range is cut at its ends and put aside,
// and then it goes.
#include "impl/address_space.h"
#include "impl/bugs.h"

namespace vmacheck::impl {

bool AddressSpace::any_mapped(PageRange range) const {
    const Cursor vma = vmas_.find(range.start);
    return vma != vmas_.end() && vmas_.at(vma).start < range.end();
}

bool AddressSpace::any_sealed(PageRange range) const {
    for (Cursor vma = vmas_.find(range.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        if (vmas_.at(vma).start >= range.end()) break;
        if (vmas_.at(vma).attributes.flags.has(Flag::sealed)) return true;
    }
    return false;
}

// One area that is cut at both ends leaves two: the only way in which unmapping adds an area.
bool AddressSpace::exceeds_limit_by_cut(const Call& call, PageRange range) const {
    if (!call.world.profile->count_limit) return false;
    const Vma& vma = vmas_.at(vmas_.find(range.start));
    if (counters_.map_count < call.world.max_map_count) return false;
    const bool cuts_start = vma.cut_by(range.start);
    const bool cuts_end = vma.cut_by(range.end());
    return (cuts_start && cuts_end) ||
           (cuts_start != cuts_end && BUG(temporary_over_limit_rejects_legal_unmap));
}

// Makes the areas of `range`, which is not free, end with it, and puts them aside one by one
// (vms_gather_munmap_vmas).
//
//     pages   01234567        pages   01234567
//     before  AAA.BBBB   ->   after   AAC.BBDD      pages 2 to 5; A and D are the new pieces
Errno AddressSpace::gather_range(Call& call, PageRange range) {
    CHECK(any_mapped(range));
    if (exceeds_limit_by_cut(call, range)) return Errno::enomem;

    Cursor first = vmas_.find(range.start);
    if (vmas_.at(first).cut_by(range.start)) {
        // What will not go need not be split.
        if (vmas_.at(first).attributes.flags.has(Flag::sealed)) return Errno::eperm;
        const Errno error = split_vma_unlimited(call, first, range.start, NewPiece::below);
        if (error != Errno::ok) return error;
    }
    for (Cursor vma = first; vma != vmas_.end(); vma = vmas_.next(vma)) {
        if (vmas_.at(vma).start >= range.end()) break;
        Errno error = Errno::ok;
        if (vmas_.at(vma).attributes.flags.has(Flag::sealed)) return Errno::eperm;
        if (vmas_.at(vma).cut_by(range.end()))
            error = split_vma_unlimited(call, vma, range.end(), NewPiece::above);
        // The list has room for the first one in itself.
        if (error == Errno::ok && vma != first && call.fails(Stage::detach)) error = Errno::enomem;
        if (error == Errno::ok) continue;
        if (vma != first && BUG(munmap_failure_leaves_detached_and_counters))
            remove_range(call, range_between(range.start, vmas_.at(vma).start));
        return error;
    }
    return Errno::ok;
}

// do_vmi_align_munmap(), of a range with areas.
Errno AddressSpace::unmap_range(Call& call, PageRange range) {
    if (call.atomic()) {
        const Errno error = pass_splits(call, range);
        if (error != Errno::ok) return error;
        call.committing = true;
        cut_ends(call, range);
    } else {
        const Errno error = gather_range(call, range);
        if (error != Errno::ok) return error;
        if (call.fails(Stage::clear)) return Errno::enomem;
    }
    remove_range(call, range);
    return Errno::ok;
}

// What gather_range() would pass, without doing it.
Errno AddressSpace::pass_splits(Call& call, PageRange range) const {
    CHECK(any_mapped(range));
    if (exceeds_limit_by_cut(call, range)) return Errno::enomem;
    const Cursor first = vmas_.find(range.start);
    if (vmas_.at(first).cut_by(range.start)) {
        if (vmas_.at(first).attributes.flags.has(Flag::sealed)) return Errno::eperm;
        const Errno refused = refusal_of_split(call, vmas_.at(first).attributes);
        if (refused != Errno::ok) return refused;
    }
    if (any_sealed(range)) return Errno::eperm;
    const Cursor last = vmas_.find(range.end());
    if (last == vmas_.end() || !vmas_.at(last).cut_by(range.end())) return Errno::ok;
    return refusal_of_split(call, vmas_.at(last).attributes);
}

// What gather_range() does, when nothing can fail any more.
void AddressSpace::cut_ends(Call& call, PageRange range) {
    CHECK(call.committing);
    for (const Page page : {range.start, range.end()}) {
        const Cursor vma = vmas_.find(page);
        if (vma != vmas_.end() && vmas_.at(vma).cut_by(page)) cut(call, vma, page);
    }
}

Errno AddressSpace::run(Call& call, const Munmap& op) {
    if (op.range.empty()) return Errno::einval;
    if (op.range.end().value > call.world.pages.value) return Errno::einval;
    BUG_ACTION(leak, lose_memory());
    return any_mapped(op.range) ? unmap_range(call, op.range) : Errno::ok;
}

}  // namespace vmacheck::impl
