// The table; see the header.
#include "report/unwind_matrix.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmacheck {

std::string unwind_matrix(std::span<const std::uint64_t> counts,
                          std::span<const Profile* const> profiles) {
    const auto can_happen = [&](CaseId id) {
        return std::any_of(profiles.begin(), profiles.end(),
                           [&](const Profile* profile) { return case_possible(id, *profile); });
    };
    std::string text = fmt::format("{:18}", "");
    for (const std::string_view stage : stage_names) {
        text += fmt::format("{:>{}}", stage, std::max<std::size_t>(stage.size() + 1, 8));
    }
    text += '\n';
    for (std::size_t op = 0; op < op_count; ++op) {
        std::string line = fmt::format("{:18}", op_name(op));
        bool any = false;
        for (std::size_t stage = 0; stage < stage_names.size(); ++stage) {
            const CaseId id = case_id(op, unwind_case(static_cast<Stage>(stage)));
            const bool possible = can_happen(id);
            any = any || possible;
            const std::size_t width = std::max<std::size_t>(stage_names[stage].size() + 1, 8);
            line += fmt::format("{:>{}}", possible ? std::to_string(counts[id]) : ".", width);
        }
        if (any) text += line + '\n';
    }
    return text;
}

}  // namespace vmacheck
