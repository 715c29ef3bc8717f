// VmaList: the ordered areas of an address space. Storage only: it knows that areas are sorted and
// do not overlap, and nothing of merging, counting or hooks.
//
// Places are cursors. A cursor stays good until the next insert() or erase(), which return a fresh
// one; nothing else may be assumed, so that a tree can take the place of the sorted vector.
//
//     for (Cursor vma = list.find(start); vma != list.end(); vma = list.next(vma)) ...
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "impl/vma.h"
#include "model/check_macro.h"

namespace vmacheck::impl {

class VmaList {
  public:
    // A place in the list: an area, the end, or (default) none at all.
    class Cursor {
      public:
        Cursor() = default;
        friend bool operator==(Cursor, Cursor) = default;
        [[nodiscard]] bool none() const { return index_ == none_index; }

      private:
        friend class VmaList;
        static constexpr std::size_t none_index = static_cast<std::size_t>(-1);
        explicit Cursor(std::size_t index) : index_(index) {}
        std::size_t index_ = none_index;
    };

    [[nodiscard]] std::size_t size() const { return vmas_.size(); }
    // Forgets the areas and keeps the memory.
    void clear() { vmas_.clear(); }

    [[nodiscard]] Cursor first() const { return Cursor(0); }
    [[nodiscard]] Cursor end() const { return Cursor(vmas_.size()); }

    // The first area that ends behind `page`: the one that holds it, or else the next one
    // (find_vma); end() if there is none.
    [[nodiscard]] Cursor find(Page page) const {
        const auto found = std::partition_point(vmas_.begin(), vmas_.end(),
                                                [page](const Vma& vma) { return vma.end <= page; });
        return Cursor(static_cast<std::size_t>(found - vmas_.begin()));
    }

    [[nodiscard]] Cursor next(Cursor vma) const {
        CHECK(vma.index_ < vmas_.size());
        return Cursor(vma.index_ + 1);
    }
    // The place before `vma`, which may be the end; none before the first area.
    [[nodiscard]] Cursor before(Cursor vma) const {
        CHECK(vma.index_ <= vmas_.size());
        return vma.index_ == 0 ? Cursor() : Cursor(vma.index_ - 1);
    }

    // Good until the list changes.
    [[nodiscard]] const Vma& at(Cursor vma) const {
        CHECK(vma.index_ < vmas_.size());
        return vmas_[vma.index_];
    }

    // Puts `changed` in the place of an area. Boundaries may move, order may not.
    void replace(Cursor vma, const Vma& changed) {
        CHECK(vma.index_ < vmas_.size());
        CHECK(changed.start < changed.end);
        vmas_[vma.index_] = changed;
    }

    // Inserts `vma` before `place`, and returns where it stands.
    Cursor insert(Cursor place, const Vma& vma) {
        CHECK(place.index_ <= vmas_.size());
        CHECK(vma.start < vma.end);
        vmas_.insert(vmas_.begin() + static_cast<std::ptrdiff_t>(place.index_), vma);
        return place;
    }

    // Removes the areas of [from, to), and returns the place behind them.
    Cursor erase(Cursor from, Cursor to) {
        CHECK(from.index_ <= to.index_);
        CHECK(to.index_ <= vmas_.size());
        vmas_.erase(vmas_.begin() + static_cast<std::ptrdiff_t>(from.index_),
                    vmas_.begin() + static_cast<std::ptrdiff_t>(to.index_));
        return from;
    }

  private:
    std::vector<Vma> vmas_;
};

}  // namespace vmacheck::impl
