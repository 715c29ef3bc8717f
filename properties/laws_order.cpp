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

std::optional<PageRange> range_of(const Op& op) {
    return std::visit(
        [](const auto& typed) -> std::optional<PageRange> {
            if constexpr (requires { typed.range; })
                return typed.range;
            else
                return std::nullopt;
        },
        op);
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

bool has_faults(const SpaceView& view) {
    for (const AreaView& area : view.areas) {
        if (!area.attributes.fault.none()) return true;
    }
    return false;
}

// Ranges that do not touch are enough where no fault identity is at stake. Where one is, whole
// areas take part: an operation writes identities to the areas that touch its range, and reads
// those of their neighbours (find_mergeable_anon_vma()).
bool are_independent(const Run& run, const Snapshot& state, const Step& one, const Step& other) {
    const auto first = range_of(one.op);
    const auto second = range_of(other.op);
    if (!first || !second) return false;
    if (one.space != other.space) return true;
    if (touch(*first, *second)) return false;
    if (!run.world().profile->fault_identity) return true;
    const SpaceView& view = state.spaces[one.space.value];
    const bool faults = has_faults(view) || std::holds_alternative<Touch>(one.op) ||
                        std::holds_alternative<Touch>(other.op);
    if (!faults) return true;
    const PageRange written_first = with_neighbours(view, *first);
    const PageRange written_second = with_neighbours(view, *second);
    return !touch(with_neighbours(view, written_first), written_second) &&
           !touch(with_neighbours(view, written_second), written_first);
}

// Mostly the two are sent to pages that are mapped, where there is something to change.
void aim(Source& source, const Snapshot& state, Step& step) {
    const auto space = draw_space(source, state);
    if (!space || source.one_in(4)) return;
    step.space = *space;
    const SpaceView& view = state.spaces[space->value];
    const PageRange area = view.areas[source.below(view.areas.size())].range;
    const PageRange part = draw_part(source, area);
    std::visit(
        [&](auto& op) {
            if constexpr (requires { op.range; }) op.range = part;
        },
        step.op);
}

// Every step of `candidate`, `pages` pages higher. What was anonymous takes its offset along by
// itself, and a file keeps its own.
Candidate shifted(const Candidate& candidate, PageCount pages) {
    Candidate moved = candidate;
    moved.world.pages += pages;
    for (InitialArea& area : moved.world.areas) {
        area.range.start = area.range.start + pages;
        if (area.attributes.file.none()) area.attributes.pgoff += pages.value;
    }
    for (Step& step : moved.steps) {
        std::visit(
            [&](auto& op) {
                if constexpr (requires { op.range; }) op.range.start = op.range.start + pages;
            },
            step.op);
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
    aim(source, before, first);
    aim(source, before, second);
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
