// The law that fails every operation at every point at which it can fail.
//
// Random injection comes to rare points rarely, and to combinations of rare points hardly ever.
// Here each step of a program is run from the state before it, once for each point that can fail,
// with that point failing. What the step leaves behind is held against the reference, as after
// every step; and everything is unmapped then, so that no area, charge or reference has been lost
// on the way back.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/check.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

// Runs a program, its end included. Answers how many points that can fail each step has passed.
std::vector<std::size_t> run_as_the_rules_say(Lockstep& lockstep, const Candidate& program) {
    std::vector<std::size_t> points;
    lockstep.begin(program.world, Cells(program.world.pages));
    std::optional<Finding> finding;
    for (const Step& step : program.steps) {
        finding = lockstep.step(step);
        if (finding) break;
        points.push_back(lockstep.points());
    }
    if (!finding) finding = lockstep.finish();
    if (finding) fail(bucket_name(finding->bucket) + ": " + finding->what);
    return points;
}

}  // namespace

void systematic_failure(LawCase& law) {
    const Candidate candidate = law.draw();
    const auto target = law.subject().target();
    Lockstep lockstep(*target);
    const std::vector<std::size_t> points = run_as_the_rules_say(lockstep, candidate);
    Candidate tried{candidate.world, {}};
    for (std::size_t at = 0; at < points.size(); ++at) {
        const Step& step = candidate.steps[at];
        tried.steps.push_back(step);
        // One that fails already was drawn so, and how far it would have come is not known.
        if (step.failure.kind != Failure::Kind::none) continue;
        const std::size_t last = std::min<std::size_t>(points[at], failure_k_max);
        for (std::size_t k = 1; k <= last; ++k) {
            tried.steps.back().failure = {Failure::Kind::at_any, Stage::split,
                                          static_cast<std::uint16_t>(k)};
            law.is_about(tried);
            static_cast<void>(run_as_the_rules_say(lockstep, tried));
            law.count_interesting(1);
        }
        tried.steps.back() = step;
    }
    law.count_steps(lockstep.step_count());
}

}  // namespace vmacheck::laws
