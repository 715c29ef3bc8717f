// Collects the endpoints of a program; see the header.
#include "model/cells.h"

#include <variant>

namespace vmacheck {

Cells::Cells(const World& world, const std::vector<Step>& steps) : pages_(world.pages) {
    if (world.pages <= cell_per_page_max) return;
    const auto add = [this](PageRange range) {
        for (const Page page : {range.start, range.end()}) {
            if (page.value < pages_.value) starts_.push_back(page);
        }
    };
    starts_.push_back(Page{0});
    for (const InitialArea& area : world.areas) add(area.range);
    for (const Step& step : steps) {
        std::visit(
            [&](const auto& op) {
                for_each_field(op, [&](const auto&, const auto& value) {
                    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, PageRange>)
                        add(value);
                });
            },
            step.op);
    }
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

}  // namespace vmacheck
