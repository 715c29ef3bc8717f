// Cells: what the reference's arrays are indexed by.
//
// In a generated world a cell is a page. In an imported program (a few thousand ranges scattered
// over 2^35 pages) a cell is a maximal stretch that no endpoint of the program so far cuts; its
// weight is its number of pages. Counters and offsets use the weight; operations do not know the
// difference.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "model/check_macro.h"
#include "model/page.h"
#include "model/program.h"

namespace vmacheck {

// Worlds of at most this many pages get a cell a page, whatever the program is.
inline constexpr PageCount cell_per_page_max{4096};

class Cells {
  public:
    // A cell a page.
    explicit Cells(PageCount pages) : pages_(pages) {}

    // The cells of a given program: one a page if the world is small enough for that.
    Cells(const World& world, const std::vector<Step>& steps);

    [[nodiscard]] std::size_t count() const {
        return cell_per_page() ? pages_.value : starts_.size();
    }

    // The cell that starts at `page`; count() for the end of the world. CHECKs that one does.
    [[nodiscard]] std::size_t index(Page page) const {
        if (cell_per_page()) return page.value;
        if (page.value == pages_.value) return starts_.size();
        const auto found = std::lower_bound(starts_.begin(), starts_.end(), page);
        CHECK(found != starts_.end() && *found == page);
        return static_cast<std::size_t>(found - starts_.begin());
    }
    // Whether a cell starts at `page`, or the world ends there.
    [[nodiscard]] bool cut_at(Page page) const {
        return cell_per_page() ? page.value <= pages_.value
                               : page.value == pages_.value ||
                                     std::binary_search(starts_.begin(), starts_.end(), page);
    }
    [[nodiscard]] Page start(std::size_t cell) const {
        if (cell == count()) return Page{pages_.value};
        return cell_per_page() ? Page{cell} : starts_[cell];
    }
    [[nodiscard]] PageCount weight(std::size_t cell) const {
        return cell_per_page() ? PageCount{1} : start(cell + 1) - start(cell);
    }

    // Makes a cell start at `page`, where none does; its index. What a move takes along is cut at
    // the new place as it was at the old one, and no endpoint of the program says where.
    std::size_t cut(Page page);

  private:
    [[nodiscard]] bool cell_per_page() const { return starts_.empty(); }

    PageCount pages_;
    std::vector<Page> starts_;
};

}  // namespace vmacheck
