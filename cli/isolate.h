// Runs a program in a child process, in lockstep with the reference, and says what became of it. A
// target that crashes or hangs there is a finding like any other.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_choice.h"
#include "report/counterexample.h"
#include "search/minimize.h"
#include "targets/child.h"

namespace vmacheck::cli {

// A target that has not finished a step after so long hangs. It is asked again with ten times the
// patience before that counts.
inline constexpr std::chrono::milliseconds full_patience{2000};
inline constexpr int confirmation_factor = 10;

// Shared with the child: how far it has come.
struct Watch {
    Heartbeat heartbeat;
    std::atomic<std::uint64_t> steps_begun{0};  // One more than there are steps: at the end.
};

// A claim of the text that the reference does not hold true.
struct ClaimFailure {
    std::size_t line = 0;  // Index in Program::lines.
    std::string expected;  // What is true.
    std::string found;     // What the text claims.
};

struct StepRecord {
    Answers answers;
    std::string areas;                 // Of the target, as in an `areas` line.
    std::vector<std::string> picture;  // The same as a picture.
};

struct RunRecord {
    std::vector<StepRecord> steps;
    std::optional<Finding> finding;
    std::vector<AreaView> expected;  // Areas at the finding, in its space.
    std::vector<AreaView> found;
    std::optional<ClaimFailure> claim;  // The first one that does not hold.
    std::size_t declined = 0;           // Steps that the target does not offer.
    std::string refusal;     // Why it cannot be tested, or not to its end; empty if it was.
    std::string last_words;  // Of a child that died.
    std::string stderr_text;
};

struct IsolateOptions {
    std::chrono::milliseconds patience = full_patience;
    bool confirm_hang = true;
    bool answers = true;        // Record the steps.
    bool pictures = false;      // And their areas.
    bool check_claims = false;  // Those of the program's text.
    // Called now and then with the number of steps that have begun. May be empty.
    std::function<void(std::uint64_t begun)> progress = {};
};

[[nodiscard]] RunRecord run_isolated(const Program& program, const TargetChoice& choice,
                                     const IsolateOptions& options);

// What a program comes to when it is run by itself; nothing if it is good.
[[nodiscard]] std::optional<Finding> finding_of(const Candidate& candidate,
                                                const TargetChoice& choice,
                                                bool confirm_hang = true);

// The finding of a program that ended from outside in its step `begun` (counted from 1).
[[nodiscard]] Finding outside_finding(Verdict verdict, const Candidate& candidate,
                                      std::uint64_t begun, const ChildEnd& end);

// What a run in the very process answers; beats before each step.
[[nodiscard]] std::optional<Finding> run_watched(Lockstep& lockstep, const Candidate& candidate,
                                                 Watch& watch);

[[nodiscard]] Candidate candidate_of(const Program& program);
[[nodiscard]] Counterexample counterexample_of(const Candidate& candidate, const RunRecord& record);

// As in a claim: "ok", "EINVAL".
[[nodiscard]] std::string text_of(Result result);

// The line of a dead child's stderr that says most, without what differs from run to run: its
// process number and its addresses.
[[nodiscard]] std::string telling_line(const std::string& text);

}  // namespace vmacheck::cli
