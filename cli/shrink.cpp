// One child for all candidates, or one for each; see the header.
#include "cli/shrink.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/wire.h"
#include "model/check_macro.h"

namespace vmacheck::cli {
namespace {

using nlohmann::json;

// The candidate of a hang that does hang costs this, so it has to be short; the result is confirmed
// with full patience.
constexpr std::chrono::milliseconds hang_patience{250};
// The minimizer remembers the text of each candidate that it tried; this much of them at most.
constexpr std::uint64_t remembered_bytes_max = std::uint64_t{512} << 20;
// A child takes a millisecond, a sanitizer's search for leaks ten.
constexpr std::uint64_t child_tries_max = 20000;

struct ShrinkWatch {
    Watch watch;
    std::atomic<std::uint64_t> tries{0};
    std::atomic<std::uint64_t> steps{0};
};

MinimizeOptions options_for(const Candidate& candidate, const ShrinkOptions& options) {
    MinimizeOptions limits;
    limits.any_failure = options.any_failure;
    limits.tries_max =
        std::min(limits.tries_max, 1000 + remembered_bytes_max / (1 + to_wire(candidate).size()));
    return limits;
}

void shrink_here(const Candidate& candidate, const Finding& finding, const TargetChoice& choice,
                 const ShrinkOptions& options, ShrinkWatch& shared, int pipe) {
    const std::unique_ptr<Target> target = make_target(choice);
    Lockstep lockstep(*target);
    const Predicate predicate = [&](const Candidate& tried) {
        return run_watched(lockstep, tried, shared.watch);
    };
    const Minimized result =
        minimize(candidate, finding, predicate, options_for(candidate, options),
                 [&](const Candidate& kept, std::uint64_t tries) {
                     shared.tries.store(tries, std::memory_order_relaxed);
                     shared.steps.store(kept.steps.size(), std::memory_order_relaxed);
                 });
    send(pipe, {{"text", to_wire(result.candidate)},
                {"finding", to_wire(result.finding)},
                {"tries", result.tries},
                {"finished", result.finished}});
}

void show(Progress& progress, std::uint64_t tries, std::uint64_t steps) {
    progress.show([&] { return fmt::format("minimizing: {} tries, {} steps left", tries, steps); });
}

std::optional<Minimized> result_of(std::string_view output) {
    const std::vector<json> said = received(output);
    if (said.empty()) return std::nullopt;
    const auto candidate = candidate_from_wire(said.back()["text"].get<std::string>());
    CHECK(candidate);
    return Minimized{*candidate, finding_from_wire(said.back()["finding"]),
                     said.back()["tries"].get<std::uint64_t>(),
                     said.back()["finished"].get<bool>()};
}

// Nothing if the child died of one of the candidates.
std::optional<Minimized> shrink_in_one_child(const Candidate& candidate, const Finding& finding,
                                             const TargetChoice& choice,
                                             const ShrinkOptions& options, Progress& progress) {
    Shared<ShrinkWatch> shared;
    Child child(
        [&](int pipe) {
            shrink_here(candidate, finding, choice, options, *shared, pipe);
            return 0;
        },
        shared->watch.heartbeat, {full_patience, -1});
    while (!child.poll()) {
        Progress::pause();
        show(progress, shared->tries.load(), shared->steps.load());
        if (options.stop && options.stop()) return Minimized{candidate, finding, 0, false};
    }
    if (child.end().kind != ChildEnd::Kind::finished) return std::nullopt;
    return result_of(child.output());
}

Minimized shrink_with_a_child_each(const Candidate& candidate, const Finding& finding,
                                   const TargetChoice& choice, const ShrinkOptions& options,
                                   Progress& progress) {
    MinimizeOptions limits = options_for(candidate, options);
    limits.tries_max = std::min(limits.tries_max, child_tries_max);
    std::uint64_t tries = 0;
    std::uint64_t steps = candidate.steps.size();
    IsolateOptions isolation;
    isolation.answers = false;
    isolation.confirm_hang = false;
    if (finding.bucket.verdict == Verdict::hang) isolation.patience = hang_patience;
    const Predicate predicate = [&](const Candidate& tried) -> std::optional<Finding> {
        if (options.stop && options.stop()) return std::nullopt;
        show(progress, ++tries, steps);
        return run_isolated(program_of(tried.world, tried.steps), choice, isolation).finding;
    };
    return minimize(candidate, finding, predicate, limits,
                    [&](const Candidate& kept, std::uint64_t) { steps = kept.steps.size(); });
}

}  // namespace

Minimized shrink(const Candidate& candidate, const Finding& finding, const TargetChoice& choice,
                 const ShrinkOptions& options, Progress& progress) {
    const Verdict verdict = finding.bucket.verdict;
    if (verdict != Verdict::crash && verdict != Verdict::hang) {
        const auto result = shrink_in_one_child(candidate, finding, choice, options, progress);
        if (result) return *result;
    }
    Minimized result = shrink_with_a_child_each(candidate, finding, choice, options, progress);
    // What hung for the short patience may only have been slow.
    IsolateOptions confirmation;
    confirmation.confirm_hang = false;
    const RunRecord record = run_isolated(
        program_of(result.candidate.world, result.candidate.steps), choice, confirmation);
    const bool same =
        record.finding && (options.any_failure || record.finding->bucket == result.finding.bucket);
    if (same) return result;
    return {candidate, finding, result.tries, false};
}

}  // namespace vmacheck::cli
