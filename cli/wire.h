// What a child process says to its parent: one JSON value a line, through a pipe. A child that dies
// has said all that it wrote before.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/check.h"
#include "model/target.h"
#include "search/minimize.h"

namespace vmacheck::cli {

// Writes `value` and a newline; the child ends if its parent is gone.
void send(int pipe, const nlohmann::json& value);

// The values of all whole lines.
[[nodiscard]] std::vector<nlohmann::json> received(std::string_view output);

[[nodiscard]] nlohmann::json to_wire(const Finding& finding);
[[nodiscard]] Finding finding_from_wire(const nlohmann::json& wire);
[[nodiscard]] nlohmann::json to_wire(Result result);
[[nodiscard]] Result result_from_wire(const nlohmann::json& wire);
// A program crosses as its text.
[[nodiscard]] std::string to_wire(const Candidate& candidate);
// Nothing if that is no text of a program.
[[nodiscard]] std::optional<Candidate> candidate_from_wire(std::string_view text);
[[nodiscard]] nlohmann::json to_wire(const std::vector<AreaView>& areas);
[[nodiscard]] std::vector<AreaView> areas_from_wire(const nlohmann::json& wire);

}  // namespace vmacheck::cli
