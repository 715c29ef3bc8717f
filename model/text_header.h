// The lines in front of the steps. Each function reads what follows the first word of its line, and
// returns false when it has reported an error; the end of the line is left to the caller.
#pragma once

#include <cstdint>
#include <map>

#include "model/text_scanner.h"
#include "model/text_values.h"
#include "model/world.h"

namespace vmacheck::text {

[[nodiscard]] bool parse_world(LineScanner& line, World& world);
[[nodiscard]] bool parse_file(LineScanner& line, World& world, FileNames& files);

// Which fault identities of the areas so far came through fork.
using ForkedFaults = std::map<std::uint32_t, bool>;
[[nodiscard]] bool parse_area(LineScanner& line, World& world, const FileNames& files,
                              ForkedFaults& faults);

}  // namespace vmacheck::text
