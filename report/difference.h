// What differs on a page: the part of a report that a picture cannot show.
#pragma once

#include <string>
#include <vector>

#include "report/counterexample.h"

namespace vmacheck {

// Of a finding about pages, the first one that differs and what both sides say of it; else nothing.
std::vector<std::string> difference_lines(const Counterexample& example);

}  // namespace vmacheck
