// Pages, the unit of the world, and ranges of them.
//
// An address in a program is a page number of at most 52 bits (a 64-bit address without its 12 bits
// inside the page). A range is `first+count`; `start` is inside, `end` is not. Page and PageCount
// are distinct types, so that a length cannot be passed where a place is meant.
#pragma once

#include <compare>
#include <cstdint>

namespace vmacheck {

inline constexpr std::uint64_t page_number_max = std::uint64_t{1} << 52;

struct PageCount {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(PageCount, PageCount) = default;
    constexpr PageCount& operator+=(PageCount other) {
        value += other.value;
        return *this;
    }
    constexpr PageCount& operator-=(PageCount other) {
        value -= other.value;
        return *this;
    }
    friend constexpr PageCount operator-(PageCount all, PageCount some) {
        return {all.value - some.value};
    }
};

struct Page {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(Page, Page) = default;
    friend constexpr Page operator+(Page page, PageCount count) {
        return {page.value + count.value};
    }
    friend constexpr Page operator-(Page page, PageCount count) {
        return {page.value - count.value};
    }
    friend constexpr PageCount operator-(Page end, Page start) { return {end.value - start.value}; }
};

// A page of a file (Linux: pgoff).
struct FilePage {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(FilePage, FilePage) = default;
};

// The pages of [start, start + count). Both parts stay below 2^52 in a parsed program, so that
// end() cannot wrap.
struct PageRange {
    Page start;
    PageCount count;
    [[nodiscard]] constexpr Page end() const { return start + count; }
    [[nodiscard]] constexpr bool empty() const { return count.value == 0; }
    [[nodiscard]] constexpr bool contains(Page page) const { return start <= page && page < end(); }
    friend constexpr auto operator<=>(const PageRange&, const PageRange&) = default;
};

// The range that starts at `start` and ends before `end`.
constexpr PageRange range_between(Page start, Page end) {
    return {start, end - start};
}

}  // namespace vmacheck
