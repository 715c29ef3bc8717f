// `vmacheck replay`: programs against a target, with the claims of their texts. Good or bad, as the
// exit code says, so that it is fit for `git bisect run`.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/isolate.h"
#include "cli/progress.h"
#include "model/text.h"
#include "report/json.h"
#include "report/text_report.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

std::string text_of(Result result) {
    std::string text;
    print_result(text, result);
    return text;
}

std::string text_of(const Step& step, const World& world) {
    std::string text;
    print_step(text, step, world);
    return text;
}

std::string claim_text(const ProgramFile& file, const ClaimFailure& claim) {
    const std::vector<std::size_t> numbers = line_numbers(file);
    const std::size_t number = claim.line < numbers.size() ? numbers[claim.line] : 0;
    return fmt::format("{}:{}: the claim does not hold: expected {}, found the claim {}",
                       printable(file.path), number, claim.expected, claim.found);
}

ReplayReport report_of(const ReplayCommand& command, const ProgramFile& file,
                       const RunRecord& record) {
    ReplayReport report;
    report.file = file.path;
    report.target = command.target.name;
    if (record.finding) {
        report.verdict = std::string(name_of(record.finding->bucket.verdict));
        report.bucket = bucket_name(record.finding->bucket);
        report.step = std::min(record.finding->step + 1, file.program.steps().size());
    }
    if (record.claim) report.claim = claim_text(file, *record.claim);
    const std::vector<Step> steps = file.program.steps();
    for (std::size_t at = 0; at < record.steps.size() && at < steps.size(); ++at) {
        const StepRecord& step = record.steps[at];
        report.steps.push_back({text_of(steps[at], file.program.world),
                                step.answers.found ? text_of(*step.answers.found) : "",
                                text_of(step.answers.expected), step.areas});
    }
    return report;
}

void print_steps(const ProgramFile& file, const RunRecord& record) {
    const std::vector<Step> steps = file.program.steps();
    for (std::size_t at = 0; at < record.steps.size() && at < steps.size(); ++at) {
        const StepRecord& step = record.steps[at];
        fmt::print("{} = {}\n", text_of(steps[at], file.program.world),
                   step.answers.found ? text_of(*step.answers.found) : "(nothing)");
        if (step.picture.empty()) fmt::print("    {} areas\n", step.areas);
        for (const std::string& line : step.picture) fmt::print("    {}\n", line);
    }
}

void print_outcome(const ReplayCommand& command, const ProgramFile& file, const RunRecord& record) {
    if (command.step) print_steps(file, record);
    // An error of the file comes with the place in it, as all errors of files do.
    if (record.claim) complain(claim_text(file, *record.claim));
    if (record.finding) {
        const Counterexample example = counterexample_of(candidate_of(file.program), record);
        fmt::print("{}\n", text_report(example, environment_of(command.target), file.path));
    } else if (!record.claim) {
        fmt::print("good: {} ({} steps)\n", printable(file.path), file.program.steps().size());
    }
}

}  // namespace

Exit run(const ReplayCommand& command) {
    if (const auto exit = prepare(command.target)) return *exit;
    const Profile* const profile = find_profile(command.profile);
    if (profile == nullptr && !command.profile.empty()) {
        complain(fmt::format("there is no profile `{}`", printable(command.profile)));
        return Exit::bad_input;
    }
    const auto paths = expand(command.files);
    if (!paths || (!command.json.empty() && !check_output(command.json))) return Exit::bad_input;

    Progress progress;
    Exit exit = Exit::clean;
    std::vector<ReplayReport> reports;
    for (std::size_t at = 0; at < paths->size(); ++at) {
        progress.show([&] { return fmt::format("replay: {} of {}", at, paths->size()); });
        std::optional<ProgramFile> file = read_program((*paths)[at]);
        if (!file) {
            exit = Exit::bad_input;
            continue;
        }
        IsolateOptions options;
        options.check_claims = profile == nullptr;
        options.pictures = command.step || !command.json.empty();
        if (profile != nullptr) file->program.world.profile = profile;
        const RunRecord record = run_isolated(file->program, command.target, options);
        progress.clear();
        print_outcome(command, *file, record);
        const bool bad = record.finding || record.claim;
        if (bad && exit == Exit::clean) exit = Exit::found;
        if (!command.json.empty()) reports.push_back(report_of(command, *file, record));
    }
    if (!command.json.empty() && !write_output(command.json, to_json(reports) + "\n")) {
        return Exit::bad_input;
    }
    return exit;
}

}  // namespace vmacheck::cli
