// Profiles by name or from a file; see the header.
#include "cli/profile_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "cli/files.h"
#include "model/text_profile.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

const Profile* read_profile(const std::string& path) {
    const std::optional<std::string> text = read_input(path);
    if (!text) return nullptr;
    const auto result = parse_profile_file(*text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        complain(fmt::format("{}:{}:{}: {}", printable(path), error->line, error->column,
                             error->message));
        return nullptr;
    }
    return std::get<const Profile*>(result);
}

// By name, so that versions stand in their order.
std::vector<const Profile*> sorted_profiles() {
    std::vector<const Profile*> sorted(all_profiles.begin(), all_profiles.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const Profile* one, const Profile* other) { return one->name < other->name; });
    return sorted;
}

}  // namespace

const Profile* choose_profile(const std::string& word, std::string_view before) {
    if (const Profile* const profile = find_profile(word)) return profile;
    std::error_code error;
    if (std::filesystem::exists(word, error)) return read_profile(word);
    if (find_listed_profile(word.substr(0, word.find(','))) != nullptr) {
        text::LineScanner line(word, 1);
        const Profile* profile = nullptr;
        const bool parsed = line.check_bytes() && text::parse_profile(line, profile);
        complain(fmt::format("profile `{}`: {}", printable(word),
                             parsed ? "it ends with its last switch" : line.error().message));
        return nullptr;
    }
    std::string names(before);
    for (const Profile* const profile : sorted_profiles()) {
        names += (names.empty() ? "" : ", ") + std::string(profile->name);
    }
    complain(fmt::format("there is no profile `{}`; expected {}, or a file of switches",
                         printable(word), names));
    return nullptr;
}

std::string profile_help() {
    std::string text = "Profiles:\n";
    for (const Profile* const profile : sorted_profiles()) {
        text += fmt::format("  {:<12}{}\n", profile->name, profile->source);
    }
    text +=
        "Switches, for the lines of a file behind its first one, `base PROFILE`; or on the\n"
        "command line, linux-6.18,ksm_flag:late (docs/profiles.md says more):\n";
    for (const ProfileSwitch& each : profile_switches()) {
        text += fmt::format("  {:<17}{}|{}: {}\n", each.name, each.values[0], each.values[1],
                            each.says);
    }
    return text;
}

std::string defect_help() {
    std::string text = "Known defects of kernels, which profiles repeat:\n";
    for (const KnownDefect& defect : known_defects()) {
        std::string profiles;
        for (const Profile* const profile : sorted_profiles()) {
            if (!has_defect(*profile, defect)) continue;
            profiles += (profiles.empty() ? "" : ", ") + std::string(profile->name);
        }
        text += fmt::format("  {:<17}{}\n  {:<17}({})\n", defect.name, defect.says, "", profiles);
    }
    return text;
}

}  // namespace vmacheck::cli
