// Words to options; see the header.
#include "fuzz/session_options.h"

#include "impl/bugs.h"

namespace vmacheck {
namespace {

// The value of `--NAME=VALUE`, if `word` is that.
std::optional<std::string_view> value_of(std::string_view word, std::string_view name) {
    if (!word.starts_with(name) || word.substr(name.size(), 1) != "=") return std::nullopt;
    return word.substr(name.size() + 1);
}

// Empty, or what is wrong.
std::string take(std::string_view word, SessionOptions& options) {
    if (word == "--raw") {
        options.raw = true;
    } else if (word == "--systematic") {
        options.systematic = true;
    } else if (word == "--once") {
        options.once = true;
    } else if (const auto profile = value_of(word, "--profile")) {
        options.profile = find_profile(*profile);
        if (options.profile == nullptr)
            return "there is no profile `" + std::string(*profile) + "`";
    } else if (const auto name = value_of(word, "--bug")) {
        const std::optional<Bug> bug = find_bug(*name);
        if (!bug) return "there is no bug `" + std::string(*name) + "`";
        if (!enable_bug(*bug)) return "this build has no seeded bugs";
    } else if (const auto finds = value_of(word, "--finds")) {
        options.finds = *finds;
    } else if (const auto journal = value_of(word, "--journal")) {
        options.journal = *journal;
    } else {
        return "there is no option `" + std::string(word) + "`";
    }
    return "";
}

}  // namespace

std::variant<SessionOptions, std::string> parse_session_options(int argc, const char* const* argv) {
    SessionOptions options;
    for (int at = 1; at < argc; ++at) {
        const std::string_view word = argv[at];
        if (!word.starts_with("--")) continue;
        if (std::string wrong = take(word, options); !wrong.empty()) return wrong;
    }
    return options;
}

}  // namespace vmacheck
