// The one list of targets; see the header.
#include "cli/target_choice.h"

#include <fmt/format.h>

#include "cli/files.h"
#include "impl/bugs.h"
#include "impl/impl_target.h"
#include "model/check_macro.h"
#include "report/wrap.h"

namespace vmacheck::cli {

std::optional<Exit> prepare(const TargetChoice& choice) {
    if (choice.name != "impl") {
        complain(fmt::format(
            "target `{}` is not available here; `vmacheck targets` lists those that are",
            printable(choice.name)));
        return Exit::untestable;
    }
    if (choice.bug.empty()) return std::nullopt;
    const std::optional<Bug> bug = find_bug(choice.bug);
    if (!bug) {
        complain(fmt::format("there is no bug `{}`; `vmacheck targets` lists those there are",
                             printable(choice.bug)));
        return Exit::bad_input;
    }
    if (!enable_bug(*bug)) {
        complain("the seeded bugs are in vmacheck-bugs, and that is not beside this command");
        return Exit::untestable;
    }
    return std::nullopt;
}

// Without its own `verify`: a broken invariant that aborts says less than a comparison.
std::unique_ptr<Target> make_target(const TargetChoice& choice) {
    CHECK(choice.name == "impl");
    return std::make_unique<ImplTarget>(ImplOptions{false});
}

std::vector<TargetReport> list_targets() {
    const ImplTarget impl(ImplOptions{false});
    return {TargetReport{std::string(impl.name()), true, "", impl.sight()}};
}

void complain_about_profile(const std::string& name, std::string_view before) {
    std::string names(before);
    for (const Profile* const profile : all_profiles) {
        names += (names.empty() ? "" : ", ") + std::string(profile->name);
    }
    complain(fmt::format("there is no profile `{}`; expected {}", printable(name), names));
}

Environment environment_of(const TargetChoice& choice) {
    Environment environment;
    environment.version = std::string(version);
    environment.target = choice.name;
    environment.bug = choice.bug;
    return environment;
}

}  // namespace vmacheck::cli
