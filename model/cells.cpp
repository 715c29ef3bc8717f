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
    add({world.heap, PageCount{0}});
    for (const InitialArea& area : world.areas) add(area.range);
    for (const Step& step : steps) {
        for_each_range(step.op, add);
        if (const auto* const brk = std::get_if<Brk>(&step.op)) add({brk->to, PageCount{0}});
        // What grows in place ends here, and what grows elsewhere is new from there on.
        if (const auto* const move = std::get_if<Mremap>(&step.op)) {
            add({move->from.start, move->to.count});
            add({move->to.start, move->from.count});
        }
    }
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

std::size_t Cells::cut(Page page) {
    CHECK(!cut_at(page));
    const auto next = std::lower_bound(starts_.begin(), starts_.end(), page);
    const auto cell = next - starts_.begin();
    starts_.insert(next, page);
    return static_cast<std::size_t>(cell);
}

}  // namespace vmacheck
