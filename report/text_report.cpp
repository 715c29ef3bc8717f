// The lines of the report, from top to bottom; see the header.
#include "report/text_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/text.h"
#include "report/difference.h"
#include "report/wrap.h"

namespace vmacheck {
namespace {

constexpr std::size_t line_width = 72;
constexpr std::size_t answer_column = 44;

std::string answers_text(const Counterexample& example, std::size_t step) {
    if (step >= example.answers.size()) return "";
    const Answers& answers = example.answers[step];
    std::string text = "= ";
    print_result(text, answers.expected);
    if (!answers.found) return text + ", found nothing";
    if (*answers.found != answers.expected) {
        text += ", found ";
        print_result(text, *answers.found);
    }
    return text;
}

constexpr std::size_t areas_shown_max = 16;

// What was there before the first step.
void add_areas(std::string& report, const World& world) {
    for (const InitialArea& area : world.areas) {
        if (&area == world.areas.data() + areas_shown_max) {
            report +=
                fmt::format("    ... {} areas behind\n", world.areas.size() - areas_shown_max);
            return;
        }
        report += "    area ";
        print_range(report, area.range);
        report += ' ';
        print_attributes(report, area.attributes, area.range.start, world);
        report += '\n';
    }
}

void add_steps(std::string& report, const Counterexample& example) {
    const std::size_t last = std::min(example.finding.step + 1, example.steps.size());
    const std::size_t first = last > steps_shown_max ? last - steps_shown_max : 0;
    if (first > 0) report += fmt::format("    ... {} steps before\n", first);
    for (std::size_t step = first; step < last; ++step) {
        std::string line = step == example.finding.step ? "  > " : "    ";
        print_step(line, example.steps[step], example.world);
        const std::string answers = answers_text(example, step);
        if (!answers.empty()) {
            if (line.size() < answer_column) line.append(answer_column - line.size(), ' ');
            line += " " + answers;
        }
        report += line + "\n";
    }
    if (last < example.steps.size()) {
        report += fmt::format("    ... {} steps behind\n", example.steps.size() - last);
    }
}

}  // namespace

std::string text_report(const Counterexample& example, const Environment& environment,
                        const std::string& file) {
    std::string report = headline(example) + "\n";
    for (const std::string& line : comparison_lines(example)) report += "    " + line + "\n";
    for (const std::string& line : wrapped(example.finding.what, line_width)) report += line + "\n";
    for (const std::string& line : difference_lines(example)) report += "    " + line + "\n";
    if (!example.last_words.empty()) report += "    " + printable(example.last_words) + "\n";
    report += "\n";
    add_areas(report, example.world);
    add_steps(report, example);
    report += "bucket: " + bucket_name(example.finding.bucket) + "\n";
    const std::string with = "with: " + environment_text(environment, *example.world.profile);
    for (const std::string& line : wrapped(with, line_width)) {
        report += (line.starts_with("with:") ? "" : "      ") + line + "\n";
    }
    report += "replay: " + replay_command(environment, file) + "\n";
    return report;
}

}  // namespace vmacheck
