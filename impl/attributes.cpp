// Locks, seals, names, policies and KSM's flag: operations that give areas another attribute.
//
// They share one walk, as their counterparts in the kernel resemble each other
// (apply_vma_lock_flags, mseal_range, madvise_walk_vmas, do_mbind).
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/end_splits.h"

namespace vmacheck::impl {
namespace {

Flags lock_flags(LockMode mode) {
    return mode == LockMode::on_fault ? locked_flags : Flags(Flag::locked);
}

// What cannot be locked cannot be unlocked either (mlock_fixup).
Attributes locked_as(Attributes to, Flags locks) {
    if (!supports_mlock(to.flags)) return to;
    to.flags = to.flags.without(locked_flags) | locks;
    return to;
}

}  // namespace

// Gives each area of `range` what `rule(attributes)` wants for it, left to right. An error stops
// the walk, and what was done before stays done.
template <class Rule>
Errno AddressSpace::change_range(Call& call, PageRange range, Walk walk, const Rule& rule) {
    if (call.atomic()) {
        const Errno error = check_range(call, range, walk, rule);
        if (error != Errno::ok) return error;
        call.committing = true;
    }
    Errno gap = Errno::ok;
    Page done = range.start;
    Cursor vma = vmas_.find(done);
    for (TurnBound turns = bound(); done < range.end(); turns.turn()) {
        const bool behind = vma == vmas_.end() || vmas_.at(vma).start >= range.end();
        if (behind || vmas_.at(vma).start > done) {
            if (walk.gaps == Gaps::stop) return Errno::enomem;
            if (walk.gaps == Gaps::report) gap = Errno::enomem;
            if (behind) break;
            done = vmas_.at(vma).start;
        }
        const Vma found = vmas_.at(vma);
        const PageRange piece = range_between(done, std::min(found.end, range.end()));
        const Wanted wanted = rule(found.attributes);
        if (wanted.error != Errno::ok) return wanted.error;
        if (wanted.to != found.attributes) {
            const Attributes& to = wanted.to;
            const Cursor prev = prev_of(vma, done);
            const bool of_policy =
                to.policy != found.attributes.policy || to.home_node != found.attributes.home_node;
            const Outcome outcome =
                of_policy ? vma_modify_policy(call, prev, vma, piece, to.policy, to.home_node)
                          : vma_modify_flags_name(call, prev, vma, piece, to.flags, to.name);
            if (outcome.error != Errno::ok) return walk.answer_to(outcome.error);
            vma = outcome.vma;
        }
        done = vmas_.at(vma).end;
        vma = vmas_.next(vma);
    }
    return gap;
}

// Passes what change_range() passes in an `atomic` profile, and changes nothing.
template <class Rule>
Errno AddressSpace::check_range(Call& call, PageRange range, Walk walk, const Rule& rule) const {
    EndSplits splits(range);
    bool gap = false;
    Page done = range.start;
    Cursor vma = vmas_.find(done);
    for (; vma != vmas_.end() && vmas_.at(vma).start < range.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        gap = gap || found.start > done;
        if (gap && walk.gaps == Gaps::stop) return Errno::enomem;
        done = found.end;
        const Wanted wanted = rule(found.attributes);
        if (wanted.error != Errno::ok) return wanted.error;
        if (wanted.to == found.attributes) continue;
        splits.changes(found);
    }
    gap = gap || done < range.end();
    if (gap && walk.gaps != Gaps::skip) return Errno::enomem;
    return walk.answer_to(splits.pass(call));
}

bool AddressSpace::has_gap(PageRange range) const {
    Page done = range.start;
    for (Cursor vma = vmas_.find(done); done < range.end(); vma = vmas_.next(vma)) {
        if (vma == vmas_.end() || vmas_.at(vma).start > done) return true;
        done = vmas_.at(vma).end;
    }
    return false;
}

// Locks.

// count_mm_mlocked_page_nr()
std::uint64_t AddressSpace::locked_in(PageRange range) const {
    std::uint64_t pages = 0;
    for (Cursor vma = vmas_.find(range.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        if (!found.attributes.flags.has(Flag::locked)) continue;
        pages += (std::min(found.end, range.end()) - std::max(found.start, range.start)).value;
    }
    return pages;
}

Errno AddressSpace::run(Call& call, const Mlock& op) {
    const std::uint64_t limit = call.world.memlock;
    if (limit == 0) return Errno::eperm;
    const std::uint64_t locked = counters_.locked + op.range.count.value;
    if (locked > limit && locked - locked_in(op.range) > limit) return Errno::enomem;
    if (op.range.empty()) return Errno::ok;

    const Flags locks = lock_flags(op.mode);
    const Errno error = change_range(call, op.range, {Gaps::stop}, [&](const Attributes& old) {
        return Wanted{Errno::ok, locked_as(old, locks)};
    });
    if (error != Errno::ok || call.atomic()) return error;
    // The locks stay, whatever comes of this.
    return mm_populate(call, op.range, false) == Errno::ok ? Errno::ok : Errno::enomem;
}

Errno AddressSpace::run(Call& call, const Munlock& op) {
    if (op.range.empty()) return Errno::ok;
    return change_range(call, op.range, {Gaps::stop}, [](const Attributes& old) {
        return Wanted{Errno::ok, locked_as(old, {})};
    });
}

Errno AddressSpace::run(Call& call, const Mlockall& op) {
    if (op.scope == LockScope::neither) return Errno::einval;
    if (call.world.memlock == 0) return Errno::eperm;
    const bool current = op.scope == LockScope::current || op.scope == LockScope::both;
    if (current && counters_.total > call.world.memlock) return Errno::enomem;

    const Flags locks = lock_flags(op.mode);
    def_flags_ = op.scope == LockScope::current ? Flags{} : locks;
    if (!current) return Errno::ok;
    apply_mlockall_flags(call, locks);
    const Errno ignored = mm_populate(call, {Page{0}, call.world.pages}, true);
    static_cast<void>(ignored);
    return Errno::ok;
}

Errno AddressSpace::run(Call& call, const Munlockall& /*op*/) {
    def_flags_ = {};
    apply_mlockall_flags(call, {});
    return Errno::ok;
}

// Every area as a whole; one that cannot be changed stays as it is.
void AddressSpace::apply_mlockall_flags(Call& call, Flags locks) {
    if (call.atomic()) call.committing = true;
    TurnBound turns = bound();
    Cursor prev;
    for (Cursor vma = vmas_.first(); vma != vmas_.end(); vma = vmas_.next(prev)) {
        turns.turn();
        const Vma found = vmas_.at(vma);
        const Attributes to = locked_as(found.attributes, locks);
        const Cursor before = prev;
        prev = vma;
        if (to == found.attributes) continue;
        const Outcome outcome = vma_modify(call, before, vma, found.range(), to);
        if (outcome.error == Errno::ok) prev = outcome.vma;
    }
}

// can_do_mlock() and mlock_future_ok() as mmap asks them.
Errno AddressSpace::check_lock(const Call& call, const Mmap& op, Flags flags) const {
    if (op.populate == Populate::locked && call.world.memlock == 0) return Errno::eperm;
    const std::uint64_t locked = counters_.locked + op.range.count.value;
    const bool exceeds = flags.has(Flag::locked) && locked > call.world.memlock;
    return exceeds ? Errno::eagain : Errno::ok;
}

// KSM.

// ksm_enable_merge_any() and ksm_disable_merge_any(): a flag that is written into every area, or
// taken from it. Areas that have become equal by that stay apart.
Errno AddressSpace::run(Call& call, const MemoryMerge& op) {
    const bool on = op.to == MergeAny::on;
    if (on == memory_merge_) return Errno::ok;
    memory_merge_ = on;
    for (Cursor vma = vmas_.first(); vma != vmas_.end(); vma = vmas_.next(vma)) {
        Attributes to = vmas_.at(vma).attributes;
        if (!on) {
            to.flags = to.flags.without(Flag::mergeable);
        } else if (ksm_compatible(to.flags)) {
            to.flags = to.flags | Flag::mergeable;
        }
        set_attributes(vma, to);
    }
    if (call.world.profile->maximal || BUG(memory_merge_heals_seams)) merge_all(call);
    return Errno::ok;
}

// Seals, names, policies.

Errno AddressSpace::run(Call& call, const Mseal& op) {
    if (op.range.empty()) return Errno::ok;
    if (has_gap(op.range)) return Errno::enomem;
    return change_range(call, op.range, {Gaps::stop}, [](const Attributes& old) {
        Wanted wanted{Errno::ok, old};
        wanted.to.flags = old.flags | Flag::sealed;
        return wanted;
    });
}

// prctl(PR_SET_VMA_ANON_NAME); what is short of memory is told to try again, as in madvise.
Errno AddressSpace::run(Call& call, const AnonName& op) {
    if (op.to != AreaName::none && call.fails(Stage::name)) return Errno::enomem;
    if (op.range.empty()) return Errno::ok;
    const Walk walk{Gaps::report, Errno::eagain};
    return change_range(call, op.range, walk, [&](const Attributes& old) {
        Wanted wanted{call.world.file(old.file) == nullptr ? Errno::ok : Errno::ebadf, old};
        wanted.to.name = op.to;
        return wanted;
    });
}

Errno AddressSpace::run(Call& call, const Mbind& op) {
    if (op.range.empty()) return Errno::ok;
    if (op.policy != Policy::none && call.fails(Stage::policy)) return Errno::enomem;
    const bool refused = op.policy == Policy::none ? !any_mapped(op.range) : has_gap(op.range);
    if (refused) return Errno::efault;
    return change_range(call, op.range, {Gaps::skip}, [&](const Attributes& old) {
        Wanted wanted{Errno::ok, old};
        wanted.to.policy = op.policy;
        wanted.to.home_node = false;
        return wanted;
    });
}

// set_mempolicy_home_node()
Errno AddressSpace::run(Call& call, const HomeNode& op) {
    if (op.range.empty()) return Errno::ok;
    bool any = false;
    const Errno error = change_range(call, op.range, {Gaps::skip}, [&](const Attributes& old) {
        Wanted wanted{Errno::ok, old};
        if (old.policy == Policy::none) return wanted;
        any = true;
        wanted.to.home_node = true;
        if (!has_home_node(old.policy)) {
            wanted.error = Errno::eopnotsupp;
        } else if (!call.atomic() && call.fails(Stage::policy)) {
            wanted.error = Errno::enomem;
        }
        return wanted;
    });
    return error == Errno::ok && !any ? Errno::enoent : error;
}

}  // namespace vmacheck::impl
