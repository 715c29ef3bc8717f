// GuardRanges holds what a set of pages holds, in as few ranges as there can be.
#include "impl/guard_ranges.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <string>

namespace vmacheck::impl {
namespace {

std::string picture(const GuardRanges& guards) {
    std::string text(12, '.');
    for (const PageRange& range : guards.all()) {
        for (Page page = range.start; page < range.end(); page = page + PageCount{1}) {
            text[page.value] = 'g';
        }
    }
    return text;
}

PageRange pages(std::uint64_t start, std::uint64_t count) {
    return {Page{start}, PageCount{count}};
}

TEST(guard_ranges, joins_what_touches_and_cuts_what_goes) {
    GuardRanges guards;
    guards.add(pages(2, 2));
    guards.add(pages(6, 2));
    EXPECT_EQ(picture(guards), "..gg..gg....");
    guards.add(pages(4, 2));
    EXPECT_EQ(picture(guards), "..gggggg....");
    EXPECT_EQ(guards.all().size(), 1U);
    guards.remove(pages(3, 1));
    EXPECT_EQ(picture(guards), "..g.gggg....");
    EXPECT_EQ(guards.first_in(pages(3, 9)), Page{4});
    EXPECT_EQ(guards.first_in(pages(5, 1)), Page{5});
    EXPECT_EQ(guards.first_in(pages(8, 4)), std::nullopt);
    guards.move(pages(2, 4), Page{8});
    EXPECT_EQ(picture(guards), "......ggg.gg");
    guards.add(pages(3, 0));
    guards.remove(pages(0, 0));
    EXPECT_EQ(picture(guards), "......ggg.gg");
    GuardRanges child;
    child.add_those_of(guards, pages(7, 4));
    EXPECT_EQ(picture(child), ".......gg.g.");
    guards.clear();
    EXPECT_EQ(picture(guards), "............");
}

TEST(guard_ranges, hold_what_a_set_of_pages_holds) {
    std::mt19937 engine(1);
    const auto below = [&](std::uint32_t end) {
        return static_cast<std::uint64_t>(engine() % end);
    };
    GuardRanges guards;
    std::set<std::uint64_t> expected;
    for (int turn = 0; turn < 2000; ++turn) {
        const PageRange range = pages(below(30), below(6));
        const bool adds = below(2) == 0;
        adds ? guards.add(range) : guards.remove(range);
        for (Page page = range.start; page < range.end(); page = page + PageCount{1}) {
            if (adds)
                expected.insert(page.value);
            else
                expected.erase(page.value);
        }
        std::set<std::uint64_t> found;
        for (std::size_t at = 0; at < guards.all().size(); ++at) {
            const PageRange held = guards.all()[at];
            ASSERT_FALSE(held.empty());
            if (at > 0) {
                ASSERT_LT(guards.all()[at - 1].end(), held.start);
            }
            for (Page page = held.start; page < held.end(); page = page + PageCount{1}) {
                found.insert(page.value);
            }
        }
        ASSERT_EQ(found, expected);
    }
}

}  // namespace
}  // namespace vmacheck::impl
