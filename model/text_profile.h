// Profiles as texts: the name that spells one out, and the file that an author of other rules
// writes.
//
//     # what my patch changes
//     base linux-6.18
//     fault_rule singular_neighbour
//
// A file names a profile of the list and then the switches that differ from it, a line each.
// docs/profiles.md lists them.
#pragma once

#include <string_view>
#include <variant>

#include "model/text.h"
#include "model/text_scanner.h"

namespace vmacheck {

[[nodiscard]] std::variant<const Profile*, ParseError> parse_profile_file(std::string_view text);

namespace text {

// What follows `profile=`: NAME or NAME,SWITCH:VALUE,...
[[nodiscard]] bool parse_profile(LineScanner& line, const Profile*& profile);

}  // namespace text
}  // namespace vmacheck
