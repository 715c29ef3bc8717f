// The law that fails every operation at every point at which it can fail.
//
// Random injection comes to rare points rarely, and to combinations of rare points hardly ever.
// Here each step of a program is run from the state before it, once for each point that can fail,
// with that point failing. What the step leaves behind is held against the reference, as after
// every step; and everything is unmapped then, so that no area, charge or reference has been lost
// on the way back.
#include <algorithm>
#include <vector>

#include "model/check.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

void run_as_the_rules_say(Lockstep& lockstep, const Candidate& program,
                          std::vector<std::size_t>& points) {
    const auto finding = run_program(lockstep, program.world, program.steps, &points);
    if (finding) fail(bucket_name(finding->bucket) + ": " + finding->what);
}

}  // namespace

void systematic_failure(LawCase& law) {
    const Candidate candidate = law.draw();
    const auto target = law.subject().target();
    Lockstep lockstep(*target);
    std::vector<std::size_t> points;
    run_as_the_rules_say(lockstep, candidate, points);
    Candidate tried{candidate.world, {}};
    std::vector<std::size_t> points_of_tried;
    for (std::size_t at = 0; at < points.size(); ++at) {
        const Step& step = candidate.steps[at];
        tried.steps.push_back(step);
        // One that fails already was drawn so, and how far it would have come is not known.
        if (step.failure.kind != Failure::Kind::none) continue;
        const std::size_t last = points_with_a_name(points[at]);
        for (std::size_t k = 1; k <= last; ++k) {
            tried.steps.back().failure = failure_at_point(k);
            law.is_about(tried);
            run_as_the_rules_say(lockstep, tried, points_of_tried);
            law.count_interesting(1);
        }
        tried.steps.back() = step;
    }
    law.count_steps(lockstep.step_count());
}

}  // namespace vmacheck::laws
