// The reference's guards, and the advices that fault pages in (Linux: madvise_guard_install(),
// madvise_guard_remove() and madvise_populate() in mm/madvise.c). The twin, area by area, is
// impl/guard.cpp.
//
// A guard is a mark in the page table in the place of a page. Whoever accesses it faults, and it
// goes with the mapping of its page or by MADV_GUARD_REMOVE, but not with what the page holds. So
// it is a bit of each page, of which an area knows no more than that it may have some.
#include "model/check_macro.h"
#include "model/reference_walk.h"

namespace vmacheck {

// madvise_populate(): page by page. In contrast to an access it tells a hole from a missing
// permission.
Errno Reference::populate_as_advised(PageRange range, bool writes) {
    const Flag needed = writes ? Flag::write : Flag::read;
    const Piece piece = inside_world(range);
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (!mapped(cell)) return Errno::enomem;
        const Flags flags = cells()[cell].attributes.flags;
        // Of a device there are no pages to be had.
        if (!flags.has(needed) || flags.has_any(Flag::io | Flag::pfnmap)) return Errno::einval;
        if (!fault_in(cell, writes)) return Errno::efault;
    }
    return range.end().value > world_->pages.value ? Errno::enomem : Errno::ok;
}

// What keeps an area from getting guards, and from losing them.
Errno Reference::refusal_of_guards(std::size_t cell, Advice advice) const {
    if (advice == Advice::guard_remove) return Errno::ok;
    const Attributes& at = cells()[cell].attributes;
    if (may_not_discard(at)) return Errno::eperm;
    return at.flags.has_any(special_flags | Flag::locked) ? Errno::einval : Errno::ok;
}

// madvise_walk_vmas(): a hole is reported at the end, and an error stops the walk. What was done
// before stays done, but in canonical.
Errno Reference::change_guards(PageRange range, Advice advice) {
    const Piece piece = inside_world(range);
    Errno hole = range.end().value > world_->pages.value ? Errno::enomem : Errno::ok;
    for (std::size_t cell = piece.start; world_->profile->atomic && cell < piece.end; ++cell) {
        if (!mapped(cell)) {
            hole = Errno::enomem;
            continue;
        }
        const Errno refused = refusal_of_guards(cell, advice);
        if (refused != Errno::ok) return refused;
    }
    if (world_->profile->atomic && hole != Errno::ok) return hole;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (!mapped(cell)) {
            hole = Errno::enomem;
            continue;
        }
        const Errno refused = refusal_of_guards(cell, advice);
        if (refused != Errno::ok) return refused;
        if (advice == Advice::guard_install) expect_guards(cell);
        cells()[cell].guard = advice == Advice::guard_install;
    }
    return hole;
}

// The area as a whole may have guards from now on. Nothing is cut or merged for that.
void Reference::expect_guards(std::size_t cell) {
    // One flag for the whole area would be history, which a profile `maximal` has none of.
    const bool flagged = world_->profile->guard_flag && !world_->profile->maximal;
    const std::size_t end = area_end(cell);
    for (std::size_t own = area_start(cell); flagged && own < end; ++own) {
        Flags& flags = cells()[own].attributes.flags;
        flags = flags | Flag::maybe_guard;
    }
    // Memory of a file needs no identity for what its page table holds, if there is the flag.
    if (!flagged || cells()[cell].attributes.file.none()) give_identity(cell);
}

// Whether fork copies the guards of an area: with its page table, if that cannot be made anew by
// faults (vma_needs_copy()).
bool Reference::fork_copies_guards(const Attributes& at) const {
    if (at.flags.has(Flag::wipe_on_fork)) return false;
    const bool is_known = at.flags.has(Flag::maybe_guard) || !at.fault.none();
    return is_known || !world_->profile->fault_identity;
}

// move_ptes(): guards go where their pages go.
void Reference::move_guards(PageRange from, Page to) {
    const Piece old = inside_world(from);
    std::vector<PageRange> moved;
    for (std::size_t cell = old.start; cell < old.end; ++cell) {
        if (!cells()[cell].guard) continue;
        cells()[cell].guard = false;
        moved.push_back({to + (layout_.start(cell) - from.start), layout_.weight(cell)});
    }
    for (const PageRange range : moved) {
        cut_cell(range.start);
        cut_cell(range.end());
        const Piece piece = inside_world(range);
        for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
            CHECK(mapped(cell));
            cells()[cell].guard = true;
        }
    }
}

}  // namespace vmacheck
