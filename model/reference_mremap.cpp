// The reference's mremap (Linux: mm/mremap.c; copy_vma() and vma_merge_extend() in mm/vma.c).
#include <algorithm>

#include "model/reference_move.h"
#include "model/reference_walk.h"

namespace vmacheck {
Errno Reference::run(const Mremap& op) {
    if (const Errno error = refusal_of_call(op); error != Errno::ok) return error;
    if (world_->profile->atomic) return remap_at_once(op);
    return moves_areas(op) ? move_areas(op) : remap_area(op);
}

// check_mremap_params(), and what do_mremap() of 7.3 and mremap() of 6.12 have beside it.
Errno Reference::refusal_of_call(const Mremap& op) const {
    const bool keeps = op.old_place == OldPlace::dont_unmap;
    if (op.to.empty()) return Errno::einval;
    if (keeps && (op.moving == Moving::stay || op.from.count != op.to.count)) return Errno::einval;
    // The older kernel looks at the area before it looks at the new place.
    const bool area_first = empties_first();
    if (!area_first && op.to.count > world_->pages) return Errno::einval;
    if (!area_first && is_bad_place(op)) return Errno::einval;
    if (world_->profile->mremap_count == MremapCount::early && no_room_for(4, keeps)) {
        return Errno::enomem;
    }
    if (area_first) {
        if (const Errno error = refusal_of_source(op); error != Errno::ok) return error;
        if (is_bad_place(op)) return Errno::einval;
    }
    // Two areas may be cut before the move, which asks again.
    const bool asks_late = world_->profile->mremap_count == MremapCount::late && names_place(op);
    return asks_late && no_room_for(6, false) ? Errno::enomem : Errno::ok;
}

// A profile `atomic` empties nothing before it has asked for everything.
bool Reference::empties_first() const {
    return world_->profile->mremap_order == MremapOrder::emptied_first && !world_->profile->atomic;
}

bool Reference::moves_areas(const Mremap& op) const {
    return only_moves(op) && world_->profile->multi_move;
}

bool Reference::is_bad_place(const Mremap& op) const {
    if (!names_place(op)) return false;
    if (op.to.end().value > world_->pages.value) return true;
    return op.from.end() > op.to.start && op.to.end() > op.from.start;
}

// Whether there cannot be so many areas more than there are, and one beside them for what is cut
// out before it loses its locks.
bool Reference::no_room_for(std::uint64_t more, bool cuts_first) const {
    const std::uint64_t areas = map_count() + more + (cuts_first ? 1U : 0U);
    return world_->profile->count_limit && areas > world_->max_map_count;
}

// remap_move(): area by area, with the holes between them; but not a hole at the start. What was
// moved before an error stays moved.
Errno Reference::move_areas(const Mremap& op) {
    Errno error = Errno::efault;
    for (const Mremap& part : parts_of(op)) {
        error = has_uffd(part) && part.from != op.from ? Errno::efault : remap_area(part);
        if (error != Errno::ok) return error;
    }
    return error;
}

// vma_multi_allowed(): what a userfaultfd watches moves alone or not at all.
bool Reference::has_uffd(const Mremap& part) const {
    return cells()[layout_.index(part.from.start)].attributes.uffd != UffdContext::none;
}

// The parts of `from` in single areas, each with its part of `to`. None if it starts with a hole.
std::vector<Mremap> Reference::parts_of(const Mremap& op) {
    std::vector<Mremap> parts;
    const Piece all = inside_world(op.from);
    if (!mapped(all.start)) return parts;
    for (std::size_t cell = all.start; cell < all.end;) {
        if (!mapped(cell)) {
            ++cell;
            continue;
        }
        const std::size_t end = std::min(area_end(cell), all.end);
        Mremap part = op;
        part.from = range_between(layout_.start(cell), layout_.start(end));
        part.to = {op.to.start + (part.from.start - op.from.start), part.from.count};
        parts.push_back(part);
        cell = end;
    }
    for (const Mremap& part : parts) {
        cut_cell(part.to.start);
        cut_cell(part.to.end());
    }
    return parts;
}

// Cells are no more than what the arrays are indexed by: two in place of one hold the same.
void Reference::cut_cell(Page page) {
    if (page.value >= world_->pages.value || layout_.cut_at(page)) return;
    const std::size_t cell = layout_.cut(page);
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        if (!exists_[number]) continue;
        std::vector<Cell>& cells = spaces_[number];
        Cell rest = cells[cell - 1];
        rest.attributes.pgoff += layout_.weight(cell - 1).value;
        rest.boundary = false;
        rest.seam = Seam::none;
        cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(cell), rest);
    }
}

// check_prep_vma(), its first half: what the older kernel asks, too, before anything is unmapped.
Errno Reference::refusal_of_source(const Mremap& op) const {
    if (op.from.start.value >= world_->pages.value) return Errno::efault;
    const std::size_t cell = layout_.index(op.from.start);
    if (!mapped(cell)) return Errno::efault;
    const bool sealed = cells()[cell].attributes.flags.has(Flag::sealed);
    return sealed ? Errno::eperm : Errno::ok;
}

// Its second half, which is vma_to_resize() there.
Errno Reference::refusal_of_size(const Mremap& op) const {
    if (!grows(op) && !names_place(op)) return Errno::ok;
    const std::size_t cell = layout_.index(op.from.start);
    const Flags flags = cells()[cell].attributes.flags;
    // Nothing of private memory cannot be mapped a second time.
    if (op.from.empty() && !flags.has_any(Flag::shared | Flag::may_share)) return Errno::einval;
    const bool is_fixed_size = flags.has_any(Flag::dont_expand | Flag::pfnmap);
    if (op.old_place == OldPlace::dont_unmap && is_fixed_size) return Errno::einval;
    // A tail that is cut off may be anything.
    const PageCount in_area = layout_.start(area_end(cell)) - op.from.start;
    if (std::min(op.from.count, op.to.count) > in_area) return Errno::efault;
    if (!grows(op)) return Errno::ok;
    if (is_fixed_size) return Errno::efault;
    const PageCount more = op.to.count - op.from.count;
    const bool locks = flags.has(Flag::locked);
    if (locks && locked_vm() + more.value > world_->memlock) return Errno::eagain;
    return may_expand(flags, more) ? Errno::ok : Errno::enomem;
}

Errno Reference::refusal_of_area(const Mremap& op) const {
    const Errno error = refusal_of_source(op);
    return error == Errno::ok ? refusal_of_size(op) : error;
}

Errno Reference::remap_area(const Mremap& op) {
    const bool size_later = empties_first() && names_place(op);
    const Errno refused = size_later ? refusal_of_source(op) : refusal_of_area(op);
    if (refused != Errno::ok) return refused;
    if (!names_place(op) && !grows(op)) {
        return op.from.count == op.to.count ? Errno::ok : run(Munmap{tail_of(op)});
    }
    const Flags flags = cells()[layout_.index(op.from.start)].attributes.flags;
    const bool in_place = can_grow_in_place(op);
    if (!in_place) {
        if (const Errno error = refusal_to_move(op); error != Errno::ok) return error;
    }
    const Errno error = in_place          ? grow_in_place(op)
                        : names_place(op) ? remap_to(op)
                                          : move_area(op);
    if (error != Errno::ok || !flags.has(Flag::locked) || !grows(op)) return error;
    const Page new_start = in_place ? op.from.start : op.to.start;
    const PageRange added = range_between(new_start + op.from.count, new_start + op.to.count);
    populate_all(inside_world(added));
    return Errno::ok;
}

// mremap_to(). What lay at the new place has gone, whatever comes of the move.
Errno Reference::remap_to(const Mremap& op) {
    if (op.moving == Moving::fixed) {
        if (const Errno error = run(Munmap{op.to}); error != Errno::ok) return error;
        if (!mapped(layout_.index(op.from.start))) return Errno::efault;
    }
    Mremap rest = op;
    PageCount tail;  // Charged for though it has gone.
    if (op.to.count < op.from.count) {
        if (const Errno error = run(Munmap{tail_of(op)}); error != Errno::ok) return error;
        rest.from.count = op.to.count;
        if (world_->profile->tail_charge == FailedCharge::kept) tail = op.from.count - op.to.count;
    }
    if (empties_first()) {
        if (const Errno error = refusal_of_size(rest); error != Errno::ok) return error;
    }
    // What stays behind is mapped beside its copy.
    const Flags flags = cells()[layout_.index(op.from.start)].attributes.flags;
    const bool stays = op.old_place == OldPlace::dont_unmap;
    if (stays && !may_expand(flags, op.from.count)) return Errno::enomem;
    if (!is_free(op.to)) return Errno::eexist;
    return move_area(rest, tail);
}

// vrm_can_expand_in_place(): to the end of its area, and the pages behind are free.
bool Reference::can_grow_in_place(const Mremap& op) const {
    if (names_place(op)) return false;
    const Page end = op.from.start + op.to.count;
    const std::size_t area = area_end(layout_.index(op.from.start));
    return layout_.start(area) == op.from.end() && end.value <= world_->pages.value &&
           is_free(range_between(op.from.end(), end));
}

// What cannot grow has to move: to a place that the kernel finds.
Errno Reference::refusal_to_move(const Mremap& op) const {
    if (names_place(op)) return Errno::ok;
    if (op.moving == Moving::stay || op.to.end().value > world_->pages.value) return Errno::enomem;
    return is_free(op.to) ? Errno::ok : Errno::eexist;
}

// expand_vma_in_place(): the new pages are a range that fits the area before it, and maybe the one
// behind.
Errno Reference::grow_in_place(const Mremap& op) {
    const Piece piece{layout_.index(op.from.end()), layout_.index(op.from.start + op.to.count)};
    Attributes first = cells()[layout_.index(op.from.start)].attributes;
    first.pgoff += op.from.count.value;
    if (first.flags.has(Flag::account) && log_->fails(Stage::charge)) return Errno::enomem;
    const Fit fit = fit_of_new_range(piece, first, Extends::prev);
    // To grow is to merge, which what is special does not.
    if (fit.left == Refusal::special) return Errno::enomem;
    if (lacks_memory(piece, first, fit)) return Errno::enomem;
    join_new_range(piece, first, fit);
    return Errno::ok;
}

// move_vma(): the pages are copied, and then unmapped where they were.
Errno Reference::move_area(const Mremap& op, PageCount tail) {
    // In the worst case the new area is one more, and the old one is cut in three.
    const bool early = world_->profile->mremap_count == MremapCount::early;
    const bool cuts_first = loses_locks(op);
    if (no_room_for(early ? 2 : 4, early && cuts_first)) return Errno::enomem;
    if (driver_refuses_cuts(op.from)) return Errno::einval;
    if (cuts_first && world_->profile->dontunmap == Dontunmap::range) {
        // What stays of the area keeps its locks.
        const Errno error = cut_to_change(inside_world(op.from));
        if (error != Errno::ok) return error;
    }
    const Attributes there = cells()[layout_.index(op.from.start)].attributes;
    if (const Errno error = copy_to(op, tail); error != Errno::ok) return error;
    const Piece copy{layout_.index(op.to.start), layout_.index(op.to.end())};
    // Without old pages there are none to move.
    if (!op.from.empty() && log_->fails(Stage::move)) {
        // The old place has everything back, and the new one goes.
        const Errno error = unmap(copy);
        CHECK(error == Errno::ok);  // Nothing fails twice, and there is room for the cuts.
        const bool keeps = world_->profile->move_charge == FailedCharge::kept;
        const bool moves = op.old_place == OldPlace::unmap;
        if (keeps && moves) {
            keep_charge(there, op.to.count - op.from.count);
            keep_charge(there, tail);
        }
        return Errno::enomem;
    }
    keep_charge(there, tail);
    forget_uffd(copy);
    move_guards({op.from.start, std::min(op.from.count, op.to.count)}, op.to.start);
    if (op.old_place == OldPlace::dont_unmap) {
        leave_old_place(op.from);
        return Errno::ok;
    }
    if (op.from.empty()) return Errno::ok;
    // If the old place cannot be unmapped it stays, empty; that is no failure of mremap.
    const Piece old{layout_.index(op.from.start), layout_.index(op.from.end())};
    const Piece area{area_start(old.start), area_end(old.start)};
    if (unmap(old) == Errno::ok) return Errno::ok;
    if (world_->profile->source_charge == FailedCharge::kept) forget_account(area);
    return Errno::ok;
}

// unmap_source_vma(): lest its charge go with the old place, nothing of that area is charged while
// it is unmapped. Where that fails it stays so, and the charge of all of it is nobody's any more.
void Reference::forget_account(Piece area) {
    for (std::size_t cell = area.start; cell < area.end; ++cell) {
        Flags& flags = cells()[cell].attributes.flags;
        if (flags.has(Flag::account)) stray_committed_ += layout_.weight(cell).value;
        flags = flags.without(Flag::account);
    }
    reconsider_seam(area.start, Seam::changed_by_move);
    reconsider_seam(area.end, Seam::changed_by_move);
}

// The driver is asked before anything is done, and again by the cuts themselves (prep_move_vma()).
bool Reference::driver_refuses_cuts(PageRange range) {
    const std::size_t cell = layout_.index(range.start);
    if (!world_->may_refuse_split(cells()[cell].attributes.file)) return false;
    const PageRange area =
        range_between(layout_.start(area_start(cell)), layout_.start(area_end(cell)));
    return (area.start != range.start && log_->fails(Stage::may_split)) ||
           (area.end() != range.end() && log_->fails(Stage::may_split));
}

// Locked memory that stays behind, and must not stay locked.
bool Reference::loses_locks(const Mremap& op) const {
    const Flags flags = cells()[layout_.index(op.from.start)].attributes.flags;
    return op.old_place == OldPlace::dont_unmap && flags.has(Flag::locked);
}

// copy_vma(): a new range with the attributes and the history of the old one.
Errno Reference::copy_to(const Mremap& op, PageCount tail) {
    Attributes first = moved_to(op.to.start, cells()[layout_.index(op.from.start)].attributes);
    const bool asks_again = tail > PageCount{0} && first.flags.has(Flag::account);
    const bool asks = asks_again || asks_for_charge(op, first);
    if (asks && log_->fails(Stage::charge)) return Errno::enomem;
    const Piece piece{layout_.index(op.to.start), layout_.index(op.to.end())};
    Fit fit = fit_of_copy(op, first);
    if (copies_alone(first)) first = without_uffd(first);
    const bool fits = fit.left == Refusal::none || fit.right == Refusal::none;
    fit.memory_failed = fits && lacks_memory(piece, first, fit);
    if (!fits || fit.memory_failed) {
        const Errno error = pass_copy(Stage::allocation, first);
        if (error != Errno::ok) return error;
        const bool has_hooks = world_->has_close_hook(first.file);
        if (has_hooks) log_->call_open(space_, first.file, op.to);
        if (log_->fails(Stage::link)) {
            if (has_hooks) log_->call_close(space_, first.file, op.to);
            return Errno::enomem;
        }
    }
    join_new_range(piece, first, fit);
    return Errno::ok;
}

// Whether a userfaultfd watches what moves, and the kernel knows that it will not do so any more.
bool Reference::copies_alone(const Attributes& first) const {
    return world_->profile->uffd_copy == UffdCopy::alone && first.uffd != UffdContext::none;
}

// Where the copy can go besides: nowhere if its userfaultfd is still to be forgotten, and not into
// the area that it is a copy of, if that stays.
Reference::Fit Reference::fit_of_copy(const Mremap& op, const Attributes& first) {
    const Piece piece{layout_.index(op.to.start), layout_.index(op.to.end())};
    if (copies_alone(first)) {
        Fit fit{refusal_before(piece, first), refusal_behind(piece, first), false};
        for (Refusal* const side : {&fit.left, &fit.right}) {
            if (*side == Refusal::none) *side = Refusal::uffd;
            count_refusal(*side);
        }
        return fit;
    }
    Fit fit = fit_of_new_range(piece, first);
    const bool stays = op.old_place == OldPlace::dont_unmap;
    if (!stays || world_->profile->dontunmap == Dontunmap::whole_area) return fit;
    // Only what was never written to takes another offset, so that it could fit itself.
    const std::size_t source = layout_.index(op.from.start);
    const bool follows = area_end(source) == piece.start;
    const bool precedes = area_start(source) == piece.end;
    if (fit.left == Refusal::none && follows) fit.left = Refusal::source;
    if (fit.right == Refusal::none && precedes) fit.right = Refusal::source;
    return fit;
}

// dontunmap_complete(): the old place has no pages any more, and so no locks: not even on the rest
// of its area, all of which stays in mm->locked_vm for good, unless it was cut off before. If it is
// a whole area nothing was ever written to it.
void Reference::leave_old_place(PageRange range) {
    const bool range_alone = world_->profile->dontunmap == Dontunmap::range;
    const std::size_t cell = layout_.index(range.start);
    const Piece area{area_start(cell), area_end(cell)};
    const bool whole =
        layout_.start(area.start) == range.start && layout_.start(area.end) == range.end();
    Seam seam = Seam::changed_by_move;
    if (whole && !cells()[cell].attributes.fault.none()) seam = Seam::old_place_unfaulted;
    if (!range_alone) stray_locked_[space_.value] += locked_pages(area).value;
    for (std::size_t at = area.start; at < area.end; ++at) {
        Attributes& attributes = cells()[at].attributes;
        attributes.flags = attributes.flags.without(locked_flags);
        if (!whole) continue;
        attributes.fault = FaultId{};
        attributes.forked = false;
        if (range_alone) attributes = moved_to(layout_.start(at), attributes);
    }
    reconsider_seam(area.start, seam);
    reconsider_seam(area.end, seam);
}

// mremap_userfaultfd_prep(): a userfaultfd that does not ask for events loses what moves, and with
// it the rest of the area that it has merged with.
void Reference::forget_uffd(Piece copy) {
    if (cells()[copy.start].attributes.uffd == UffdContext::none) return;
    const Piece area{area_start(copy.start), area_end(copy.start)};
    for (std::size_t cell = area.start; cell < area.end; ++cell) {
        cells()[cell].attributes = without_uffd(cells()[cell].attributes);
    }
    reconsider_seam(area.start, Seam::changed_by_move);
    reconsider_seam(area.end, Seam::changed_by_move);
}

// A side of the boundary at `cell` changed, and no merge was tried.
void Reference::reconsider_seam(std::size_t cell, Seam if_compatible) {
    if (cell == 0 || !mapped(cell - 1) || !mapped(cell)) return;
    const bool was_compatible = !says_what_differs(cells()[cell].seam);
    if (was_compatible && refusal_at(cell) == Refusal::none) return;
    record_seam(cell, if_compatible);
}

}  // namespace vmacheck
