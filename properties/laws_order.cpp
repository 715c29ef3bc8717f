// Laws about time and place: the order of operations that have nothing to do with each other, and a
// program that is moved as a whole.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "properties/draw.h"
#include "properties/law_functions.h"
#include "properties/snapshot.h"
#include "properties/undo.h"

namespace vmacheck::laws {
namespace {

// All that an operation asks about. Whether an area can grow depends on the pages behind it.
std::vector<PageRange> ranges_of(const Op& op) {
    std::vector<PageRange> ranges;
    for_each_range(op, [&](const PageRange& range) { ranges.push_back(range); });
    if (const auto* const mremap = std::get_if<Mremap>(&op)) {
        ranges.push_back({mremap->from.start, mremap->to.count});
    }
    return ranges;
}

bool touch(PageRange one, PageRange other) {
    return one.start <= other.end() && other.start <= one.end();
}

// `range`, and the areas that touch it.
PageRange with_neighbours(const SpaceView& view, PageRange range) {
    Page start = range.start;
    Page end = range.end();
    for (const AreaView& area : view.areas) {
        if (!touch(area.range, range)) continue;
        start = std::min(start, area.range.start);
        end = std::max(end, area.range.end());
    }
    return range_between(start, end);
}

// Fault identities and sticky flags are of whole areas, and merges spread them.
bool has_facts_of_areas(const SpaceView& view) {
    for (const AreaView& area : view.areas) {
        const Attributes& at = area.attributes;
        if (!at.fault.none() || at.flags.has_any(sticky_flags)) return true;
    }
    return false;
}

bool brings_facts_of_areas(const Op& op) {
    const auto* const madvise = std::get_if<Madvise>(&op);
    const bool advises = madvise != nullptr && (madvise->advice == Advice::populate_write ||
                                                madvise->advice == Advice::guard_install);
    return advises || std::holds_alternative<Touch>(op) || std::holds_alternative<Mremap>(op);
}

// Ranges that do not touch are enough where no fault identity is at stake. Where one is, whole
// areas take part: an operation writes identities to the areas that touch its range, and reads
// those of their neighbours (find_mergeable_anon_vma()).
bool are_independent(const Run& run, const Snapshot& state, const Step& one, const Step& other) {
    const std::vector<PageRange> first = ranges_of(one.op);
    const std::vector<PageRange> second = ranges_of(other.op);
    if (first.empty() || second.empty()) return false;
    if (one.space != other.space) return true;
    const SpaceView& view = state.spaces[one.space.value];
    const bool faults = has_facts_of_areas(view) || brings_facts_of_areas(one.op) ||
                        brings_facts_of_areas(other.op);
    const bool whole_areas = run.world().profile->fault_identity && faults;
    for (const PageRange mine : first) {
        for (const PageRange yours : second) {
            if (touch(mine, yours)) return false;
            if (!whole_areas) continue;
            const PageRange my_areas = with_neighbours(view, mine);
            const PageRange your_areas = with_neighbours(view, yours);
            if (touch(with_neighbours(view, my_areas), your_areas)) return false;
            if (touch(with_neighbours(view, your_areas), my_areas)) return false;
        }
    }
    return true;
}

// Mostly the two are sent to pages that are mapped, where there is something to change, and are
// changes of it.
void aim(Source& source, const World& world, const Snapshot& state, Step& step) {
    const auto space = draw_space(source, state);
    if (!space || source.one_in(4)) return;
    step.space = *space;
    const SpaceView& view = state.spaces[space->value];
    const PageRange area = view.areas[source.below(view.areas.size())].range;
    const PageRange part = draw_part(source, area);
    if (!source.one_in(4)) {
        step.op = draw_change(source, world, part);
        return;
    }
    std::visit(
        [&](auto& op) {
            if constexpr (requires { op.range; }) op.range = part;
        },
        step.op);
    if (auto* const mremap = std::get_if<Mremap>(&step.op)) {
        mremap->from = part;
        mremap->to.count = part.count;
    }
}

// Every step of `candidate`, `pages` pages higher. What was anonymous takes its offset along by
// itself, and a file keeps its own.
Candidate shifted(const Candidate& candidate, PageCount pages) {
    Candidate moved = candidate;
    moved.world.pages += pages;
    moved.world.heap = moved.world.heap + pages;
    for (InitialArea& area : moved.world.areas) {
        area.range.start = area.range.start + pages;
        if (area.attributes.file.none()) area.attributes.pgoff += pages.value;
    }
    for (Step& step : moved.steps) {
        if (auto* const brk = std::get_if<Brk>(&step.op)) brk->to = brk->to + pages;
        // What was larger than the world still is.
        for_each_range(step.op, [&](PageRange& range) {
            range.start = range.start + pages;
            if (range.count > candidate.world.pages) range.count += pages;
        });
    }
    return moved;
}

}  // namespace

// The last two steps of a program are the pair; the others make the state that they meet.
void disjoint_operations_commute(LawCase& law) {
    Candidate candidate = law.draw_without_limit();
    if (candidate.steps.size() < 2) return;
    const std::vector<Step> history(candidate.steps.begin(), candidate.steps.end() - 2);
    Step& first = *(candidate.steps.end() - 2);
    Step& second = candidate.steps.back();

    Run forth(law, candidate.world);
    forth.steps(history);
    const Snapshot before = forth.snapshot();
    RcSource source;
    aim(source, candidate.world, before, first);
    aim(source, candidate.world, before, second);
    law.is_about(candidate);
    if (!are_independent(forth, before, first, second)) return;
    const Result first_forth = forth.step(first);
    const Snapshot between = forth.snapshot();
    const Result second_forth = forth.step(second);
    const Snapshot after = forth.snapshot();

    Run back(law, candidate.world);
    back.steps(history);
    const Result second_back = back.step(second);
    const Result first_back = back.step(first);
    RC_ASSERT(first_forth.error == first_back.error);
    RC_ASSERT(first_forth.unused == first_back.unused);
    RC_ASSERT(second_forth.error == second_back.error);
    RC_ASSERT(second_forth.unused == second_back.unused);
    if (const auto differs = difference(forth, after, back.snapshot(), {})) fail(*differs);

    const bool both_work = page_difference(forth, before, between, {}).has_value() &&
                           page_difference(forth, between, after, {}).has_value();
    law.count_interesting(both_work ? 1 : 0);
}

void shifting_shifts(LawCase& law) {
    const Candidate candidate = law.draw();
    RcSource source;
    const std::uint64_t most = source.one_in(4) ? law.setting().shift_max : 64;
    const PageCount pages{1 + source.below(std::min(most, law.setting().shift_max))};
    const Candidate moved = shifted(candidate, pages);
    Run low(law, candidate.world);
    Run high(law, moved.world);
    Matching matching;
    matching.shift = pages.value;
    for (std::size_t at = 0; at < candidate.steps.size(); ++at) {
        const Result expected = low.step(candidate.steps[at]);
        const Result found = high.step(moved.steps[at]);
        RC_ASSERT(expected.error == found.error);
        RC_ASSERT(expected.unused == found.unused);
        const Snapshot state = low.snapshot();
        if (const auto differs = difference(low, state, high.snapshot(), matching)) {
            fail("after step " + std::to_string(at + 1) + ", moved by " +
                 std::to_string(pages.value) + " pages: " + *differs);
        }
        const bool works = expected.error == Errno::ok && !state.spaces[0].areas.empty();
        law.count_interesting(works ? 1 : 0);
    }
}

}  // namespace vmacheck::laws
