// The walk over areas that changes of attributes have in common. Only model/reference*.cpp include
// this.
#pragma once

#include <algorithm>

#include "model/reference.h"

namespace vmacheck {

// What an area of these attributes has on a page whose place and history are those of `page`.
inline Attributes with_place_of(Attributes to, const Attributes& page) {
    to.pgoff = page.pgoff;
    to.fault = page.fault;
    to.forked = page.forked;
    return to;
}

inline Attributes without_uffd(Attributes at) {
    at.flags = at.flags.without(uffd_flags);
    at.uffd = UffdContext::none;
    return at;
}

// vma_ksm_compatible()
inline bool takes_ksm(Flags flags) {
    return !flags.has_any(Flag::shared | Flag::may_share | Flag::droppable | special_flags);
}

// A seam that only says how far two areas differ, and not why equal ones stay apart.
inline bool says_what_differs(Seam seam) {
    using enum Seam;
    return seam == none || seam == two_identities || seam == forked_and_unfaulted ||
           seam == Seam::special_areas;
}

// can_madvise_modify(): contents of sealed anonymous memory go only by the right to write.
inline bool may_not_discard(const Attributes& at) {
    return at.file.none() && at.flags.has(Flag::sealed) && !at.flags.has(Flag::write);
}

inline bool no_change(const Attributes& to, const Attributes& old) {
    return with_place_of(to, old) == old;
}

// Walks the areas of `range` from left to right and does to each what `rule(cell)` says. A hole
// stops the walk (mprotect), is remembered (madvise), or is nothing (mbind); where it is something
// the answer is ENOMEM. An error stops the walk. What was done before stays done.
template <class Rule>
Errno Reference::change_pieces(PageRange range, Walk walk, const Rule& rule) {
    const bool matters = walk.holes != Holes::skip;
    const bool beyond = range.end().value > world_->pages.value;
    if (range.start.value >= world_->pages.value) return matters ? Errno::enomem : Errno::ok;
    const std::size_t end = inside_world(range).end;
    std::size_t cell = layout_.index(range.start);
    if (world_->profile->atomic) {
        const Errno error = reserve_all({cell, end}, beyond, walk, rule);
        if (error != Errno::ok) return error;
    }
    bool hole = beyond && matters;
    while (cell < end) {
        if (!mapped(cell)) {
            if (walk.holes == Holes::stop) return Errno::enomem;
            hole = matters;
            ++cell;
            continue;
        }
        const Piece piece{cell, std::min(area_end(cell), end)};
        const Change wanted = rule(cell);
        if (wanted.error != Errno::ok) return wanted.error;
        if (no_change(wanted.to, cells()[cell].attributes)) {
            cases_->hit(CaseKind::refused_no_op);
        } else {
            const bool asks = wanted.charge && !world_->profile->atomic;
            const Flags old = cells()[cell].attributes.flags;
            const PageCount pages = layout_.start(piece.end) - layout_.start(piece.start);
            if (!world_->profile->atomic && !may_become(old, wanted.to.flags, pages))
                return Errno::enomem;
            if (asks && log_->fails(Stage::charge)) return Errno::enomem;
            const Errno error = change(piece, wanted);
            if (error != Errno::ok) return walk.answer_to(error);
            if (wanted.populate) static_cast<void>(populate(piece));
        }
        // A piece that went over to the area behind it takes the walk to that area's end.
        cell = std::max(piece.end, area_end(piece.end - 1));
    }
    return hole ? Errno::enomem : Errno::ok;
}

// Profile `canonical`: everything that can fail does so before anything is changed.
template <class Rule>
Errno Reference::reserve_all(Piece piece, bool beyond, Walk walk, const Rule& rule) {
    bool hole = beyond && walk.holes != Holes::skip;
    bool start_changes = false;
    bool end_changes = false;
    PageCount changing;  // Pages that have changed by then.
    for (std::size_t cell = piece.start; cell < piece.end;) {
        if (!mapped(cell)) {
            if (walk.holes == Holes::stop) return Errno::enomem;
            hole = hole || walk.holes == Holes::report;
            ++cell;
            continue;
        }
        const Change wanted = rule(cell);
        if (wanted.error != Errno::ok) return wanted.error;
        const Attributes& old = cells()[cell].attributes;
        const bool changes = !no_change(wanted.to, old);
        const std::size_t end = std::min(area_end(cell), piece.end);
        if (changes && !old.flags.has(Flag::write))
            changing += layout_.start(end) - layout_.start(cell);
        if (changes && !may_become(old.flags, wanted.to.flags, changing)) return Errno::enomem;
        if (wanted.charge && log_->fails(Stage::charge)) return Errno::enomem;
        if (changes && cell == piece.start) start_changes = inside_area(cell);
        cell = area_end(cell);
        if (changes && cell > piece.end) end_changes = true;
    }
    if (hole) return Errno::enomem;
    Errno error = Errno::ok;
    if (start_changes) error = pass_cut(cells()[piece.start].attributes);
    if (error == Errno::ok && end_changes) error = pass_cut(cells()[piece.end - 1].attributes);
    if (error != Errno::ok) return walk.answer_to(error);
    count_split(start_changes, end_changes);
    return Errno::ok;
}

}  // namespace vmacheck
