// Programs that are installed beside this one.
#pragma once

#include <optional>
#include <string>

namespace vmacheck::cli {

// The path of a program in the folder of this one; nothing if there is none that can be run.
[[nodiscard]] std::optional<std::string> find_beside(const std::string& name);

// The seeded bugs are in a build of their own, vmacheck-bugs, which goes on with the same words in
// place of this process. Comes back if it is not there.
void become_seeded_build(const char* const* argv);

}  // namespace vmacheck::cli
