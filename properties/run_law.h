// Runs a law.
//
// Same law, options and subject, same result: RapidCheck gets its parameters from `LawOptions`
// alone, never from the environment. A time limit decides how many cases there are, never which.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "properties/laws.h"

namespace vmacheck {

struct LawOptions {
    std::uint64_t seed = 1;
    int cases = 1000;
    int length_max = 64;     // Steps of a program; the first cases have fewer.
    double seconds_max = 0;  // Cases that begin later are left out; 0: none are.
    bool shrink = true;
    LawSetting setting;
    // Called with each program before anything runs it, so that it outlives a crash. May be empty.
    std::function<void(const Candidate&)> journal;
    // Called once, with the first program that breaks the law, before anything is shrunk.
    std::function<void(const Candidate&)> first_failure;
};

enum class LawOutcome : std::uint8_t {
    held,
    broken,   // There is a counterexample.
    vacuous,  // It held, but its interesting case occurred too rarely: nothing was shown.
};
inline constexpr std::array<std::string_view, 3> law_outcome_names = {"held", "broken", "vacuous"};

struct LawResult {
    LawOutcome outcome = LawOutcome::vacuous;
    std::uint64_t cases = 0;  // That were run before the first failure.
    std::uint64_t steps = 0;
    std::uint64_t interesting = 0;
    std::uint64_t interesting_required = 0;

    // If it is broken: the program that failed first, what RapidCheck made of it, how often it
    // tried, and what was wrong. A law that is not about a program has no program.
    std::optional<Candidate> first_failure;
    std::optional<Candidate> counterexample;
    std::uint64_t shrinks_tried = 0;
    std::string message;
    // RapidCheck's own words for the choices and the path to them; good for this build alone.
    std::string example;
    std::string reproduce;

    [[nodiscard]] bool passed() const { return outcome == LawOutcome::held; }
};

// How often the interesting case has to occur: at its rate, less what chance takes off it (three
// standard deviations), but once.
std::uint64_t required_interesting(const Law& law, std::uint64_t cases);

LawResult run_law(const Law& law, const LawSubject& subject, const LawOptions& options);

// A few lines for a person.
std::string describe(const Law& law, const LawResult& result);

}  // namespace vmacheck
