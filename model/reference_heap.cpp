// The reference's heap, stacks and limits (Linux: brk() and remap_file_pages() in mm/mmap.c,
// do_brk_flags(), expand_downwards() and may_expand_vm() in mm/vma.c of 7.3.4; all of them in
// mm/mmap.c of 6.12.117).
#include "model/reference_walk.h"

namespace vmacheck {
namespace {

// is_data_mapping()
bool is_data(Flags flags) {
    return flags.has(Flag::write) && !flags.has_any(Flag::shared | Flag::grows_down);
}

}  // namespace

// Whether so many pages more with these flags are within RLIMIT_AS and RLIMIT_DATA.
bool Reference::may_expand(Flags flags, PageCount pages) const {
    if (world_->address_space == no_limit && world_->data == no_limit) return true;
    Census census;
    count(census);
    const SpaceCounters& space = census.spaces[space_.value];
    if (space.total + pages.value > world_->address_space) return false;
    return !is_data(flags) || space.data + pages.value <= world_->data;
}

// Memory that becomes data is within RLIMIT_DATA (mprotect_fixup()). Where nothing more may be
// mapped at all that is not asked.
bool Reference::may_become(Flags from, Flags to, PageCount pages) const {
    if (!to.has(Flag::write)) return true;
    return may_expand(to, pages) || !may_expand(from, pages);
}

// brk() answers the old break instead of an error; here that is ENOMEM, whatever the reason.
Errno Reference::run(const Brk& op) {
    Page& end = heap_end_[space_.value];
    if (op.to < world_->heap || op.to.value > world_->pages.value) return Errno::enomem;
    if ((op.to - world_->heap).value > world_->data) return Errno::enomem;
    if (op.to == end) return Errno::ok;
    const Errno error = op.to < end ? shrink_heap({layout_.index(op.to), layout_.index(end)})
                                    : grow_heap({layout_.index(end), layout_.index(op.to)});
    if (error != Errno::ok) return Errno::enomem;
    end = op.to;
    return Errno::ok;
}

// Whatever is mapped there goes, but something must be.
Errno Reference::shrink_heap(Piece piece) {
    if (!any_mapped(piece)) return Errno::enomem;
    return unmap(piece);
}

// Only the area that ends at the old break is looked at; and none if that is where the heap starts.
Errno Reference::grow_heap(Piece piece) {
    const PageCount added = layout_.start(piece.end) - layout_.start(piece.start);
    Attributes first;
    first.pgoff = layout_.start(piece.start).value;
    first.flags = read_write_flags | may_access_flags | Flag::account | future_locks_[space_.value];
    const bool locks = first.flags.has(Flag::locked);
    if (locks && locked_vm() + added.value > world_->memlock) return Errno::enomem;
    if (!heap_is_free_to(layout_.start(piece.end))) return Errno::enomem;
    if (!may_expand(first.flags, added)) return Errno::enomem;
    if (world_->profile->count_limit && map_count() > world_->max_map_count) return Errno::enomem;
    if (log_->fails(Stage::charge)) return Errno::enomem;

    const bool maximal = world_->profile->maximal;
    const bool late = world_->profile->ksm_flag == KsmFlag::late;
    if (memory_merge_[space_.value] && !late) first.flags = first.flags | Flag::mergeable;
    const bool at_start = layout_.start(piece.start) == world_->heap && !maximal;
    const Refusal left = at_start ? Refusal::no_neighbour : refusal_before(piece, first);
    count_refusal(left);
    if (left == Refusal::none) {
        if (!world_->profile->atomic && log_->fails(Stage::merge)) return Errno::enomem;
        cases_->hit(CaseKind::merge_left);
        write_pages(piece, first);
        join(piece.start);
    } else {
        if (log_->fails(Stage::allocation)) return Errno::enomem;
        if (memory_merge_[space_.value] && late) first.flags = first.flags | Flag::mergeable;
        write_pages(piece, first);
        Seam seam = seam_of(left) == Seam::none ? Seam::flags_after_merge : seam_of(left);
        if (at_start) seam = Seam::heap_start;
        record_seam(piece.start, seam);
    }
    if (locks) populate_all(piece);
    return Errno::ok;
}

// The pages behind the old break, one more than the heap gets, and the gap below a stack. Only the
// first area there is asked.
bool Reference::heap_is_free_to(Page to) const {
    std::size_t next = layout_.index(heap_end_[space_.value]);
    while (next < layout_.count() && !mapped(next)) ++next;
    if (next == layout_.count()) return true;
    const bool stack = cells()[next].attributes.flags.has(Flag::grows_down);
    const PageCount gap{1 + (stack ? stack_guard_gap.value : 0)};
    return to + gap <= layout_.start(next);
}

// A fault at `cell`, where nothing is mapped: the stack above grows down to it, keeping away from
// what can be accessed below it. It never merges, and it gets its identity even if it fails.
//
//     pages   01234567                   01234567
//     before  A.....BB   fault at 4  ->  A...BBBB
bool Reference::expand_stack(std::size_t cell) {
    // The other pages of an access may fail, and what fails would have changed something.
    if (world_->profile->maximal) return false;
    std::size_t start = cell;
    while (start < layout_.count() && !mapped(start)) ++start;
    if (start == layout_.count()) return false;
    if (!cells()[start].attributes.flags.has(Flag::grows_down)) return false;
    std::size_t below = cell;
    while (below > 0 && !mapped(below - 1)) --below;
    if (below > 0) {
        const Flags flags = cells()[below - 1].attributes.flags;
        const bool in_the_way = !flags.has(Flag::grows_down) && flags.has_any(access_flags);
        if (in_the_way && layout_.start(cell) - layout_.start(below) < stack_guard_gap)
            return false;
    }
    if (log_->fails(Stage::allocation)) return false;
    if (world_->profile->fault_identity && cells()[start].attributes.fault.none()) {
        const FaultId identity = choose_identity(start);
        const std::size_t end = area_end(start);
        for (std::size_t own = start; own < end; ++own) cells()[own].attributes.fault = identity;
    }
    const PageCount added = layout_.start(start) - layout_.start(cell);
    if (refusal_of_growth({start, area_end(start)}, added) != Errno::ok) return false;
    // Only what is accounted for gives its charge back when it goes.
    const bool accounted = cells()[start].attributes.flags.has(Flag::account);
    const bool charges_all = world_->profile->stack_charge == StackCharge::all;
    if ((accounted || charges_all) && log_->fails(Stage::charge)) return false;
    if (charges_all && !accounted) stray_committed_ += added.value;

    Attributes first = cells()[start].attributes;
    first.pgoff -= added.value;
    write_pages({cell, start}, first);
    cells()[start].boundary = false;
    cells()[start].seam = Seam::none;
    record_seam(cell, Seam::stack_growth);
    return true;
}

// acct_stack_growth(), but for the charge. The offset of a stack that moved may fall below that of
// page 0, for the world is a window: it is a number like any other, modulo 2^64.
Errno Reference::refusal_of_growth(Piece area, PageCount added) const {
    const Attributes& first = cells()[area.start].attributes;
    const PageCount size = layout_.start(area.end) - layout_.start(area.start);
    if (!may_expand(first.flags, added)) return Errno::enomem;
    if (size.value + added.value > world_->stack) return Errno::enomem;
    const bool locks = first.flags.has(Flag::locked);
    return locks && locked_vm() + added.value > world_->memlock ? Errno::enomem : Errno::ok;
}

// A shared mapping of one file, all of it alike, is mapped anew from another offset on. What else
// was said about it (advice, a policy) is lost.
Errno Reference::run(const RemapFilePages& op) {
    if (op.range.empty() || has_hole(op.range)) return Errno::einval;
    const Piece piece = inside_world(op.range);
    const Attributes first = cells()[piece.start].attributes;
    if (!first.flags.has(Flag::shared)) return Errno::einval;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        const Attributes& at = cells()[cell].attributes;
        if (at.file != first.file || at.flags != first.flags) return Errno::einval;
    }
    Mmap mmap;
    mmap.range = op.range;
    mmap.prot.flags = first.flags & access_flags;
    mmap.backing = {first.file, op.offset.value};
    mmap.sharing = Sharing::is_shared;
    mmap.placement = Placement::fixed;
    mmap.populate = first.flags.has(Flag::locked) ? Populate::locked : Populate::populate;
    return run(mmap);
}

}  // namespace vmacheck
