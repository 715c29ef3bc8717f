// Laws about doing nothing: unmapping what is not mapped, and operations without effect.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "properties/draw.h"
#include "properties/law_functions.h"
#include "properties/snapshot.h"
#include "properties/undo.h"

namespace vmacheck::laws {
namespace {

void expect_same(const Run& run, const Snapshot& before, const Snapshot& after) {
    if (const auto differs = difference(run, before, after, {})) fail(*differs);
}

// Nothing happened on the way, as far as the target shows that: what an operation brings along, a
// name or a policy, is made before anybody asks whether it is wanted.
void expect_quiet(const Run& run, const Op& op) {
    const Sight& sight = run.target().sight();
    std::vector<Stage> passed = run.log().passed();
    if (std::holds_alternative<AnonName>(op)) std::erase(passed, Stage::name);
    if (std::holds_alternative<Mbind>(op) || std::holds_alternative<HomeNode>(op))
        std::erase(passed, Stage::policy);
    if (sight.shows(Channel::stages)) RC_ASSERT(passed.empty());
    if (sight.shows(Channel::hooks)) RC_ASSERT(run.log().hooks().empty());
}

// A change of a stretch of areas that already are as it would make them.
std::optional<Op> draw_vain_change(Source& source, const SpaceView& view, const World& world) {
    const Stretch stretch = draw_stretch(source, view);
    const Op change = draw_change(source, world, stretch.range);
    std::optional<Op> vain;
    for (std::size_t at = stretch.first; at < stretch.end; ++at) {
        const Attributes& area = view.areas[at].attributes;
        // What changes nothing may be refused all the same.
        const bool is_of_anonymous = std::holds_alternative<AnonName>(change) ||
                                     std::holds_alternative<UffdRegister>(change);
        const bool is_lock = std::holds_alternative<Mlock>(change);
        const bool droppable = area.flags.has(Flag::droppable);
        const bool refuses = is_of_anonymous && (!area.file.none() || droppable);
        if (is_lock || refuses) return std::nullopt;
        const auto same = undo(world, change, area, stretch.range);
        if (!same || (vain && !(*same == *vain))) return std::nullopt;
        vain = same;
    }
    return vain;
}

// A page that was written once is not changed by another write; a read changes none.
std::optional<Op> draw_vain_touch(Source& source, const SpaceView& view, const World& world) {
    const AreaView& area = view.areas[source.below(view.areas.size())];
    const bool writes = !world.profile->fault_identity || !area.attributes.fault.none() ||
                        area.attributes.flags.has(Flag::shared);
    const Access access = writes && source.one_in(2) ? Access::write : Access::read;
    return Touch{draw_part(source, area.range), access};
}

struct VainStep {
    Step step;
    std::optional<Errno> answer;
    bool mapped;  // It is about pages that are mapped.
};

std::optional<VainStep> draw_vain_step(Source& source, const Snapshot& snapshot,
                                       const World& world) {
    const auto space = draw_space(source, snapshot);
    if (!space) return std::nullopt;
    const SpaceView& view = snapshot.spaces[space->value];
    const Page start{source.below(world.pages.value)};
    switch (source.below(8)) {
        default: {
            const auto op = draw_vain_change(source, view, world);
            if (!op) return std::nullopt;
            return VainStep{{*op, *space, {}}, Errno::ok, true};
        }
        case 4: {
            const auto op = draw_vain_touch(source, view, world);
            if (!op) return std::nullopt;
            return VainStep{{*op, *space, {}}, std::nullopt, true};
        }
        case 5: {
            const PageRange range = draw_range(source, view, world);
            for (const AreaView& area : view.areas) {
                if (!intersection(area.range, range).empty()) return std::nullopt;
            }
            return VainStep{{Munmap{range}, *space, {}}, Errno::ok, false};
        }
        case 6: {
            const Op op = draw_change(source, world, {start, PageCount{0}});
            // Who may lock nothing may not even lock no page, and a userfaultfd wants some.
            Errno answer = Errno::ok;
            if (std::holds_alternative<Mlock>(op) && world.memlock == 0) answer = Errno::eperm;
            if (std::holds_alternative<UffdRegister>(op)) answer = Errno::einval;
            return VainStep{{op, *space, {}}, answer, false};
        }
        case 7: return VainStep{{Fork{*space}, *space, {}}, Errno::eexist, false};
    }
}

}  // namespace

void unmap_is_idempotent(LawCase& law) {
    Candidate candidate = law.draw();
    Run run(law, candidate.world);
    run.steps(candidate.steps);
    const Snapshot before = run.snapshot();
    RcSource source;
    const SpaceId space = draw_space(source, before).value_or(SpaceId{0});
    const PageRange range = draw_range(source, before.spaces[space.value], run.world());
    const Step unmap{Munmap{range}, space, {}};
    candidate.steps.insert(candidate.steps.end(), 2, unmap);
    law.is_about(candidate);

    const Result first = run.step(unmap);
    // What is sealed stays, and with it the rest of the range.
    if (first.error == Errno::eperm) return;
    if (first.error != Errno::ok) {
        // The middle of an area cannot be cut out at the limit of areas.
        RC_ASSERT(first.error == Errno::enomem && run.world().profile->count_limit);
        expect_same(run, before, run.snapshot());
        return;
    }
    const Snapshot once = run.snapshot();
    const SpaceView& view = once.spaces[space.value];
    for (const AreaView& area : view.areas) RC_ASSERT(intersection(area.range, range).empty());
    RC_ASSERT(run.step(unmap).error == Errno::ok);
    expect_quiet(run, unmap.op);
    expect_same(run, once, run.snapshot());
    law.count_interesting(page_difference(run, before, once, {}) ? 1 : 0);
}

void no_op_changes_nothing(LawCase& law) {
    Candidate candidate = law.draw();
    Run run(law, candidate.world);
    run.steps(candidate.steps);
    const Snapshot before = run.snapshot();
    RcSource source;
    const auto vain = draw_vain_step(source, before, run.world());
    if (!vain) return;
    candidate.steps.push_back(vain->step);
    law.is_about(candidate);

    const Result result = run.step(vain->step);
    if (vain->answer) RC_ASSERT(result.error == *vain->answer);
    expect_quiet(run, vain->step.op);
    expect_same(run, before, run.snapshot());
    law.count_interesting(vain->mapped ? 1 : 0);
}

}  // namespace vmacheck::laws
