// The operations that put an area of a world there, as a process would have made it.
#pragma once

#include <vector>

#include "model/op.h"
#include "model/world.h"

namespace vmacheck {

// A mapping, and what gives it the attributes that a mapping does not have. Whether it has become
// the area depends on what lies beside it, and what was charged for long ago cannot be had anew: so
// look at the result. The identity of a write fault is a new one. `world` is that of the area, or
// one with the same protection keys.
[[nodiscard]] std::vector<Op> operations_that_make(const World& world, const InitialArea& area);

}  // namespace vmacheck
