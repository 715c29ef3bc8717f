// Which system is tested: the name of a target, and a bug to seed into it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/version.h"
#include "model/target.h"
#include "report/counterexample.h"
#include "report/json.h"

namespace vmacheck::cli {

struct TargetChoice {
    std::string name = "impl";  // Or "live": the running kernel.
    std::string bug;  // Empty: none. Only the build with the seeded bugs can switch one on.
};

// Switches the bug on. An exit, with a complaint, if the target is not here or the bug unknown.
[[nodiscard]] std::optional<Exit> prepare(const TargetChoice& choice);

// A new target of a choice that was prepared.
[[nodiscard]] std::unique_ptr<Target> make_target(const TargetChoice& choice);

// Why programs with these rules cannot be tested on the target; empty if they can.
[[nodiscard]] std::string refusal_of(const TargetChoice& choice, const Profile& profile);

// Whether several of it can be in use at a time, as laws want it. Not if there is one window alone.
[[nodiscard]] bool takes_laws(const TargetChoice& choice);

// Whether an engine can have it in its own process.
[[nodiscard]] bool takes_engine(const TargetChoice& choice);

// All targets there are, with what each can show.
[[nodiscard]] std::vector<TargetReport> list_targets();

// What the reports of this run have in common.
[[nodiscard]] Environment environment_of(const TargetChoice& choice);

}  // namespace vmacheck::cli
