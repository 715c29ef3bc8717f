// The law about failed operations.
//
// In a profile `atomic` a failed operation changes nothing at all. In the others it leaves what
// Linux leaves, and no more:
// - without a stage that failed, mmap, munmap and fork have not begun: nothing has changed;
// - mmap that failed behind its charge has unmapped its range; before that, as munmap, it has cut
//   areas at the ends of its range at most;
// - what changes attributes has changed its own up to some point, and pages outside of the range
//   keep all but a fault identity that a merge brought; mprotect stops at a hole, and mseal and
//   mbind do not begin where there is one;
// - touch has given identities, and through a fault grown stacks, and that is all;
// - brk has cut an area at most, and only where the heap was to shrink.
#include <algorithm>
#include <string>
#include <variant>

#include "properties/draw.h"
#include "properties/law_functions.h"
#include "properties/snapshot.h"

namespace vmacheck::laws {
namespace {

struct Failed {
    const Run& run;
    const Step& step;
    const Snapshot& before;
    const Snapshot& after;
    Errno error;

    [[nodiscard]] const SpaceView& view_before() const { return before.spaces[step.space.value]; }
    [[nodiscard]] const SpaceView& view_after() const { return after.spaces[step.space.value]; }
};

void expect_same(const Failed& failed) {
    if (const auto differs = difference(failed.run, failed.before, failed.after, {})) {
        fail(*differs);
    }
}

// Every page outside of `range` carries what it did, and no seam has come or gone but at its ends.
void expect_same_outside(const Failed& failed, PageRange range) {
    const SpaceView& before = failed.view_before();
    const SpaceView& after = failed.view_after();
    for (const Page page : ends_of(before, after)) {
        const Page at = range.contains(page) ? range.end() : page;
        const auto expected = attributes_at(before, at);
        const auto found = attributes_at(after, at);
        RC_ASSERT(expected.has_value() == found.has_value());
        if (expected) RC_ASSERT(*expected == *found);
        const bool inside = range.start <= page && page <= range.end();
        if (!inside) RC_ASSERT(is_seam(before, page) == is_seam(after, page));
    }
}

// Behind the last of these stages the old pages are gone.
bool is_past_return(Stage stage) {
    switch (stage) {
        case Stage::split:
        case Stage::merge:
        case Stage::charge:
        case Stage::policy:
        case Stage::anon:
        case Stage::name:
        case Stage::writable:
        case Stage::may_split:
        case Stage::detach:
        case Stage::clear:
        case Stage::link: return false;
        case Stage::prepare:
        case Stage::allocation:
        case Stage::hook:
        case Stage::shmem:
        case Stage::move: return true;
    }
    return false;
}

// Where to look: wherever an area begins or ends, and where the range does, for an area may span
// it.
std::vector<Page> visited(const Failed& failed, PageRange range) {
    std::vector<Page> pages = ends_of(failed.view_before(), failed.view_after());
    pages.insert(std::lower_bound(pages.begin(), pages.end(), range.start), range.start);
    return pages;
}

// Areas were cut at the ends of `range`, and that is all.
void expect_cuts_only(const Failed& failed, PageRange range) {
    const SpaceView& before = failed.view_before();
    const SpaceView& after = failed.view_after();
    for (const Page page : ends_of(before, after)) {
        RC_ASSERT(attributes_at(before, page) == attributes_at(after, page));
        if (page == range.start || page == range.end()) continue;
        RC_ASSERT(is_seam(before, page) == is_seam(after, page));
    }
}

void check_left(const Failed& failed, const Mmap& op) {
    const StepLog& log = failed.run.log();
    const bool no_right = op.populate == Populate::locked && failed.run.world().memlock == 0;
    if (no_right) return expect_same(failed);
    // A seal is seen when the first cut is made, and the limits are looked at behind both.
    const World& world = failed.run.world();
    const bool limited = world.address_space != no_limit || world.data != no_limit;
    const bool by_limit = limited && failed.error == Errno::enomem;
    if (failed.error == Errno::eperm) return expect_cuts_only(failed, op.range);
    if (!log.struck() && by_limit) return expect_cuts_only(failed, op.range);
    if (!log.struck()) return expect_same(failed);
    if (!is_past_return(log.struck_at())) return expect_cuts_only(failed, op.range);
    expect_same_outside(failed, op.range);
    for (const Page page : visited(failed, op.range)) {
        if (op.range.contains(page)) RC_ASSERT(!attributes_at(failed.view_after(), page));
    }
}

void check_left(const Failed& failed, const Munmap& op) {
    const bool sealed = failed.error == Errno::eperm;
    if (!failed.run.log().struck() && !sealed) return expect_same(failed);
    expect_cuts_only(failed, op.range);
}

// What a change of `range` may have done to a page: nothing but to what `forgive` makes the same, a
// fault, and what a merge brought it from afar.
template <class Forgive>
void check_page(PageRange range, Page page, Attributes before, Attributes after,
                const Forgive& forgive) {
    if (!before.fault.none()) RC_ASSERT(before.fault == after.fault);
    before.fault = after.fault;
    before.forked = after.forked;
    before.flags = before.flags.without(sticky_flags) | (after.flags & sticky_flags);
    if (range.contains(page)) {
        forgive(before);
        forgive(after);
    }
    RC_ASSERT(before == after);
}

template <class Forgive>
void check_pages(const Failed& failed, PageRange range, const Forgive& forgive) {
    for (const Page page : visited(failed, range)) {
        const auto before = attributes_at(failed.view_before(), page);
        const auto after = attributes_at(failed.view_after(), page);
        RC_ASSERT(before.has_value() == after.has_value());
        if (before) check_page(range, page, *before, *after, forgive);
    }
}

auto forgive_flags(Flags flags) {
    return [flags](Attributes& at) { at.flags = at.flags.without(flags); };
}

// With `growsdown` mprotect begins where the first area of its range does.
PageRange range_of(const Failed& failed, const Mprotect& op) {
    if (op.reach == Reach::range) return op.range;
    for (const AreaView& area : failed.view_before().areas) {
        if (area.range.end() <= op.range.start) continue;
        if (area.range.start >= op.range.end()) break;
        return range_between(area.range.start, op.range.end());
    }
    return {op.range.start, PageCount{0}};
}

void check_left(const Failed& failed, const Mprotect& op) {
    const PageRange range = range_of(failed, op);
    bool stopped = false;
    for (const Page page : visited(failed, range)) {
        const auto before = attributes_at(failed.view_before(), page);
        const auto after = attributes_at(failed.view_after(), page);
        RC_ASSERT(before.has_value() == after.has_value());
        const bool inside = range.contains(page);
        if (!before) {
            stopped = stopped || inside;
            continue;
        }
        check_page(range, page, *before, *after,
                   forgive_flags(access_flags | pkey_flags | Flag::account));
        if (!inside) continue;
        // Without a key to give, that of execute-only memory alone comes or goes.
        const World& world = failed.run.world();
        const bool key_differs = pkey_of(before->flags) != pkey_of(after->flags);
        const bool reserved = pkey_of(before->flags) == world.execute_only_pkey() ||
                              pkey_of(after->flags) == world.execute_only_pkey();
        if (op.pkey == Pkey::keep && key_differs) RC_ASSERT(reserved);
        const bool changed = !(before->flags ^ after->flags).without(sticky_flags).empty();
        if (changed) RC_ASSERT(!stopped);
        const bool has_key = op.pkey == Pkey::keep || pkey_of(after->flags) == number_of(op.pkey);
        const bool done = (after->flags & access_flags) == op.prot.flags && has_key;
        if (!done) RC_ASSERT(!changed);
        stopped = stopped || !done;
    }
}

void check_left(const Failed& failed, const Madvise& op) {
    const Flags advised = Flag::seq_read | Flag::rand_read | Flag::dont_copy | Flag::wipe_on_fork |
                          Flag::dont_dump | Flag::mergeable | Flag::huge_page | Flag::no_huge_page;
    check_pages(failed, op.range, forgive_flags(advised));
}

void check_left(const Failed& failed, const Mlock& op) {
    check_pages(failed, op.range, forgive_flags(locked_flags));
}
void check_left(const Failed& failed, const Munlock& op) {
    check_pages(failed, op.range, forgive_flags(locked_flags));
}
bool has_hole(const Failed& failed, PageRange range) {
    const Page world_end{failed.run.world().pages.value};
    if (range.end() > world_end) return true;
    for (Page page = range.start; page < range.end(); page = page + PageCount{1}) {
        if (!attributes_at(failed.view_before(), page)) return true;
    }
    return false;
}

void check_left(const Failed& failed, const Mseal& op) {
    if (has_hole(failed, op.range)) return expect_same(failed);
    check_pages(failed, op.range, forgive_flags(Flag::sealed));
}
void check_left(const Failed& failed, const AnonName& op) {
    check_pages(failed, op.range, [](Attributes& at) { at.name = AreaName::none; });
}
void check_left(const Failed& failed, const Mbind& op) {
    if (failed.error == Errno::efault) return expect_same(failed);
    check_pages(failed, op.range, [](Attributes& at) {
        at.policy = Policy::none;
        at.home_node = false;
    });
}
void check_left(const Failed& failed, const HomeNode& op) {
    check_pages(failed, op.range, [](Attributes& at) { at.home_node = false; });
}
// What is refused is refused as a whole.
void check_left_by_uffd(const Failed& failed, PageRange range) {
    if (failed.error != Errno::enomem) return expect_same(failed);
    check_pages(failed, range, [](Attributes& at) {
        at.uffd = UffdContext::none;
        at.flags = at.flags.without(uffd_flags);
    });
}
void check_left(const Failed& failed, const UffdRegister& op) {
    check_left_by_uffd(failed, op.range);
}
void check_left(const Failed& failed, const UffdUnregister& op) {
    check_left_by_uffd(failed, op.range);
}
void check_left(const Failed& /*failed*/, const UffdClose& /*op*/) {
    fail("uffd_close failed");
}
void check_left(const Failed& /*failed*/, const MemoryMerge& /*op*/) {
    fail("memory_merge failed");
}
void check_left(const Failed& failed, const Mlockall& /*op*/) {
    expect_same(failed);
}
void check_left(const Failed& failed, const Munlockall& /*op*/) {
    expect_same(failed);
}

bool in_one_area(const SpaceView& view, PageRange range) {
    const auto holds = [&](const AreaView& area) {
        return area.range.start <= range.start && range.end() <= area.range.end();
    };
    return std::any_of(view.areas.begin(), view.areas.end(), holds);
}

// A move that fails has all its pages where they were: what it has unmapped by then is what lay at
// the new place, and what the new one has no room for. Of several areas the first may have moved
// before another one fails. Pages outside of both ranges keep all but a fault identity and, where a
// part of their area moved away and left its place behind, their locks.
void check_left(const Failed& failed, const Mremap& op) {
    const bool begun = op.moving == Moving::fixed || failed.run.log().struck();
    if (!begun && failed.error != Errno::eperm) return expect_same(failed);
    const bool alone = in_one_area(failed.view_before(), op.from);
    const auto may_go = [&](Page page) {
        if (op.to.contains(page)) return true;
        return op.from.contains(page) && (!alone || page >= op.from.start + op.to.count);
    };
    for (const Page page : ends_of(failed.view_before(), failed.view_after())) {
        const auto before = attributes_at(failed.view_before(), page);
        const auto after = attributes_at(failed.view_after(), page);
        if (may_go(page) && (!alone || !after)) continue;
        RC_ASSERT(before.has_value() == after.has_value());
        const PageRange nowhere{page, PageCount{0}};
        if (!before) continue;
        Attributes kept = *after;
        if (op.old_place == OldPlace::dont_unmap)
            kept.flags = kept.flags | (before->flags & locked_flags);
        check_page(nowhere, page, *before, kept, [](Attributes&) {});
    }
}

void check_left(const Failed& failed, const Brk& op) {
    const Page end{failed.view_before().counters.brk};
    if (op.to >= end) return expect_same(failed);
    expect_cuts_only(failed, range_between(op.to, end));
}

void check_left(const Failed& failed, const RemapFilePages& op) {
    const bool begun = failed.run.log().struck() || failed.error == Errno::eperm;
    if (!begun && failed.error != Errno::enomem) return expect_same(failed);
    Mmap mmap;
    mmap.range = op.range;
    check_left(failed, mmap);
}

void check_left(const Failed& failed, const Touch& op) {
    if (op.through == Through::fault) {
        for (const Page page : ends_of(failed.view_before(), failed.view_after())) {
            const auto before = attributes_at(failed.view_before(), page);
            const auto after = attributes_at(failed.view_after(), page);
            if (before) RC_ASSERT(after.has_value());
            if (before) check_page({page, PageCount{0}}, page, *before, *after, [](Attributes&) {});
            const bool grown = after && !before;
            if (grown) RC_ASSERT(page >= op.range.start && after->flags.has(Flag::grows_down));
        }
        return;
    }
    Matching matching;
    matching.fault = false;
    if (const auto differs = difference(failed.run, failed.before, failed.after, matching)) {
        fail(*differs);
    }
}

void check_left(const Failed& failed, const Fork& /*op*/) {
    expect_same(failed);
}

}  // namespace

void failed_operation_leaves_what_the_rules_say(LawCase& law) {
    const Candidate candidate = law.draw();
    Run run(law, candidate.world);
    Snapshot before = run.snapshot();
    for (const Step& step : candidate.steps) {
        const Result result = run.step(step);
        Snapshot after = run.snapshot();
        if (result.error != Errno::ok) {
            const Failed failed{run, step, before, after, result.error};
            const bool changes_nothing = run.world().profile->atomic ||
                                         result.error == Errno::declined ||
                                         result.error == Errno::esrch;
            if (changes_nothing)
                expect_same(failed);
            else
                std::visit([&](const auto& op) { check_left(failed, op); }, step.op);
            if (const auto broken = broken_invariant(run, after)) fail(*broken);
            const bool met_pages = !before.spaces[step.space.value].areas.empty();
            law.count_interesting(run.log().struck() && met_pages ? 1 : 0);
        }
        before = std::move(after);
    }
}

}  // namespace vmacheck::laws
