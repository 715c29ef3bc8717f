// The lines of the report, from top to bottom; see the header.
#include "report/text_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "model/text.h"
#include "report/picture.h"
#include "report/wrap.h"

namespace vmacheck {
namespace {

constexpr std::size_t width = 72;
constexpr std::size_t answer_column = 44;

// Identities above `fixed` get new numbers by first appearance, so that two sides that differ in
// nothing but names read the same.
void rename(std::vector<AreaView>& areas, std::uint32_t fixed) {
    std::map<std::uint32_t, std::uint32_t> files;
    std::map<std::uint32_t, std::uint32_t> faults;
    for (AreaView& area : areas) {
        FileId& file = area.attributes.file;
        FaultId& fault = area.attributes.fault;
        if (file.value > fixed) {
            const auto next = fixed + 1 + static_cast<std::uint32_t>(files.size());
            file.value = files.try_emplace(file.value, next).first->second;
        }
        if (!fault.none()) {
            const auto next = 1 + static_cast<std::uint32_t>(faults.size());
            fault.value = faults.try_emplace(fault.value, next).first->second;
        }
    }
}

std::optional<Attributes> attributes_at(const std::vector<AreaView>& areas, Page page) {
    for (const AreaView& area : areas) {
        if (!area.range.contains(page)) continue;
        Attributes attributes = area.attributes;
        attributes.pgoff += (page - area.range.start).value;
        return attributes;
    }
    return std::nullopt;
}

std::string attributes_text(const std::optional<Attributes>& attributes, Page page,
                            const World& world) {
    if (!attributes) return "not mapped";
    std::string text;
    print_attributes(text, *attributes, page, world);
    return text;
}

// The first page on which both sides differ; pages differ in the same way up to the next end of an
// area, so only those ends are looked at.
std::vector<std::string> difference_lines(const Counterexample& example) {
    const auto files = static_cast<std::uint32_t>(example.world.files.size());
    std::vector<AreaView> expected = example.expected;
    std::vector<AreaView> found = example.found;
    rename(expected, files);
    rename(found, files);
    std::vector<Page> pages;
    for (const std::vector<AreaView>* areas : {&expected, &found}) {
        for (const AreaView& area : *areas) {
            pages.push_back(area.range.start);
            pages.push_back(area.range.end());
        }
    }
    std::sort(pages.begin(), pages.end());
    for (const Page page : pages) {
        const auto wanted = attributes_at(expected, page);
        const auto got = attributes_at(found, page);
        if (wanted == got) continue;
        return {
            fmt::format("page {}", page.value),
            "expected  " + attributes_text(wanted, page, example.world),
            "found     " + attributes_text(got, page, example.world),
        };
    }
    return {};
}

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
    for (const std::string& line : wrapped(example.finding.what, width)) report += line + "\n";
    if (example.finding.bucket.verdict == Verdict::wrong_pages) {
        for (const std::string& line : difference_lines(example)) report += "    " + line + "\n";
    }
    if (!example.last_words.empty()) report += "    " + printable(example.last_words) + "\n";
    report += "\n";
    add_steps(report, example);
    report += "bucket: " + bucket_name(example.finding.bucket) + "\n";
    const std::string with = "with: " + environment_text(environment, *example.world.profile);
    for (const std::string& line : wrapped(with, width)) {
        report += (line.starts_with("with:") ? "" : "      ") + line + "\n";
    }
    report += "replay: " + replay_command(environment, file) + "\n";
    return report;
}

}  // namespace vmacheck
