// A counterexample: a program, what was found in it, and what both sides showed. Text report, JSON
// and the comments of a saved file are three ways to write it down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/check.h"

namespace vmacheck {

// Where a program was run and where it comes from: what it takes to do it again.
struct Environment {
    std::string version;
    std::string target;
    std::string bug;       // The seeded bug that was switched on, or empty.
    std::string profile;   // The rules that were put in place of the program's own, or empty.
    std::string alphabet;  // Empty if the program was not generated.
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> program;  // Its number under the seed.
};

// Answers of both sides to one step; `found` is missing if the target never answered.
struct Answers {
    Result expected;
    std::optional<Result> found;
};

struct Counterexample {
    World world;
    std::vector<Step> steps;
    Finding finding;
    std::vector<Answers> answers;    // One for each step that was run, the failing one included.
    std::vector<AreaView> expected;  // The areas of the space of the finding, after that step.
    std::vector<AreaView> found;
    std::string last_words;  // Of a process that died: the first telling line of its stderr.
};

// "missed_merge after step 3 of 3: mprotect 1+1 rw-"
std::string headline(const Counterexample& example);

// "vmacheck 0.1.0, target impl, profile linux-6.18, seed 1, program 77"
std::string environment_text(const Environment& environment, const Profile& profile);

// "vmacheck replay FILE --target impl", FILE made fit for a shell and for what parses options.
std::string replay_command(const Environment& environment, const std::string& file);

// Both pictures under one ruler; lines without an indent.
std::vector<std::string> comparison_lines(const Counterexample& example);

// `program` with all that makes it tell its story: what was found, as comments at the top; the
// expected results as claims, each with a picture; the expected areas at the end as a claim.
Program annotated(const Counterexample& example, const Environment& environment);

}  // namespace vmacheck
