// Options, their values, and their help; see the header. Names and defaults of the options are
// those of commands.h.
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <functional>
#include <string>

#include "cli/beside.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/profile_choice.h"
#include "impl/bugs.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t hours_max = 24UL * 365;

bool parse_number(std::string_view text, std::uint64_t& number) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end && !text.empty();
}

// A number in [min, max], or a line that says so.
std::uint64_t number_in(const char* option, const std::string& text, std::uint64_t min,
                        std::uint64_t max) {
    std::uint64_t number = 0;
    if (parse_number(text, number) && number >= min && number <= max) return number;
    throw CLI::ValidationError(
        option, fmt::format("expected a number from {} to {}, found `{}`", min, max, text));
}

// "30s", "5m", "2h", "250ms"; a bare number is seconds.
milliseconds duration_of(const std::string& text) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    const std::string unit = digits == std::string::npos ? "s" : text.substr(digits);
    std::uint64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s") factor = 1000;
    if (unit == "m") factor = 60UL * 1000;
    if (unit == "h") factor = 3600UL * 1000;
    std::uint64_t number = 0;
    constexpr std::uint64_t most = hours_max * 3600 * 1000;
    const bool good = factor != 0 && parse_number(text.substr(0, digits), number) && number > 0 &&
                      number <= most / factor;
    if (!good) {
        throw CLI::ValidationError(
            "--time", fmt::format("expected a time such as 30s, 5m or 2h, found `{}`", text));
    }
    return milliseconds{number * factor};
}

// An option whose value is read by `read`.
CLI::Option* add_value(CLI::App& app, const char* name, const char* type, const char* help,
                       const std::function<void(const std::string&)>& read) {
    return app.add_option_function<std::string>(name, read, help)->type_name(type);
}

constexpr const char* any_target = "System under test: impl, or live (the running kernel)";

void add_target(CLI::App& app, TargetChoice& target, const char* help = any_target) {
    app.add_option("--target", target.name, help)->type_name("NAME")->capture_default_str();
    app.add_option("--bug", target.bug, "Seed this mistake into the target")->type_name("NAME");
}

void add_json(CLI::App& app, std::string& json) {
    app.add_option("--json", json,
                   "Write a report for machines (`-`: stdout, and texts go to stderr)")
        ->type_name("FILE");
}

constexpr const char* strict_help =
    "Rules without the known defects of their kernel, so that it is found to have them";

void add_run(CLI::App& app, RunCommand& run) {
    add_target(app, run.target);
    app.add_option("--profile", run.profile, "Rules: a profile (below), all, or a file of switches")
        ->type_name("P")
        ->capture_default_str();
    app.add_flag("--strict", run.strict, strict_help);
    app.add_option("--alphabet", run.alphabet, "What programs are made of: core or full")
        ->type_name("NAME")
        ->capture_default_str();
    auto* const time = add_value(app, "--time", "T", "How long: 30s, 5m, 2h [30s]",
                                 [&](const std::string& text) { run.time = duration_of(text); });
    add_value(app, "--programs", "N",
              "How many programs, instead of how long; the laws are left out",
              [&](const std::string& text) {
                  run.programs = number_in("--programs", text, 1, UINT64_MAX / 2);
              })
        ->excludes(time);
    add_value(
        app, "--seed", "S", "Where programs come from; drawn and printed if not given",
        [&](const std::string& text) { run.seed = number_in("--seed", text, 0, UINT64_MAX); });
    add_value(app, "-j,--jobs", "N",
              "Worker processes [1]; they change nothing about what is found",
              [&](const std::string& text) {
                  run.jobs = static_cast<unsigned>(number_in("-j", text, 1, jobs_max));
              });
    app.add_option("--property", run.property,
                   "One law alone, all of them before the soak, none, or list")
        ->type_name("NAME|all|none|list")
        ->capture_default_str();
    add_value(app, "--pages", "N", "Size of the world, at most 4096 [64]",
              [&](const std::string& text) {
                  run.pages = PageCount{number_in("--pages", text, 1, run_pages_max.value)};
              });
    app.add_flag("--cases", run.cases, "Print how often each case happened");
    app.add_flag("--require", run.require,
                 "Exit 3 if a required case is missing, however short the run");
    app.add_option("--out", run.out, "Folder for what is found")
        ->type_name("DIR")
        ->capture_default_str();
    add_json(app, run.json);
    app.footer(
        profile_help() +
        "A find is saved as DIR/BUCKET-HASH.vma; its path is the last line printed.\n"
        "Examples:\n"
        "  vmacheck run\n"
        "  vmacheck run --seed 1 --time 5m -j 4 --profile all\n"
        "  vmacheck run --alphabet core --pages 8 --programs 100000 --cases\n"
        "  vmacheck run --property list\n"
        "  vmacheck run --seed 1 --bug split-keeps-parent-offset\n"
        "  vmacheck run --target live --time 60s\n"
        "Exit: 0 nothing found, 1 a counterexample, 2 bad usage or input, 3 too little tested,\n"
        "      125 the target cannot be tested here");
}

void add_fuzz(CLI::App& app, FuzzCommand& fuzz) {
    add_target(app, fuzz.target, "System under test: impl");
    app.add_option("--engine", fuzz.engine, "What looks for inputs")
        ->type_name("NAME")
        ->check(CLI::IsMember({"libfuzzer"}))
        ->capture_default_str();
    app.add_option("--profile", fuzz.profile, "Rules, as for run: a profile, all, or a file")
        ->type_name("P")
        ->capture_default_str();
    add_value(app, "--time", "T", "How long: 30s, 5m, 2h [until Ctrl-C]",
              [&](const std::string& text) { fuzz.time = duration_of(text); });
    add_value(
        app, "--seed", "S", "Where mutations come from; drawn and printed if not given",
        [&](const std::string& text) { fuzz.seed = number_in("--seed", text, 0, UINT64_MAX); });
    add_value(app, "-j,--jobs", "N", "Engine processes on the one corpus [1]",
              [&](const std::string& text) {
                  fuzz.jobs = static_cast<unsigned>(number_in("-j", text, 1, jobs_max));
              });
    app.add_option("--corpus", fuzz.corpus, "Folder of inputs; it grows, and the next run goes on")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--out", fuzz.out, "Folder for what is found")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_flag("--once", fuzz.once, "End with the first find");
    app.add_flag("--raw", fuzz.raw, "Mutate bytes, not steps: a yardstick, and slower to find");
    app.add_flag("!--no-systematic", fuzz.systematic,
                 "Fail no step at all of its points in turn; it is done to one input in 8");
    app.add_flag("--cases", fuzz.cases, "Print how often each case happened");
    app.add_flag("--require", fuzz.require,
                 "Exit 3 if a required case is missing, however short the run");
    add_json(app, fuzz.json);
    app.footer(
        "The smallest program of each bucket is DIR/BUCKET-HASH.vma; DIR/buckets.json counts.\n"
        "Examples:\n"
        "  vmacheck fuzz --time 60s\n"
        "  vmacheck fuzz -j 4 --corpus corpus-of-mine --out finds-of-mine\n"
        "  vmacheck fuzz --once --bug split-keeps-parent-offset\n"
        "Exit: 0 nothing found, 1 a counterexample, 2 bad usage or input, 3 too little tested,\n"
        "      125 there is no engine here");
}

void add_replay(CLI::App& app, ReplayCommand& replay) {
    add_target(app, replay.target);
    app.add_option("FILE", replay.files, "Programs, journals, or folders of programs")
        ->type_name("")
        ->required();
    app.add_option("--profile", replay.profile,
                   "Rules instead of those of the file, as for run; claims are not checked then")
        ->type_name("P");
    app.add_flag("--step", replay.step, "Print the answer and a picture after each step");
    app.add_flag("--strict", replay.strict, strict_help);
    add_json(app, replay.json);
    app.footer(
        "The claims of a program are checked as well as the target; but not where --strict "
        "changes\n"
        "its rules.\n" +
        defect_help() +
        "Examples:\n"
        "  vmacheck replay found/x.vma --step\n"
        "  vmacheck replay corpus/cases corpus/traces\n"
        "  vmacheck replay corpus/cases --target live --strict\n"
        "  git bisect run sh -c \"./dev build || exit 125; build/release/vmacheck replay x.vma\"\n"
        "Exit: 0 good, 1 bad, 2 bad input, 125 the target cannot be tested");
}

void add_minimize(CLI::App& app, MinimizeCommand& minimize) {
    add_target(app, minimize.target);
    app.add_option("FILE", minimize.file, "A program or a journal that fails")
        ->type_name("")
        ->required();
    add_value(app, "-o,--out", "OUT", "Where to write [FILE with .min.vma]",
              [&](const std::string& text) { minimize.out = text; });
    app.add_flag("--any-failure", minimize.any_failure, "It may come to fail in another way");
    add_json(app, minimize.json);
    app.footer(
        "Examples:\n"
        "  vmacheck minimize found/x.orig.vma\n"
        "  vmacheck minimize found/journal.0 -o small.vma\n"
        "Exit: 0 it does not fail, 1 it does and OUT is written, 2 bad usage or input,\n"
        "      125 the target cannot be tested");
}

struct Commands {
    RunCommand run;
    FuzzCommand fuzz;
    ReplayCommand replay;
    MinimizeCommand minimize;
    ShowCommand show;
    ImportCommand import_command;
    TargetsCommand targets;
    std::function<Exit()> chosen;

    [[nodiscard]] bool wants_bug() const {
        const TargetChoice* const targets_named[] = {&run.target, &fuzz.target, &replay.target,
                                                     &minimize.target};
        return std::any_of(std::begin(targets_named), std::end(targets_named),
                           [](const TargetChoice* target) { return !target->bug.empty(); });
    }
};

void add_small_commands(CLI::App& app, Commands& commands) {
    auto* const show = app.add_subcommand("show", "Pictures of a program, step by step");
    show->add_option("FILE", commands.show.file, "A program or a journal")
        ->type_name("")
        ->required();
    show->footer(
        "What is drawn is what ought to be; nothing is tested.\nExample:\n"
        "  vmacheck show corpus/cases/x.vma");
    show->callback([&commands] { commands.chosen = [&] { return run(commands.show); }; });

    auto* const import_app = app.add_subcommand("import", "Make a program of strace's output");
    import_app->add_option("TRACE", commands.import_command.trace, "What strace wrote")
        ->type_name("")
        ->required();
    import_app->add_option("-o,--out", commands.import_command.out, "Where to write (`-`: stdout)")
        ->type_name("OUT")
        ->capture_default_str();
    import_app->footer(
        "The file says what was left out and which faults are assumed.\nExample:\n"
        "  strace -f -y -e trace=%memory,%process,openat,close,dup,dup2,dup3,fcntl,memfd_create "
        "\\\n"
        "         -o trace.txt true\n"
        "  vmacheck import trace.txt -o trace.vma\n"
        "  vmacheck replay trace.vma");
    import_app->callback(
        [&commands] { commands.chosen = [&] { return run(commands.import_command); }; });

    auto* const targets = app.add_subcommand("targets", "What can be tested here");
    add_json(*targets, commands.targets.json);
    targets->footer("Example:\n  vmacheck targets --json -");
    targets->callback([&commands] { commands.chosen = [&] { return run(commands.targets); }; });
}

void add_commands(CLI::App& app, Commands& commands) {
    auto* const run_app = app.add_subcommand("run", "Test a target with generated programs");
    add_run(*run_app, commands.run);
    run_app->callback([&commands] { commands.chosen = [&] { return run(commands.run); }; });
    auto* const fuzz = app.add_subcommand("fuzz", "Test a target with what an engine finds out");
    add_fuzz(*fuzz, commands.fuzz);
    fuzz->callback([&commands] { commands.chosen = [&] { return run(commands.fuzz); }; });
    auto* const replay = app.add_subcommand("replay", "Run programs again, with their claims");
    add_replay(*replay, commands.replay);
    replay->callback([&commands] { commands.chosen = [&] { return run(commands.replay); }; });
    auto* const minimize = app.add_subcommand("minimize", "Make a failing program small");
    add_minimize(*minimize, commands.minimize);
    minimize->callback([&commands] { commands.chosen = [&] { return run(commands.minimize); }; });
    add_small_commands(app, commands);
    app.require_subcommand(1);
    app.set_version_flag("--version", fmt::format("vmacheck {}", version));
    app.footer(
        "Examples:\n"
        "  vmacheck run --seed 1 --time 30s      test the optimized list for 30 seconds\n"
        "  vmacheck fuzz -j 2                    the same, guided by coverage, until Ctrl-C\n"
        "  vmacheck replay found/x.vma --step    look at a find\n"
        "  vmacheck COMMAND --help               options and examples of a command");
}

// The first line of what CLI11 has to say.
std::string one_line(std::string text) {
    text.resize(std::min(text.find('\n'), text.size()));
    return printable(text);
}

}  // namespace

int main_with(int argc, const char* const* argv) {
    CLI::App app("Property-based and fuzz testing of Linux VMA merging", "vmacheck");
    Commands commands;
    add_commands(app, commands);
    try {
        // CLI11 would only say that a command is missing.
        const std::string first = argc > 1 ? argv[1] : "-";
        const auto known = app.get_subcommands(
            [&](const CLI::App* command) { return command->get_name() == first; });
        if (!first.starts_with('-') && known.empty())
            throw CLI::ParseError(fmt::format("there is no command `{}`", first), 2);
        app.parse(argc, argv);
        if (commands.wants_bug() && !bugs_built_in()) become_seeded_build(argv);
        const auto exit = static_cast<int>(commands.chosen());
        if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
        complain("cannot write to standard output");
        return static_cast<int>(Exit::bad_input);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        complain(fmt::format("{} (try --help)", one_line(error.what())));
    } catch (const std::exception& error) {
        complain(one_line(error.what()));
    }
    return static_cast<int>(Exit::bad_input);
}

}  // namespace vmacheck::cli
