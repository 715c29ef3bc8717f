// The reference's locks and seals, and KSM's flag of a whole space (Linux: mm/mlock.c, mm/mseal.c,
// __mm_populate() in mm/gup.c, mm/ksm.c).
#include "model/reference_walk.h"

namespace vmacheck {

// apply_vma_lock_flags(). Locks that were made stay, even if the pages cannot be made present.
Errno Reference::run(const Mlock& op) {
    // can_do_mlock(): without any right to lock, not even nothing can be locked.
    if (world_->memlock == 0) return Errno::eperm;
    const std::uint64_t asked = op.range.count.value;
    const std::uint64_t there = locked_vm();
    if (asked + there > world_->memlock) {
        // What is locked already is not asked for again.
        const std::uint64_t again = locked_pages(inside_world(op.range)).value;
        if (asked + there - again > world_->memlock) return Errno::enomem;
    }
    // Nothing is too much where too much is locked already: the limit comes first (do_mlock()).
    if (op.range.empty()) return Errno::ok;
    Flags locks = Flag::locked;
    if (op.mode == LockMode::on_fault) locks = locked_flags;
    const Errno error = change_pieces(op.range, {Holes::stop},
                                      [&](std::size_t cell) { return lock_change(cell, locks); });
    // In canonical what fails has changed nothing, and the locks have been made.
    if (error != Errno::ok || world_->profile->atomic) return error;
    return populate(inside_world(op.range)) == Errno::ok ? Errno::ok : Errno::enomem;
}

Errno Reference::run(const Munlock& op) {
    if (op.range.empty()) return Errno::ok;
    return change_pieces(op.range, {Holes::stop},
                         [&](std::size_t cell) { return lock_change(cell, {}); });
}

// apply_mlockall_flags(): the errors of single areas are ignored.
Errno Reference::run(const Mlockall& op) {
    if (op.scope == LockScope::neither) return Errno::einval;
    if (world_->memlock == 0) return Errno::eperm;
    const bool current = op.scope != LockScope::future;
    const bool future = op.scope != LockScope::current;
    Census census;
    count(census);
    const bool exceeds = census.spaces[space_.value].total > world_->memlock;
    if (current && exceeds) return Errno::enomem;

    Flags locks = Flag::locked;
    if (op.mode == LockMode::on_fault) locks = locked_flags;
    future_locks_[space_.value] = future ? locks : Flags{};
    if (!current) return Errno::ok;
    lock_all(locks);
    populate_all({0, layout_.count()});
    return Errno::ok;
}

Errno Reference::run(const Munlockall& /*op*/) {
    future_locks_[space_.value] = {};
    lock_all({});
    return Errno::ok;
}

Reference::Change Reference::lock_change(std::size_t cell, Flags locks) const {
    Change wanted{Errno::ok, cells()[cell].attributes};
    // vma_supports_mlock()
    if (wanted.to.flags.has_any(special_flags | Flag::droppable)) return wanted;
    wanted.to.flags = wanted.to.flags.without(locked_flags) | locks;
    return wanted;
}

// Each area as a whole. One that went over to the area behind it is done with it.
void Reference::lock_all(Flags locks) {
    for (std::size_t cell = 0; cell < layout_.count();) {
        if (!mapped(cell)) {
            ++cell;
            continue;
        }
        const Piece area{cell, area_end(cell)};
        const Change wanted = lock_change(cell, locks);
        if (wanted.to == cells()[cell].attributes)
            cases_->hit(CaseKind::refused_no_op);
        else
            static_cast<void>(change(area, wanted));
        cell = area_end(area.end - 1);
    }
}

// Makes the pages of a piece present, from left to right up to the first that cannot be.
Errno Reference::populate(Piece piece) {
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        const Flags flags = cells()[cell].attributes.flags;
        if (flags.has_any(Flag::lock_on_fault | Flag::io | Flag::pfnmap)) continue;
        if (!flags.has_any(access_flags)) return Errno::efault;
        // Private memory that may be written gets pages of its own at once.
        const bool writes = flags.has(Flag::write) && !flags.has(Flag::shared);
        if (!fault_in(cell, writes)) return Errno::efault;
    }
    return Errno::ok;
}

// The same for every area of a piece; what one of them cannot do is no matter of the others.
void Reference::populate_all(Piece piece) {
    for (std::size_t cell = piece.start; cell < piece.end;) {
        if (!mapped(cell)) {
            ++cell;
            continue;
        }
        const std::size_t end = std::min(area_end(cell), piece.end);
        static_cast<void>(populate({cell, end}));
        cell = end;
    }
}

PageCount Reference::locked_pages(Piece piece) const {
    PageCount pages;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        const bool locked = mapped(cell) && cells()[cell].attributes.flags.has(Flag::locked);
        if (locked) pages += layout_.weight(cell);
    }
    return pages;
}

// mm->locked_vm
std::uint64_t Reference::locked_vm() const {
    return locked_pages({0, layout_.count()}).value + stray_locked_[space_.value];
}

// ksm_enable_merge_any() and ksm_disable_merge_any() in mm/ksm.c: the flag of every area where it
// is, and no merge is tried. The twin is in impl/attributes.cpp.
Errno Reference::run(const MemoryMerge& op) {
    const bool on = op.to == MergeAny::on;
    if (on == memory_merge_[space_.value]) {
        cases_->hit(CaseKind::refused_no_op);
        return Errno::ok;
    }
    memory_merge_[space_.value] = on;
    for (Cell& cell : cells()) {
        if (!cell.mapped) continue;
        Flags& flags = cell.attributes.flags;
        if (!on)
            flags = flags.without(Flag::mergeable);
        else if (takes_ksm(flags))
            flags = flags | Flag::mergeable;
    }
    if (world_->profile->maximal) return Errno::ok;
    for (std::size_t cell = 0; cell < layout_.count(); ++cell) {
        if (!inside_area(cell)) reconsider_seam(cell, Seam::flags_after_merge);
    }
    return Errno::ok;
}

// mseal_range(): a hole refuses it before anything has changed.
Errno Reference::run(const Mseal& op) {
    if (op.range.empty()) return Errno::ok;
    if (has_hole(op.range)) return Errno::enomem;
    return change_pieces(op.range, {Holes::stop}, [&](std::size_t cell) {
        Change wanted{Errno::ok, cells()[cell].attributes};
        wanted.to.flags = wanted.to.flags | Flag::sealed;
        return wanted;
    });
}

}  // namespace vmacheck
