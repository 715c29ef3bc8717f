// `vmacheck minimize`: a failing program or a journal, made as small as it goes.
#include <fmt/format.h>

#include <filesystem>

#include "cli/clocks.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/isolate.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/shrink.h"
#include "model/text.h"
#include "report/json.h"
#include "report/text_report.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ours = " Minimized by vmacheck from ";

std::string default_output(const std::string& file) {
    fs::path path(file);
    if (path.extension() == ".vma") path.replace_extension();
    return path.string() + ".min.vma";
}

// A file that we wrote may be written again; any other needs to be named by -o.
bool may_replace(const std::string& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return true;
    const std::optional<std::string> text = read_input(path);
    if (!text) return false;
    if (text->find("#" + std::string(ours)) != std::string::npos) return true;
    complain(
        fmt::format("{} is there already and is not from minimize; name it with -o to "
                    "replace it",
                    path));
    return false;
}

Exit finish(const MinimizeCommand& command, const MinimizeReport& report, Exit exit) {
    if (command.json.empty() || write_output(command.json, to_json(report) + "\n")) return exit;
    return Exit::bad_input;
}

}  // namespace

Exit run(const MinimizeCommand& command) {
    if (const auto exit = prepare(command.target)) return *exit;
    const std::optional<ProgramFile> file = read_program(command.file);
    if (!file) return Exit::bad_input;
    const std::string out = command.out.value_or(default_output(command.file));
    if (out == "-" && command.json == "-") {
        complain("-o and --json cannot both write to stdout");
        return Exit::bad_input;
    }
    if (!check_output(out) || (!command.out && !may_replace(out)) ||
        (!command.json.empty() && !check_output(command.json))) {
        return Exit::bad_input;
    }

    Progress progress;
    const Candidate candidate = candidate_of(file->program);
    std::FILE* const text = text_file(command.json);
    MinimizeReport report;
    report.version = std::string(version);
    report.target = command.target.name;
    report.profile = candidate.world.profile->name;
    report.before = {candidate.steps.size(), candidate.world.pages.value};
    report.after = report.before;
    const RunRecord first = run_isolated(file->program, command.target, {});
    if (!first.finding && !first.refusal.empty()) {
        complain(fmt::format("{} cannot be tested: {}", command.file, first.refusal));
        return Exit::untestable;
    }
    if (!first.finding) {
        say(text, "{} does not fail on {}: there is nothing to minimize\n", command.file,
            command.target.name);
        report.cpu_seconds = cpu_seconds();
        return finish(command, report, Exit::clean);
    }
    const Minimized small =
        shrink(candidate, *first.finding, command.target, {command.any_failure}, progress);
    progress.clear();
    IsolateOptions isolation;
    isolation.confirm_hang = false;  // The first run has confirmed it.
    const RunRecord last = run_isolated(program_of(small.candidate.world, small.candidate.steps),
                                        command.target, isolation);
    const bool reproduces = last.finding.has_value();
    if (!reproduces) complain("the program does not fail each time that it is run");
    const Counterexample example =
        counterexample_of(reproduces ? small.candidate : candidate, reproduces ? last : first);

    const Environment environment = environment_of(command.target);
    Program program = annotated(example, environment);
    program.world_comments.above.insert(
        program.world_comments.above.begin(),
        fmt::format("{}{} steps and {} pages.", ours, report.before.steps, report.before.pages));
    if (!write_output(out, print_program(program))) return Exit::bad_input;
    report.verdict = std::string(name_of(example.finding.bucket.verdict));
    report.bucket = bucket_name(example.finding.bucket);
    report.after = {example.steps.size(), example.world.pages.value};
    report.tries = small.tries;
    report.file = out;
    report.cpu_seconds = cpu_seconds();
    if (out != "-") {
        say(text, "{}{} of {} steps, {} of {} pages are left after {} tries{}\n{}\n",
            text_report(example, environment, out), report.after.steps, report.before.steps,
            report.after.pages, report.before.pages, report.tries,
            small.finished ? "" : " (not finished)", out);
    }
    return finish(command, report, Exit::found);
}

}  // namespace vmacheck::cli
