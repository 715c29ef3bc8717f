// Where each step of a program can fail, for who wants to fail all of it in turn.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "model/check.h"

namespace vmacheck {

// Runs a whole program as run_program() does, its end included. `points` gets how many points that
// can fail each step passed, up to the step with the finding.
std::optional<Finding> count_points(Lockstep& lockstep, const World& world,
                                    const std::vector<Step>& steps,
                                    std::vector<std::size_t>& points);

// The k-th point of a step, whatever its stage is.
inline Failure failure_at_point(std::size_t k) {
    return {Failure::Kind::at_any, Stage::split, static_cast<std::uint16_t>(k)};
}

}  // namespace vmacheck
