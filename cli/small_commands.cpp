// The commands that test nothing: show, import, targets.
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "impl/bugs.h"
#include "model/claims.h"
#include "model/strace.h"
#include "model/text.h"
#include "report/json.h"
#include "report/picture.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

constexpr std::size_t pictured_areas_max = 64;

void show_space(const Reference& reference, const World& world, SpaceId space) {
    if (!reference.has_space(space)) return;
    const std::vector<AreaView> areas = areas_of(reference, space);
    if (areas.size() > pictured_areas_max && world.pages > column_per_page_max) {
        say(stdout, "    {} areas\n", areas.size());
        return;
    }
    for (const std::string& line : picture_lines(world, areas, {})) say(stdout, "    {}\n", line);
}

}  // namespace

// Step by step, from the reference alone: what ought to be.
Exit run(const ShowCommand& command) {
    const std::optional<ProgramFile> file = read_program(command.file);
    if (!file) return Exit::bad_input;
    const World& world = file->program.world;
    const std::vector<Step> steps = file->program.steps();
    Cases cases;
    Reference reference(cases);
    reference.create(world, Cells(world, steps));
    StepLog log;
    if (!world.areas.empty()) {
        say(stdout, "at the start\n");
        show_space(reference, world, SpaceId{0});
    }
    for (const Step& step : steps) {
        const Errno error = reference.apply(step, log);
        std::string line;
        print_step(line, step, world);
        line += " = ";
        print_result(line, {error, log.unused()});
        say(stdout, "{}\n", line);
        show_space(reference, world, step.space);
    }
    return Exit::clean;
}

Exit run(const ImportCommand& command) {
    if (!check_output(command.out)) return Exit::bad_input;
    const std::optional<std::string> trace = read_input(command.trace);
    if (!trace) return Exit::bad_input;
    const auto imported = import_strace(*trace);
    if (const auto* const error = std::get_if<ParseError>(&imported)) {
        complain(fmt::format("{}:{}:{}: {}", printable(command.trace), error->line, error->column,
                             error->message));
        return Exit::bad_input;
    }
    const auto& import = std::get<StraceImport>(imported);
    if (!write_output(command.out, print_program(import.program))) return Exit::bad_input;
    if (command.out == "-") return Exit::clean;
    say(stdout, "{} steps from {} calls; {} calls left out, as the file says\n{}\n",
        import.program.steps().size(), import.calls_used, import.calls_left_out, command.out);
    return Exit::clean;
}

Exit run(const TargetsCommand& command) {
    const std::vector<TargetReport> targets = list_targets();
    if (!command.json.empty()) {
        if (!check_output(command.json)) return Exit::bad_input;
        return write_output(command.json, to_json(targets) + "\n") ? Exit::clean : Exit::bad_input;
    }
    for (const TargetReport& target : targets) {
        say(stdout, "{:<8}{}\n", target.name,
            target.available ? "available" : "not available: " + target.reason);
        std::string shown;
        for (std::size_t channel = 0; channel < channel_names.size(); ++channel) {
            if (!target.sight.shows(static_cast<Channel>(channel))) continue;
            shown += (shown.empty() ? "" : ", ") + std::string(channel_names[channel]);
        }
        say(stdout, "        shows areas{}{}\n", shown.empty() ? "" : ", ", shown);
        for (const Sight::Withheld& withheld : target.sight.withholds) {
            say(stdout, "        withholds {}: {}\n",
                channel_names[static_cast<std::size_t>(withheld.channel)], withheld.reason);
        }
        for (const Sight::Unoffered& declined : target.sight.declines) {
            say(stdout, "        declines {}: {}\n", op_name(declined.op), declined.reason);
        }
        say(stdout, "        injected failures {}\n", target.sight.failures ? "strike" : "do not");
    }
    say(stdout, "\nbugs that can be seeded into impl with --bug:\n");
    for (const BugInfo& bug : all_bugs) say(stdout, "    {:<44} {}\n", bug.name, bug.mistake);
    return Exit::clean;
}

}  // namespace vmacheck::cli
