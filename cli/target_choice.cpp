// The one list of targets; see the header.
#include "cli/target_choice.h"

#include <fmt/format.h>

#include "cli/files.h"
#include "impl/bugs.h"
#include "impl/impl_target.h"
#include "model/check_macro.h"
#include "report/wrap.h"
#include "targets/live_kernel.h"
#include "targets/live_target.h"

namespace vmacheck::cli {

namespace {

bool is_live(const TargetChoice& choice) {
    return choice.name == "live";
}

}  // namespace

std::optional<Exit> prepare(const TargetChoice& choice) {
    if (!is_live(choice) && choice.name != "impl") {
        complain(fmt::format(
            "target `{}` is not available here; `vmacheck targets` lists those that are",
            printable(choice.name)));
        return Exit::untestable;
    }
    if (is_live(choice)) {
        const std::string reason = live_unavailable();
        if (!reason.empty()) {
            complain(fmt::format("target `live` is not available here: {}", reason));
            return Exit::untestable;
        }
    }
    if (choice.bug.empty()) return std::nullopt;
    if (is_live(choice)) {
        complain("bugs are seeded into impl, not into the running kernel");
        return Exit::bad_input;
    }
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
    if (is_live(choice)) return std::make_unique<LiveTarget>();
    CHECK(choice.name == "impl");
    return std::make_unique<ImplTarget>(ImplOptions{false});
}

std::string refusal_of(const TargetChoice& choice, const Profile& profile) {
    return is_live(choice) ? live_refuses(profile) : "";
}

bool takes_laws(const TargetChoice& choice) {
    return !is_live(choice);
}

bool takes_engine(const TargetChoice& choice) {
    return !is_live(choice);
}

std::vector<TargetReport> list_targets() {
    const ImplTarget impl(ImplOptions{false});
    const LiveTarget live;
    const std::string reason = live_unavailable();
    return {TargetReport{std::string(impl.name()), true, "", impl.sight()},
            TargetReport{std::string(live.name()), reason.empty(), reason, live.sight()}};
}

Environment environment_of(const TargetChoice& choice) {
    Environment environment;
    environment.version = std::string(version);
    environment.target = choice.name;
    environment.bug = choice.bug;
    return environment;
}

}  // namespace vmacheck::cli
