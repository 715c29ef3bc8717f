// The pieces that reports share, and the program that explains itself; see the header.
#include "report/counterexample.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/cells.h"
#include "model/claims.h"
#include "model/reference.h"
#include "model/text.h"
#include "report/difference.h"
#include "report/picture.h"
#include "report/wrap.h"

namespace vmacheck {
namespace {

// Beside a step there is room for a picture of this many pages.
constexpr PageCount picture_beside_max{32};
// More areas are claimed by their number.
constexpr std::size_t areas_claimed_max = 16;

// Without backings: what is behind the areas is in the steps.
AreasLine areas_claim(const Reference& reference, SpaceId space, const World& world) {
    AreasLine line = claim_about(areas_of(reference, space), space, world);
    auto* const listed = std::get_if<std::vector<AreasLine::Area>>(&line.areas);
    if (listed == nullptr) return line;
    if (listed->size() > areas_claimed_max) return {space, std::uint64_t{listed->size()}};
    for (AreasLine::Area& area : *listed) area.backing.reset();
    return line;
}

bool last_step_declined(const Counterexample& example, std::size_t step) {
    return step < example.answers.size() && example.answers[step].found &&
           example.answers[step].found->error == Errno::declined;
}

std::vector<std::string> story(const Counterexample& example, const Environment& environment) {
    std::vector<std::string> lines;
    const auto add = [&](const std::string& text) {
        for (const std::string& line : wrapped(text, 92)) lines.push_back(" " + line);
    };
    add(headline(example));
    for (const std::string& line : comparison_lines(example)) lines.push_back("     " + line);
    add(example.finding.what);
    for (const std::string& line : difference_lines(example)) lines.push_back("     " + line);
    if (!example.last_words.empty()) add(printable(example.last_words));
    add("Bucket: " + bucket_name(example.finding.bucket));
    add("Found by " + environment_text(environment, *example.world.profile));
    return lines;
}

}  // namespace

std::string headline(const Counterexample& example) {
    const std::string_view verdict = name_of(example.finding.bucket.verdict);
    const std::size_t count = example.steps.size();
    if (example.finding.step >= count) {
        return fmt::format("{} after step {} of {}, when everything is unmapped", verdict, count,
                           count);
    }
    std::string step;
    print_step(step, example.steps[example.finding.step], example.world);
    const bool outside = example.finding.bucket.verdict == Verdict::crash ||
                         example.finding.bucket.verdict == Verdict::hang;
    return fmt::format("{} {} step {} of {}: {}", verdict, outside ? "in" : "after",
                       example.finding.step + 1, count, step);
}

std::string environment_text(const Environment& environment, const Profile& profile) {
    std::string text = fmt::format("vmacheck {}, target {}, profile {}", environment.version,
                                   environment.target, profile.name);
    if (!environment.bug.empty()) text += ", bug " + environment.bug;
    if (!environment.alphabet.empty()) text += ", alphabet " + environment.alphabet;
    if (environment.seed) text += fmt::format(", seed {}", *environment.seed);
    if (environment.program) text += fmt::format(", program {}", *environment.program);
    return text;
}

std::string replay_command(const Environment& environment, const std::string& file) {
    const std::string name = (file.starts_with('-') ? "./" : "") + file;
    std::string text =
        fmt::format("vmacheck replay {} --target {}", quoted_for_shell(name), environment.target);
    if (!environment.bug.empty()) text += " --bug " + environment.bug;
    if (!environment.profile.empty()) text += " --profile " + environment.profile;
    return text;
}

std::vector<std::string> comparison_lines(const Counterexample& example) {
    const bool answered = example.finding.bucket.verdict != Verdict::crash &&
                          example.finding.bucket.verdict != Verdict::hang;
    std::vector<const std::vector<AreaView>*> drawn{&example.expected};
    if (answered) drawn.push_back(&example.found);
    const Canvas canvas(example.world, drawn, example.finding.where);
    std::vector<std::string> lines;
    const std::vector<std::string> ruler = canvas.ruler();
    for (std::size_t row = 0; row < ruler.size(); ++row) {
        const std::string name = row + 1 == ruler.size() ? canvas.ruler_name() : "";
        lines.push_back(fmt::format("{:<10}{}", name, ruler[row]));
    }
    lines.push_back("expected  " + canvas.draw(example.expected));
    if (answered) lines.push_back("found     " + canvas.draw(example.found));
    for (const std::string& line : canvas.legend()) lines.push_back("          " + line);
    if (example.finding.space != SpaceId{}) {
        lines.push_back(fmt::format("This is address space {}.", example.finding.space.value));
    }
    return lines;
}

Program annotated(const Counterexample& example, const Environment& environment) {
    Program program = program_of(example.world, example.steps);
    program.world_comments.above = story(example, environment);
    Cases cases;
    Reference reference(cases);
    reference.create(program.world, Cells(program.world, example.steps));
    StepLog log;
    for (std::size_t step = 0; step < example.steps.size(); ++step) {
        if (last_step_declined(example, step)) continue;
        const Errno error = reference.apply(example.steps[step], log);
        Line& line = program.lines[step];
        std::get<StepLine>(line.content).claim = Result{error, log.unused()};
        if (program.world.pages > picture_beside_max) continue;
        const std::vector<AreaView> areas = areas_of(reference, example.steps[step].space);
        line.comments.beside = " " + Canvas(program.world, {&areas}, {}).draw(areas);
    }
    const SpaceId space = example.finding.space;
    if (reference.has_space(space)) {
        program.lines.push_back({areas_claim(reference, space, program.world), {}});
    }
    return program;
}

}  // namespace vmacheck
