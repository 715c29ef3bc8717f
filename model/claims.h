// Claims: what a text says about results and areas, held against the reference.
#pragma once

#include <string>
#include <vector>

#include "model/program.h"
#include "model/reference.h"
#include "model/target.h"

namespace vmacheck {

// The areas of a space as the reference has them; none if there is no such space.
std::vector<AreaView> areas_of(const Reference& reference, SpaceId space);

// The claim that lists these areas. What has no name in the world is `anon`, the object behind
// shared anonymous memory included.
AreasLine claim_about(const std::vector<AreaView>& areas, SpaceId space, const World& world);

// Whether an `areas` line says what `areas` are. A claim without a backing fits any.
bool claim_holds(const AreasLine& line, const std::vector<AreaView>& areas, const World& world);

// `0+4 rw- anon | 4+4 r-- file=a@0`, or the number of areas.
std::string print_areas(const AreasLine& line, const World& world);

}  // namespace vmacheck
