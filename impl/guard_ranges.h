// GuardRanges: where the guards of an address space are. Storage only: sorted ranges of pages that
// neither overlap nor touch, whatever areas their pages are in.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "model/page.h"

namespace vmacheck::impl {

class GuardRanges {
  public:
    [[nodiscard]] const std::vector<PageRange>& all() const { return ranges_; }
    // Forgets the guards and keeps the memory.
    void clear() { ranges_.clear(); }

    // The first guard of `pages`.
    [[nodiscard]] std::optional<Page> first_in(PageRange pages) const {
        const auto found = first_behind(pages.start);
        if (found == ranges_.end() || found->start >= pages.end()) return std::nullopt;
        return std::max(found->start, pages.start);
    }

    void add(PageRange pages) {
        if (pages.empty()) return;
        remove(pages);
        const auto behind =
            std::partition_point(ranges_.begin(), ranges_.end(),
                                 [&](const PageRange& range) { return range.start < pages.start; });
        const auto place = ranges_.insert(behind, pages);
        // What touches it on either side becomes one range with it.
        const auto next = place + 1;
        if (next != ranges_.end() && next->start == pages.end()) {
            place->count += next->count;
            ranges_.erase(next);
        }
        if (place == ranges_.begin() || (place - 1)->end() != pages.start) return;
        (place - 1)->count += place->count;
        ranges_.erase(place);
    }

    void remove(PageRange pages) {
        if (pages.empty()) return;
        std::vector<PageRange> kept;
        for (const PageRange& range : ranges_) {
            const Page start = std::max(range.start, pages.start);
            const Page end = std::min(range.end(), pages.end());
            if (start >= end) {
                kept.push_back(range);
                continue;
            }
            if (range.start < start) kept.push_back(range_between(range.start, start));
            if (end < range.end()) kept.push_back(range_between(end, range.end()));
        }
        ranges_.swap(kept);
    }

    // The guards that `other` has in `pages`.
    void add_those_of(const GuardRanges& other, PageRange pages) {
        for (const PageRange& range : other.ranges_) {
            const Page start = std::max(range.start, pages.start);
            const Page end = std::min(range.end(), pages.end());
            if (start < end) add(range_between(start, end));
        }
    }

    // The guards of `from` are in the same order from `to` on.
    void move(PageRange from, Page to) {
        GuardRanges moved;
        moved.add_those_of(*this, from);
        remove(from);
        for (const PageRange& range : moved.ranges_) {
            add({to + (range.start - from.start), range.count});
        }
    }

  private:
    [[nodiscard]] std::vector<PageRange>::const_iterator first_behind(Page page) const {
        return std::partition_point(ranges_.begin(), ranges_.end(),
                                    [&](const PageRange& range) { return range.end() <= page; });
    }

    std::vector<PageRange> ranges_;
};

}  // namespace vmacheck::impl
