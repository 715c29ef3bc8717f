// One child for all laws, with a journal of the program under way; see the header.
#include "cli/law_runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/clocks.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/wire.h"
#include "model/check_macro.h"
#include "targets/journal.h"

namespace vmacheck::cli {
namespace {

using nlohmann::json;

// A law may run a program many times between two looks at the journal.
constexpr std::chrono::milliseconds law_patience{20000};

struct LawWatch {
    Heartbeat heartbeat;
    std::atomic<std::uint64_t> laws_begun{0};
};

// The sum of all rounds; which cases there are depends on the seed and their number alone.
LawResult run_in_rounds(const Law& law, const LawSubject& subject, LawOptions options,
                        const LawJob& job) {
    constexpr std::uint64_t seed_distance = 0x9e3779b97f4a7c15;
    constexpr double seconds_min = 1e-9;  // No time left is not the same as no limit.
    CHECK(job.cases > 0 || job.seconds_max > 0);
    const auto start = std::chrono::steady_clock::now();
    LawResult sum;
    for (bool over = false; !over; options.seed += seed_distance) {
        const std::uint64_t wanted = job.cases == 0 ? law_round_cases_max : job.cases - sum.cases;
        options.cases = static_cast<int>(std::min(wanted, law_round_cases_max));
        if (job.seconds_max > 0)
            options.seconds_max = std::max(job.seconds_max - seconds_since(start), seconds_min);
        LawResult round = run_law(law, subject, options);
        const bool late = round.cases < static_cast<std::uint64_t>(options.cases);
        round.cases += sum.cases;
        round.steps += sum.steps;
        round.interesting += sum.interesting;
        sum = std::move(round);
        over = late || sum.outcome == LawOutcome::broken || sum.cases == job.cases;
    }
    sum.interesting_required = required_interesting(law, sum.cases);
    if (sum.outcome != LawOutcome::broken) {
        const bool shown = sum.interesting >= sum.interesting_required;
        sum.outcome = shown ? LawOutcome::held : LawOutcome::vacuous;
    }
    return sum;
}

void work(const LawJob& job, JournalFile& journal, LawWatch& watch, int pipe) {
    LawSubject subject;
    subject.target = [&job] { return make_target(job.target); };
    LawOptions options = job.options;
    options.journal = [&](const Candidate& candidate) {
        watch.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
        journal.begin(candidate.world, 0);
        for (const Step& step : candidate.steps) journal.step(step, candidate.world);
    };
    // Saved before it is shrunk: neither a crash nor a signal can lose it from here on.
    const Law* under_way = nullptr;
    options.first_failure = [&](const Candidate& candidate) {
        const std::string text = to_wire(candidate);
        const std::string path = fmt::format("{}/law-{}-{}.orig.vma", job.directory,
                                             file_name_of(under_way->name), hash_of(text));
        if (!write_output(path, text)) send(pipe, {{"unsaved", text}});
    };
    for (const Law* law : job.laws) {
        under_way = law;
        watch.laws_begun.fetch_add(1);
        watch.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
        const LawResult result = run_in_rounds(*law, subject, options, job);
        const bool broken = result.outcome == LawOutcome::broken;
        json said{{"law", law->name},
                  {"cases", result.cases},
                  {"steps", result.steps},
                  {"broken", broken},
                  {"interesting", result.interesting},
                  {"required", result.interesting_required},
                  {"late", !broken && result.cases < job.cases},
                  {"vacuous", result.outcome == LawOutcome::vacuous}};
        if (broken) said["description"] = describe(*law, result);
        if (const auto& example = result.counterexample; broken && example) {
            said["program"] = to_wire(*example);
        }
        send(pipe, said);
        if (broken) return;
    }
}

void read_reports(std::string_view output, LawRunOutcome& outcome) {
    for (const json& said : received(output)) {
        if (said.contains("unsaved")) {
            say(stderr, "{}", said["unsaved"].get<std::string>());
            continue;
        }
        LawReport report{said["law"].get<std::string>(), said["cases"].get<std::uint64_t>(),
                         !said["broken"].get<bool>(), said["interesting"].get<std::uint64_t>(),
                         said["required"].get<std::uint64_t>()};
        outcome.steps += said["steps"].get<std::uint64_t>();
        if (!report.held) {
            outcome.failure =
                LawFailure{report.name, said["description"].get<std::string>(), std::nullopt};
            if (said.contains("program"))
                outcome.failure->candidate =
                    candidate_from_wire(said["program"].get<std::string>());
        }
        if (said["late"].get<bool>()) outcome.late.push_back(report.name);
        const bool counts = report.cases == 0 || report.cases >= law_cases_that_count;
        if (said["vacuous"].get<bool>() && counts) outcome.vacuous.push_back(report.name);
        outcome.reports.push_back(std::move(report));
    }
}

}  // namespace

LawRunOutcome run_laws(const LawJob& job, Progress& progress) {
    LawRunOutcome outcome;
    if (job.laws.empty()) return outcome;
    const std::string path = fmt::format("{}/laws.{}.journal", job.directory, getpid());
    JournalFile journal;
    if (!journal.open(path, fmt::format("of the laws, seed {}", job.options.seed))) {
        complain(fmt::format("cannot write {}", path));
        outcome.failed = true;
        return outcome;
    }
    Shared<LawWatch> watch;
    Child child(
        [&](int pipe) {
            work(job, journal, *watch, pipe);
            return 0;
        },
        watch->heartbeat, {law_patience, -1});
    while (!child.poll()) {
        Progress::pause();
        progress.show(
            [&] { return fmt::format("law {} of {}", watch->laws_begun.load(), job.laws.size()); });
    }
    progress.clear();
    read_reports(child.output(), outcome);
    if (child.end().kind != ChildEnd::Kind::finished && !outcome.failure) {
        const std::size_t at = outcome.reports.size();
        const std::string name(at < job.laws.size() ? job.laws[at]->name : "(exit)");
        const bool hung = child.end().kind == ChildEnd::Kind::hung;
        outcome.failure = LawFailure{
            name,
            fmt::format("broken: {}\nThe process {}.\n", name, hung ? "did not come back" : "died"),
            std::nullopt};
        outcome.failure->candidate = candidate_from_wire(journal.text());
    }
    unlink(path.c_str());
    return outcome;
}

}  // namespace vmacheck::cli
