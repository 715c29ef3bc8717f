// The reference's changes of flags: mprotect and madvise (Linux: mprotect_fixup() in mm/mprotect.c,
// madvise_vma_behavior() in mm/madvise.c, vma_modify() in mm/vma.c).
#include <algorithm>

#include "model/check_macro.h"
#include "model/reference.h"

namespace vmacheck {

// Gives a piece of one area other flags. If it can go over to a neighbour it does, else it is cut
// out (vma_modify()). Only the two ends of the piece are looked at.
//
//     pages   01234567                       01234567
//     before  AAaaaaBB   both ends fit:      AAAAAAAA  (covered)   AAaaaaBB -> AAAAaaBB (left part)
Errno Reference::change(Piece piece, Flags flags) {
    Attributes first = cells()[piece.start].attributes;
    const FileId file = first.file;
    first.flags = flags;
    const bool from_start = !inside_area(piece.start);
    const bool to_end = !inside_area(piece.end);

    Refusal left = from_start ? refusal_before(piece, first) : Refusal::no_neighbour;
    Refusal right = to_end ? refusal_behind(piece, first) : Refusal::no_neighbour;
    const bool covered = from_start && to_end;
    if (covered && world_->has_close_hook(file)) {
        // The area would disappear into its neighbour, and its close hook keeps it.
        if (left == Refusal::none) left = Refusal::close;
        if (right == Refusal::none) right = Refusal::close;
    }
    if (left == Refusal::none && right == Refusal::none) {
        const FaultId prev = cells()[piece.start - 1].attributes.fault;
        const FaultId next = cells()[piece.end].attributes.fault;
        if (!prev.none() && !next.none() && prev != next) right = Refusal::three_way;
    }
    count_refusal(left);
    count_refusal(right);

    const bool join_left = left == Refusal::none;
    const bool join_right = right == Refusal::none;
    if (!world_->profile->atomic) {
        const Errno error = join_left || join_right ? merge_memory() : cut_to_change(piece);
        if (error != Errno::ok) return error;
    }
    if (join_left && join_right)
        cases_.hit(CaseKind::merge_both);
    else if (join_left)
        cases_.hit(covered ? CaseKind::merge_left : CaseKind::merge_left_part);
    else if (join_right)
        cases_.hit(covered ? CaseKind::merge_right : CaseKind::merge_right_part);

    // What stays of the old area is separate from now on, so that a join cannot reach it.
    cells()[piece.start].boundary = true;
    if (mapped(piece.end)) cells()[piece.end].boundary = true;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        cells()[cell].attributes.flags = flags;
    }
    if (join_left)
        join(piece.start);
    else
        record_seam(piece.start, left == Refusal::close ? Seam::close_hook : Seam::none);
    if (join_right)
        join(piece.end);
    else
        record_seam(piece.end, right == Refusal::close ? Seam::close_hook : Seam::none);
    if (right == Refusal::three_way) record_three_way(piece.end);
    return Errno::ok;
}

Errno Reference::merge_memory() {
    return log_->fails(Stage::merge) ? Errno::enomem : Errno::ok;
}

// split_vma() at both ends, each under the count limit. If the second fails, the first stays.
Errno Reference::cut_to_change(Piece piece) {
    const bool at_start = inside_area(piece.start);
    const bool at_end = inside_area(piece.end);
    if (at_start) {
        if (at_count_limit()) return Errno::enomem;
        if (const Errno error = cut(piece.start, End::start); error != Errno::ok) return error;
    }
    if (at_end) {
        if (at_count_limit()) return Errno::enomem;
        if (const Errno error = cut(piece.end, End::end); error != Errno::ok) return error;
    }
    count_split(at_start, at_end);
    return Errno::ok;
}

// Walks the areas of `range` from left to right and does to each what `rule(cell)` says. A hole
// stops the walk (mprotect) or is remembered (madvise); both answer ENOMEM for it. An error stops
// it. What was done before stays done.
template <class Rule>
Errno Reference::change_pieces(PageRange range, Walk walk, const Rule& rule) {
    const bool beyond = range.end().value > world_->pages.value;
    if (range.start.value >= world_->pages.value) return Errno::enomem;
    const std::size_t end = beyond ? layout_.count() : layout_.index(range.end());
    std::size_t cell = layout_.index(range.start);
    if (world_->profile->atomic) {
        const Errno error = reserve_all({cell, end}, beyond, walk, rule);
        if (error != Errno::ok) return error;
    }
    bool hole = beyond;
    while (cell < end) {
        if (!mapped(cell)) {
            if (walk.holes_stop) return Errno::enomem;
            hole = true;
            ++cell;
            continue;
        }
        const Piece piece{cell, std::min(area_end(cell), end)};
        const Change wanted = rule(cell);
        if (wanted.error != Errno::ok) return wanted.error;
        if (wanted.flags == cells()[cell].attributes.flags) {
            cases_.hit(CaseKind::refused_no_op);
        } else {
            const bool asks = wanted.charge && !world_->profile->atomic;
            if (asks && log_->fails(Stage::charge)) return Errno::enomem;
            if (change(piece, wanted.flags) != Errno::ok) return walk.no_memory;
        }
        // A piece that went over to the area behind it takes the walk to that area's end.
        cell = std::max(piece.end, area_end(piece.end - 1));
    }
    return hole ? Errno::enomem : Errno::ok;
}

// Profile `canonical`: everything that can fail does so before anything is changed.
template <class Rule>
Errno Reference::reserve_all(Piece piece, bool beyond, Walk walk, const Rule& rule) {
    bool hole = beyond;
    bool start_changes = false;
    bool end_changes = false;
    for (std::size_t cell = piece.start; cell < piece.end;) {
        if (!mapped(cell)) {
            if (walk.holes_stop) return Errno::enomem;
            hole = true;
            ++cell;
            continue;
        }
        const Change wanted = rule(cell);
        if (wanted.error != Errno::ok) return wanted.error;
        if (wanted.charge && log_->fails(Stage::charge)) return Errno::enomem;
        const bool changes = wanted.flags != cells()[cell].attributes.flags;
        if (changes && cell == piece.start) start_changes = inside_area(cell);
        cell = area_end(cell);
        if (changes && cell > piece.end) end_changes = true;
    }
    if (hole) return Errno::enomem;
    if (start_changes && log_->fails(Stage::split)) return walk.no_memory;
    if (end_changes && log_->fails(Stage::split)) return walk.no_memory;
    count_split(start_changes, end_changes);
    return Errno::ok;
}

Errno Reference::run(const Mprotect& op) {
    if (op.range.empty()) return Errno::ok;
    return change_pieces(op.range, {.holes_stop = true, .no_memory = Errno::enomem},
                         [&](std::size_t cell) { return protect_change(cell, op.prot); });
}

Reference::Change Reference::protect_change(std::size_t cell, Prot prot) const {
    const Attributes& old = cells()[cell].attributes;
    Change wanted;
    wanted.flags = old.flags.without(access_flags) | prot.flags;
    if (!old.flags.has(needed_may_flags(prot))) {
        wanted.error = Errno::eacces;
        return wanted;
    }
    if (wanted.flags == old.flags) return wanted;
    const Flags never_charged =
        Flag::account | Flag::write | Flags(Flag::shared) | Flags(Flag::noreserve);
    const bool anonymous = old.file.none();
    if (prot.flags.has(Flag::write)) {
        // Private pages that become writable are charged, once.
        wanted.charge = !old.flags.has_any(never_charged);
        if (wanted.charge) wanted.flags = wanted.flags | Flag::account;
    } else if (anonymous && old.fault.none()) {
        // Nothing was ever written, so the charge can be given back.
        wanted.flags = wanted.flags.without(Flag::account);
    }
    return wanted;
}

Errno Reference::run(const Madvise& op) {
    if (op.range.empty()) return Errno::ok;
    // A hole is ENOMEM; memory that vma_modify() did not get is EAGAIN (madvise_vma_behavior()).
    return change_pieces(op.range, {.holes_stop = false, .no_memory = Errno::eagain},
                         [&](std::size_t cell) { return advice_change(cell, op.advice); });
}

Reference::Change Reference::advice_change(std::size_t cell, Advice advice) const {
    const Attributes& old = cells()[cell].attributes;
    const bool shared = old.flags.has_any(Flag::shared | Flag::may_share);
    Change wanted;
    wanted.flags = old.flags;
    const auto set = [&](Flags added, Flags removed) {
        wanted.flags = old.flags.without(removed) | added;
    };
    using enum Advice;
    switch (advice) {
        case normal: set({}, Flag::seq_read | Flag::rand_read); break;
        case sequential: set(Flag::seq_read, Flag::rand_read); break;
        case random: set(Flag::rand_read, Flag::seq_read); break;
        case dontfork: set(Flag::dont_copy, {}); break;
        case dofork: set({}, Flag::dont_copy); break;
        case wipeonfork:
            // Only private anonymous memory can be wiped.
            if (!old.file.none() || old.flags.has(Flag::shared)) wanted.error = Errno::einval;
            set(Flag::wipe_on_fork, {});
            break;
        case keeponfork: set({}, Flag::wipe_on_fork); break;
        case dontdump: set(Flag::dont_dump, {}); break;
        case dodump: set({}, Flag::dont_dump); break;
        case mergeable:
            // KSM takes private memory only, and says nothing about the rest.
            if (!shared) set(Flag::mergeable, {});
            break;
        case unmergeable: set({}, Flag::mergeable); break;
        case hugepage: set(Flag::huge_page, Flag::no_huge_page); break;
        case nohugepage: set(Flag::no_huge_page, Flag::huge_page); break;
        case dontneed: break;
    }
    return wanted;
}

}  // namespace vmacheck
