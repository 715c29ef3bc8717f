// The failures of a run: which operation came back from which of its stages.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "model/cases.h"
#include "model/profile.h"

namespace vmacheck {

// A line for each operation that can fail at a stage in one of the profiles, a column for each
// stage, and in it how often a failure struck there; `.` where the operation does not pass the
// stage. `counts` is by CaseId. For example, of two operations and three stages:
//
//                 split   merge  charge
//     mmap         9041   10377    6218
//     munmap       7765       .       .
std::string unwind_matrix(std::span<const std::uint64_t> counts,
                          std::span<const Profile* const> profiles);

}  // namespace vmacheck
