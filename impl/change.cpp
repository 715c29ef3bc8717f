// mprotect and madvise: walks over the areas of a range that change flags piece by piece.
//
// Both walk as the kernel does (do_mprotect_pkey, madvise_walk_vmas): `vma` is the area under the
// cursor, `prev` what lies before the piece, or `vma` itself if the piece starts inside it, and the
// walk goes on where the area ends that came out of the change, which may be behind the piece.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/end_splits.h"

namespace vmacheck::impl {
namespace {

// What mprotect makes of the flags of a piece, and what it must ask the commit limit for.
struct ProtectChange {
    Flags flags;
    bool charges = false;
};

// What arch_override_mprotect_pkey() makes of the key.
unsigned pkey_for(const World& world, Flags old, const Mprotect& op) {
    if (op.pkey != Pkey::keep) return number_of(op.pkey);
    const unsigned reserved = world.execute_only_pkey();
    const bool is_execute_only = op.prot.flags == Flags(Flag::exec);
    if (is_execute_only && reserved > 0) return reserved;
    const bool was_execute_only = (old & access_flags) == Flags(Flag::exec);
    const bool goes_back = !is_execute_only && was_execute_only && pkey_of(old) == reserved;
    return goes_back && !BUG(execute_only_key_stays_behind) ? 0 : pkey_of(old);
}

ProtectChange protect_change(const World& world, const Attributes& old, const Mprotect& op) {
    const Prot prot = op.prot;
    ProtectChange change{old.flags.without(access_flags | pkey_flags) | prot.flags |
                         flags_of_pkey(pkey_for(world, old.flags, op))};
    // Nothing is asked for, so not even a charge that could go back does.
    if (change.flags == old.flags) return change;
    if (prot.flags.has(Flag::write)) {
        const Flags exempt =
            Flag::account | Flag::write | Flags(Flag::shared) | Flags(Flag::noreserve);
        change.charges = !old.flags.has_any(exempt);
        if (change.charges) change.flags = change.flags | Flag::account;
    } else if (old.file.none() && old.fault.none()) {
        // Never written to, and not to be written to: the charge goes back.
        change.flags = change.flags.without(Flag::account);
    }
    return change;
}

// The right that an area never had comes before the seal that was put on it.
Errno refusal(const Attributes& attributes, Prot prot) {
    if (!attributes.flags.has(needed_may_flags(prot))) return Errno::eacces;
    return attributes.flags.has(Flag::sealed) ? Errno::eperm : Errno::ok;
}

// What an advice makes of flags: the bits that go, and then those that come.
struct AdviceChange {
    Flags cleared;
    Flags set;
};

AdviceChange advice_change(Advice advice) {
    switch (advice) {
        case Advice::normal: return {Flag::seq_read | Flag::rand_read, {}};
        case Advice::sequential: return {Flag::rand_read, Flag::seq_read};
        case Advice::random: return {Flag::seq_read, Flag::rand_read};
        case Advice::dontfork: return {{}, Flag::dont_copy};
        case Advice::dofork: return {Flag::dont_copy, {}};
        case Advice::wipeonfork: return {{}, Flag::wipe_on_fork};
        case Advice::keeponfork: return {Flag::wipe_on_fork, {}};
        case Advice::dontdump: return {{}, Flag::dont_dump};
        case Advice::dodump: return {Flag::dont_dump, {}};
        case Advice::mergeable: return {{}, Flag::mergeable};
        case Advice::unmergeable: return {Flag::mergeable, {}};
        case Advice::hugepage: return {Flag::no_huge_page, Flag::huge_page};
        case Advice::nohugepage: return {Flag::huge_page, Flag::no_huge_page};
        default: break;
    }
    return {};
}

Flags advised_flags(Flags flags, Advice advice) {
    // Deduplication is for private memory; asking for it elsewhere does nothing.
    if (advice == Advice::mergeable && !ksm_compatible(flags)) return flags;
    const AdviceChange change = advice_change(advice);
    return flags.without(change.cleared) | change.set;
}

// Advices that take contents away, now or in a child (is_discard).
bool discards(Advice advice) {
    switch (advice) {
        case Advice::dontneed:
        case Advice::dontneed_locked:
        case Advice::free:
        case Advice::remove:
        case Advice::dontfork:
        case Advice::wipeonfork: return true;
        default: return false;
    }
}

Errno refusal(const Attributes& attributes, Advice advice, Dofork dofork) {
    const Flags flags = attributes.flags;
    const bool anonymous = attributes.file.none();
    const bool may_lose_it = !flags.has(Flag::sealed) || !anonymous || flags.has(Flag::write);
    if (!may_lose_it && (discards(advice) || BUG(bitmask_test_on_enum))) return Errno::eperm;
    switch (advice) {
        case Advice::dontneed:
        case Advice::cold:
        case Advice::pageout:
            return flags.has_any(Flag::locked | Flag::pfnmap) ? Errno::einval : Errno::ok;
        case Advice::dontneed_locked: return flags.has(Flag::pfnmap) ? Errno::einval : Errno::ok;
        case Advice::free: return flags.has(Flag::locked) || !anonymous ? Errno::einval : Errno::ok;
        case Advice::remove:
            // A hole is punched into the file, for those who may write to it.
            if (flags.has(Flag::locked) || anonymous) return Errno::einval;
            return flags.has(Flag::shared | Flag::may_write) ? Errno::ok : Errno::eacces;
        case Advice::dofork: {
            // A device's memory is not for children.
            const bool refused =
                flags.has_any(dofork == Dofork::io ? Flags(Flag::io) : special_flags);
            return refused ? Errno::einval : Errno::ok;
        }
        // What may be thrown away is neither inherited nor dumped.
        case Advice::keeponfork: return flags.has(Flag::droppable) ? Errno::einval : Errno::ok;
        case Advice::dodump:
            return flags.has_any(special_flags | Flag::droppable) ? Errno::einval : Errno::ok;
        case Advice::wipeonfork:
            // Only anonymous private memory can come up empty in a child.
            return anonymous && !flags.has(Flag::shared) ? Errno::ok : Errno::einval;
        default: return Errno::ok;
    }
}

}  // namespace

// The area before a piece that starts at `start`, in `vma` or in the hole before it.
Cursor AddressSpace::prev_of(Cursor vma, Page start) const {
    const bool inside = vma != vmas_.end() && vmas_.at(vma).start < start;
    if (inside && !BUG(prev_is_wrong_when_range_starts_inside)) return vma;
    return vmas_.before(vma);
}

// Mprotect.

Errno AddressSpace::run(Call& call, const Mprotect& op) {
    if (op.range.empty()) return Errno::ok;
    // Nobody gives what is not his, be it there or not.
    const bool gives_key = op.pkey != Pkey::keep;
    if (gives_key && number_of(op.pkey) >= call.world.pkeys) return Errno::einval;
    const Page end = op.range.end();
    Page start = op.range.start;
    Cursor vma = vmas_.find(start);
    if (vma == vmas_.end() || vmas_.at(vma).start >= end) return Errno::enomem;
    if (op.reach == Reach::grows_down) {
        if (!vmas_.at(vma).attributes.flags.has(Flag::grows_down)) return Errno::einval;
        start = vmas_.at(vma).start;
    }
    if (vmas_.at(vma).start > start) return Errno::enomem;
    if (call.atomic()) {
        const Errno error = check_mprotect(call, range_between(start, end), op);
        if (error != Errno::ok) return error;
        call.committing = true;
    }

    Errno error = Errno::ok;
    Page done = start;
    Cursor prev = prev_of(vma, done);
    for (TurnBound turns = bound(); vma != vmas_.end() && vmas_.at(vma).start < end; turns.turn()) {
        error = Errno::enomem;
        if (vmas_.at(vma).start > done) break;
        error = refusal(vmas_.at(vma).attributes, op.prot);
        if (error != Errno::ok) break;

        const PageRange piece = range_between(done, std::min(vmas_.at(vma).end, end));
        const Outcome outcome = mprotect_fixup(call, prev, vma, piece, op);
        error = outcome.error;
        if (error != Errno::ok) break;
        prev = outcome.vma;
        done = vmas_.at(prev).end;
        if (done > piece.end() && piece.end() < end &&
            BUG(loop_cursor_stale_after_merge_with_next)) {
            done = piece.end();
        }
        vma = vmas_.next(prev);
    }
    if (error == Errno::ok && done < end) return Errno::enomem;
    if (error != Errno::ok && error != Errno::enomem && BUG(real_error_overwritten)) {
        return Errno::enomem;
    }
    return error;
}

// Passes what mprotect passes in an `atomic` profile, and changes nothing.
Errno AddressSpace::check_mprotect(Call& call, PageRange range, const Mprotect& op) const {
    const Page end = range.end();
    EndSplits splits(range);
    Page done = range.start;
    PageCount written;  // Pages that become writable.
    for (Cursor vma = vmas_.find(done); done < end; vma = vmas_.next(vma)) {
        if (vma == vmas_.end() || vmas_.at(vma).start > done) return Errno::enomem;
        const Vma& found = vmas_.at(vma);
        const Flags old = found.attributes.flags;
        const PageCount pages = std::min(found.end, end) - done;
        done = found.end;
        const Errno refused = refusal(found.attributes, op.prot);
        if (refused != Errno::ok) {
            return BUG(real_error_overwritten) ? Errno::enomem : refused;
        }
        const ProtectChange change = protect_change(call.world, found.attributes, op);
        if (change.flags == old) continue;
        if (!old.has(Flag::write)) written += pages;
        if (!may_become(call, old, change.flags, written)) return Errno::enomem;
        if (change.charges && call.fails(Stage::charge)) return Errno::enomem;
        splits.changes(found);
    }
    return splits.pass(call);
}

AddressSpace::Outcome AddressSpace::mprotect_fixup(Call& call, Cursor prev, Cursor vma,
                                                   PageRange piece, const Mprotect& op) {
    const Attributes old = vmas_.at(vma).attributes;
    const ProtectChange change = protect_change(call.world, old, op);
    if (change.flags == old.flags) return {Errno::ok, vma};

    if (!call.committing && !may_become(call, old.flags, change.flags, piece.count)) {
        return {Errno::enomem, Cursor()};
    }
    if (change.charges) {
        if (call.fails(Stage::charge)) return {Errno::enomem, Cursor()};
        call.ledger.charge(piece.count);
    }
    const Outcome outcome = vma_modify_flags(call, prev, vma, piece, change.flags);
    if (outcome.error != Errno::ok) {
        if (change.charges) call.ledger.uncharge(piece.count);
        return outcome;
    }
    const bool was_charged = old.flags.has(Flag::account);
    if (was_charged && !change.flags.has(Flag::account)) call.ledger.uncharge(piece.count);
    // Locked private memory that becomes writable stops sharing its pages.
    const Flags read_locked = old.flags & (Flag::locked | Flag::write | Flag::shared);
    if (read_locked == Flags(Flag::locked) && change.flags.has(Flag::write)) {
        const Errno ignored = populate_vma_page_range(call, outcome.vma, piece);
        static_cast<void>(ignored);
    }
    return outcome;
}

// Madvise.

Errno AddressSpace::run(Call& call, const Madvise& op) {
    // That there is such an advice comes first (madvise_behavior_valid).
    if (is_of_guards(op.advice) && !call.world.profile->guard_regions) return Errno::einval;
    if (op.range.empty()) return Errno::ok;
    switch (op.advice) {
        case Advice::populate_read: return madvise_populate(call, op.range, Access::read);
        case Advice::populate_write: return madvise_populate(call, op.range, Access::write);
        case Advice::guard_install:
        case Advice::guard_remove: return madvise_guards(call, op.range, op.advice);
        default: break;
    }
    if (call.atomic()) {
        const Errno error = check_madvise(call, op);
        if (error != Errno::ok) return error;
        call.committing = true;
    }

    // A hole does not stop the walk; it is reported at the end.
    Errno hole = Errno::ok;
    const Page end = op.range.end();
    Page start = op.range.start;
    Cursor vma = vmas_.find(start);
    Cursor prev = prev_of(vma, start);
    for (TurnBound turns = bound(); start < end; turns.turn()) {
        if (vma == vmas_.end() || vmas_.at(vma).start >= end) return Errno::enomem;
        if (start < vmas_.at(vma).start) {
            BUG_ACTION(hang_on_hole, loop_forever());
            hole = Errno::enomem;
            start = vmas_.at(vma).start;
        }
        const PageRange piece = range_between(start, std::min(vmas_.at(vma).end, end));
        const Outcome outcome = madvise_vma_behavior(call, prev, vma, piece, op.advice);
        if (outcome.error != Errno::ok) return outcome.error;
        prev = outcome.vma;
        start = vmas_.at(prev).end;
        vma = vmas_.next(prev);
    }
    return hole;
}

// Passes what madvise passes in an `atomic` profile, and changes nothing.
Errno AddressSpace::check_madvise(Call& call, const Madvise& op) const {
    const Page end = op.range.end();
    EndSplits splits(op.range);
    bool hole = false;
    Page done = op.range.start;
    for (Cursor vma = vmas_.find(done); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= end) break;
        if (found.start > done) {
            BUG_ACTION(hang_on_hole, loop_forever());
            hole = true;
        }
        done = found.end;
        const Errno refused = refusal(found.attributes, op.advice, call.world.profile->dofork);
        if (refused != Errno::ok) return refused;
        if (advised_flags(found.attributes.flags, op.advice) != found.attributes.flags) {
            splits.changes(found);
        }
    }
    if (hole || done < end) return Errno::enomem;
    const Errno error = splits.pass(call);
    return error == Errno::enomem ? Errno::eagain : error;
}

AddressSpace::Outcome AddressSpace::madvise_vma_behavior(Call& call, Cursor prev, Cursor vma,
                                                         PageRange piece, Advice advice) {
    const Attributes old = vmas_.at(vma).attributes;
    const Errno refused = refusal(old, advice, call.world.profile->dofork);
    if (refused != Errno::ok) return {refused, Cursor()};
    const Flags flags = advised_flags(old.flags, advice);
    if (flags == old.flags) return {Errno::ok, vma};

    Outcome outcome = vma_modify_flags(call, prev, vma, piece, flags);
    if (outcome.error == Errno::enomem) outcome.error = Errno::eagain;
    return outcome;
}

}  // namespace vmacheck::impl
