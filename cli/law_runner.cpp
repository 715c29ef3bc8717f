// One child for all laws, with a journal of the program under way; see the header.
#include "cli/law_runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/files.h"
#include "cli/wire.h"
#include "model/text.h"
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
        const std::string text = print_program(program_of(candidate.world, candidate.steps));
        const std::string path = fmt::format("{}/law-{}-{}.orig.vma", job.directory,
                                             file_name_of(under_way->name), hash_of(text));
        if (!write_output(path, text)) send(pipe, {{"unsaved", text}});
    };
    for (const Law* law : job.laws) {
        under_way = law;
        watch.laws_begun.fetch_add(1);
        watch.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
        const LawResult result = run_law(*law, subject, options);
        const bool broken = result.outcome == LawOutcome::broken;
        json said{{"law", law->name},
                  {"cases", result.cases},
                  {"steps", result.steps},
                  {"broken", broken},
                  {"vacuous", result.outcome == LawOutcome::vacuous}};
        if (broken) said["description"] = describe(*law, result);
        if (const auto& example = result.counterexample; broken && example) {
            said["program"] = print_program(program_of(example->world, example->steps));
        }
        send(pipe, said);
        if (broken) return;
    }
}

std::optional<Candidate> candidate_in(const std::string& text) {
    const auto parsed = parse_program(text);
    const auto* const program = std::get_if<Program>(&parsed);
    if (program == nullptr) return std::nullopt;
    return candidate_of(*program);
}

void read_reports(std::string_view output, LawRunOutcome& outcome) {
    for (const json& said : received(output)) {
        if (said.contains("unsaved")) {
            fmt::print(stderr, "{}", said["unsaved"].get<std::string>());
            continue;
        }
        LawReport report{said["law"].get<std::string>(), said["cases"].get<std::uint64_t>(),
                         !said["broken"].get<bool>()};
        outcome.steps += said["steps"].get<std::uint64_t>();
        if (!report.held) {
            outcome.failure =
                LawFailure{report.name, said["description"].get<std::string>(), std::nullopt};
            if (said.contains("program"))
                outcome.failure->candidate = candidate_in(said["program"].get<std::string>());
        }
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
        watch->heartbeat, {law_patience, ""});
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
        if (const auto file = read_program(path)) {
            outcome.failure->candidate = candidate_of(file->program);
        }
    }
    unlink(path.c_str());
    return outcome;
}

}  // namespace vmacheck::cli
