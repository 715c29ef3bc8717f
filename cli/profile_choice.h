// `--profile`: a name, a name with switches behind it, or a file of switches.
#pragma once

#include <string>
#include <string_view>

#include "model/profile.h"

namespace vmacheck::cli {

// The profile that `word` means. Complains and answers null if there is none; `before` precedes the
// list of those that there are.
[[nodiscard]] const Profile* choose_profile(const std::string& word, std::string_view before);

// The known defects, for people, with the profiles that have them.
[[nodiscard]] std::string defect_help();

// All profiles and their switches, for people.
[[nodiscard]] std::string profile_help();

}  // namespace vmacheck::cli
