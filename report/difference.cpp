// Looks at the ends of areas alone, for between two of them nothing changes; see the header.
#include "report/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "model/text.h"

namespace vmacheck {
namespace {

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

}  // namespace

std::vector<std::string> difference_lines(const Counterexample& example) {
    if (example.finding.bucket.verdict != Verdict::wrong_pages) return {};
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

}  // namespace vmacheck
