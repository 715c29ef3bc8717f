// Userfaultfds: registering the areas of a range, taking them away again, and closing; and the
// entry point for that.
//
// All that could be refused is looked for in a walk of its own, before the walk that changes areas;
// that one goes as in the kernel: `vma` is the area under the cursor, `prev` what lies before the
// piece, or `vma` itself if the piece starts inside it. The twin, page by page, is
// model/reference_uffd.cpp.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {
namespace {

// An area that its context watches for all of `modes` stays as it is, whatever else it watches for.
Attributes registered(Attributes at, UffdContext context, Flags modes) {
    if (at.uffd == context && at.flags.has(modes)) return at;
    at.flags = at.flags.without(uffd_flags) | modes;
    at.uffd = context;
    return at;
}

Attributes unregistered(Attributes at) {
    const Flags modes = at.flags & uffd_flags;
    at = without_uffd(at);
    if (BUG(uffd_unregister_leaves_modes)) at.flags = at.flags | modes;
    return at;
}

// Lack of memory for a merge keeps no area from being cleared.
AddressSpace::MergeOom oom_of_clear() {
    return BUG(uffd_clear_fails_without_merge) ? AddressSpace::MergeOom::is_an_error
                                               : AddressSpace::MergeOom::gives_up;
}

}  // namespace

AddressSpace::Outcome AddressSpace::vma_modify_flags_uffd(Call& call, Cursor prev, Cursor middle,
                                                          PageRange range, Flags flags,
                                                          UffdContext context, MergeOom oom) {
    Attributes to = vmas_.at(middle).attributes;
    to.flags = flags;
    to.uffd = context;
    return vma_modify(call, prev, middle, range, to, oom);
}

// Whether a userfaultfd may be asked for the whole range; what refuses an area that is watched is
// for `refusal` to say.
template <class Refusal>
Errno AddressSpace::check_uffd(PageRange range, const World& world, const Refusal& refusal) const {
    if (range.empty() || range.end().value > world.pages.value) return Errno::einval;
    Cursor vma = vmas_.find(range.start);
    if (vma == vmas_.end() || vmas_.at(vma).start >= range.end()) return Errno::einval;
    for (; vma != vmas_.end() && vmas_.at(vma).start < range.end(); vma = vmas_.next(vma)) {
        const Attributes& at = vmas_.at(vma).attributes;
        // Faults of a mapped file are its driver's. Objects behind shared anonymous memory have no
        // driver of ours.
        if (world.file(at.file) != nullptr || at.flags.has(Flag::droppable)) return Errno::einval;
        const Errno refused = at.uffd == UffdContext::none ? Errno::ok : refusal(at);
        if (refused != Errno::ok) return refused;
        if (BUG(uffd_checks_first_area_alone)) break;
    }
    return Errno::ok;
}

// Gives each area of `range` what `rule` makes of its attributes. An error stops the walk, and what
// was done before stays done.
template <class Rule>
Errno AddressSpace::change_uffd(Call& call, PageRange range, MergeOom oom, const Rule& rule) {
    if (call.atomic()) {
        const Errno error = pass_uffd_splits(call, range, rule);
        if (error != Errno::ok) return error;
        call.committing = true;
    }
    Cursor vma = vmas_.find(range.start);
    Cursor prev = prev_of(vma, range.start);
    for (TurnBound turns = bound(); vma != vmas_.end(); vma = vmas_.next(prev), turns.turn()) {
        const Vma found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        const Attributes to = rule(found.attributes);
        if (to == found.attributes) {
            prev = vma;
            continue;
        }
        const PageRange piece =
            range_between(std::max(found.start, range.start), std::min(found.end, range.end()));
        const bool whole = piece == found.range();
        const Outcome outcome = vma_modify_flags_uffd(call, prev, vma, piece, to.flags, to.uffd,
                                                      whole ? oom : MergeOom::is_an_error);
        if (outcome.error != Errno::ok) return outcome.error;
        prev = outcome.vma;
    }
    return Errno::ok;
}

// Passes what change_uffd() passes in an `atomic` profile, and changes nothing.
template <class Rule>
Errno AddressSpace::pass_uffd_splits(Call& call, PageRange range, const Rule& rule) const {
    for (const Page end : {range.start, range.end()}) {
        const Cursor vma = vmas_.find(end);
        if (vma == vmas_.end() || !vmas_.at(vma).cut_by(end)) continue;
        const Attributes& at = vmas_.at(vma).attributes;
        const Errno refused = rule(at) != at ? refusal_of_split(call, at) : Errno::ok;
        if (refused != Errno::ok) return refused;
    }
    return Errno::ok;
}

Errno AddressSpace::run(Call& call, const UffdRegister& op) {
    const UffdContext context = context_of(op.uffd);
    const Flags modes = flags_of(op.mode);
    const bool keeps_wp = call.world.profile->uffd_wp == UffdWp::stays && !modes.has(Flag::uffd_wp);
    const Errno refused = check_uffd(op.range, call.world, [&](const Attributes& at) {
        const bool busy = at.uffd != context || (keeps_wp && at.flags.has(Flag::uffd_wp));
        return busy ? Errno::ebusy : Errno::ok;
    });
    if (refused != Errno::ok) return refused;
    return change_uffd(call, op.range, MergeOom::is_an_error,
                       [&](const Attributes& at) { return registered(at, context, modes); });
}

Errno AddressSpace::run(Call& call, const UffdUnregister& op) {
    const bool anybody = call.world.profile->uffd_unregister == UnregisterBy::anybody;
    const Errno refused = check_uffd(op.range, call.world, [&](const Attributes& at) {
        const bool permitted = anybody || at.uffd == context_of(op.uffd);
        return permitted ? Errno::ok : Errno::einval;
    });
    if (refused != Errno::ok) return refused;
    return change_uffd(call, op.range, oom_of_clear(), [](const Attributes& at) {
        return at.uffd == UffdContext::none ? at : unregistered(at);
    });
}

// userfaultfd_release_all(): areas as a whole, so that nothing can fail.
Errno AddressSpace::run(Call& call, const UffdClose& op) {
    if (call.atomic()) call.committing = true;
    const UffdContext context = context_of(op.uffd);
    TurnBound turns = bound();
    Cursor prev;
    for (Cursor vma = vmas_.first(); vma != vmas_.end(); vma = vmas_.next(prev)) {
        turns.turn();
        const Vma found = vmas_.at(vma);
        const Cursor before = prev;
        prev = vma;
        if (found.attributes.uffd != context) continue;
        const Attributes to = unregistered(found.attributes);
        if (BUG(uffd_close_never_merges)) {
            set_attributes(vma, to);
            continue;
        }
        const Outcome outcome = vma_modify_flags_uffd(call, before, vma, found.range(), to.flags,
                                                      to.uffd, oom_of_clear());
        if (outcome.error != Errno::ok && BUG(uffd_clear_fails_without_merge)) return Errno::enomem;
        CHECK(outcome.error == Errno::ok);
        prev = outcome.vma;
    }
    return Errno::ok;
}

// Nobody told the userfaultfd where its pages went, so that it loses them, and the area that they
// are in now (userfaultfd_reset_ctx). Nothing is merged.
void AddressSpace::reset_uffd(PageRange range) {
    const Cursor vma = vmas_.find(range.start);
    const Attributes& old = vmas_.at(vma).attributes;
    if (old.uffd != UffdContext::none) set_attributes(vma, without_uffd(old));
}

}  // namespace vmacheck::impl
