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
    // A move takes the cuts of its old place along: all that are there, and those that earlier
    // moves brought.
    const auto carry = [this, &add](const Mremap& move) {
        add({move.from.start, move.to.count});
        const std::size_t count = starts_.size();
        for (std::size_t at = 0; at < count; ++at) {
            if (!move.from.contains(starts_[at])) continue;
            add({move.to.start + (starts_[at] - move.from.start), PageCount{0}});
        }
    };
    starts_.push_back(Page{0});
    for (const InitialArea& area : world.areas) add(area.range);
    for (const Step& step : steps) {
        for_each_range(step.op, add);
    }
    for (const Step& step : steps) {
        if (const auto* const move = std::get_if<Mremap>(&step.op)) carry(*move);
    }
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

}  // namespace vmacheck
