// Mutations of the world of a program: all but its steps.
#pragma once

#include "search/minimize.h"
#include "search/mutate_limits.h"
#include "search/source.h"

namespace vmacheck {

// One thing about the world changes; steps change only where they name a file that goes.
bool change_world(Candidate& program, const MutateLimits& limits, Source& source);

}  // namespace vmacheck
