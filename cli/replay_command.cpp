// `vmacheck replay`: programs against a target, with the claims of their texts. Good or bad, as the
// exit code says, so that it is fit for `git bisect run`.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/isolate.h"
#include "cli/profile_choice.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "model/text.h"
#include "report/json.h"
#include "report/text_report.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

std::string step_text(const Step& step, const World& world) {
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
    report.skipped = record.refusal;
    const std::vector<Step> steps = file.program.steps();
    for (std::size_t at = 0; at < record.steps.size() && at < steps.size(); ++at) {
        const StepRecord& step = record.steps[at];
        report.steps.push_back({step_text(steps[at], file.program.world),
                                step.answers.found ? text_of(*step.answers.found) : "",
                                text_of(step.answers.expected), step.areas});
    }
    return report;
}

void print_steps(std::FILE* text, const ProgramFile& file, const RunRecord& record) {
    const std::vector<Step> steps = file.program.steps();
    for (std::size_t at = 0; at < record.steps.size() && at < steps.size(); ++at) {
        const StepRecord& step = record.steps[at];
        say(text, "{} = {}\n", step_text(steps[at], file.program.world),
            step.answers.found ? text_of(*step.answers.found) : "(nothing)");
        if (step.picture.empty()) say(text, "    {} areas\n", step.areas);
        for (const std::string& line : step.picture) say(text, "    {}\n", line);
    }
}

void print_outcome(const ReplayCommand& command, const ProgramFile& file, const RunRecord& record) {
    std::FILE* const text = text_file(command.json);
    if (command.step) print_steps(text, file, record);
    // An error of the file comes with the place in it, as all errors of files do.
    if (record.claim) complain(claim_text(file, *record.claim));
    if (record.finding) {
        const Counterexample example = counterexample_of(candidate_of(file.program), record);
        Environment environment = environment_of(command.target);
        if (!command.profile.empty() || command.strict)
            environment.profile = file.program.world.profile->name;
        say(text, "{}\n", text_report(example, environment, file.path));
    } else if (!record.refusal.empty()) {
        say(text, "skipped: {}: {}\n", printable(file.path), record.refusal);
    } else if (!record.claim) {
        say(text, "good: {} ({} steps{})\n", printable(file.path), file.program.steps().size(),
            record.declined == 0 ? "" : fmt::format(", {} of them declined", record.declined));
    }
}

}  // namespace

Exit run(const ReplayCommand& command) {
    if (const auto exit = prepare(command.target)) return *exit;
    const Profile* const profile =
        command.profile.empty() ? nullptr : choose_profile(command.profile, "");
    if (profile == nullptr && !command.profile.empty()) return Exit::bad_input;
    const auto paths = expand(command.files);
    if (!paths || (!command.json.empty() && !check_output(command.json))) return Exit::bad_input;

    Progress progress;
    Exit exit = Exit::clean;
    std::size_t skipped = 0;
    std::vector<ReplayReport> reports;
    for (std::size_t at = 0; at < paths->size(); ++at) {
        std::optional<ProgramFile> file = read_program((*paths)[at]);
        if (!file) {
            exit = Exit::bad_input;
            continue;
        }
        const std::size_t step_count = file->program.steps().size();
        const Profile* const own = file->program.world.profile;
        const Profile* rules = profile == nullptr ? own : profile;
        if (command.strict) rules = &without_defects(*rules);
        file->program.world.profile = rules;
        IsolateOptions options;
        options.check_claims = rules == own && profile == nullptr;
        options.pictures = command.step || !command.json.empty();
        options.progress = [&](std::uint64_t begun) {
            progress.show([&] {
                return fmt::format("replay: {} of {}, step {} of {}", at + 1, paths->size(),
                                   std::min<std::uint64_t>(begun, step_count), step_count);
            });
        };
        const RunRecord record = run_isolated(file->program, command.target, options);
        progress.clear();
        print_outcome(command, *file, record);
        const bool bad = record.finding || record.claim;
        if (bad && exit == Exit::clean) exit = Exit::found;
        if (!bad && !record.refusal.empty()) ++skipped;
        if (!command.json.empty()) reports.push_back(report_of(command, *file, record));
    }
    if (skipped == paths->size()) exit = Exit::untestable;
    // One program that could not be read has no report.
    const bool one = paths->size() == 1;
    if (command.json.empty() || (one && reports.empty())) return exit;
    const std::string json = one ? to_json(reports.front()) : to_json(reports);
    return write_output(command.json, json + "\n") ? exit : Exit::bad_input;
}

}  // namespace vmacheck::cli
