#include "impl/vma_list.h"

#include <gtest/gtest.h>

namespace vmacheck::impl {
namespace {

using Cursor = VmaList::Cursor;

Vma vma(std::uint64_t start, std::uint64_t end) {
    return {Page{start}, Page{end}, Attributes{}};
}

// [2,4) [4,6) [8,9)
VmaList three_areas() {
    VmaList list;
    list.insert(list.end(), vma(8, 9));
    list.insert(list.first(), vma(2, 4));
    list.insert(list.next(list.first()), vma(4, 6));
    return list;
}

TEST(vma_list, is_empty_at_first) {
    const VmaList list;
    EXPECT_EQ(list.size(), 0U);
    EXPECT_EQ(list.first(), list.end());
    EXPECT_EQ(list.find(Page{0}), list.end());
    EXPECT_TRUE(list.before(list.end()).none());
}

TEST(vma_list, keeps_areas_in_their_order) {
    const VmaList list = three_areas();
    Cursor at = list.first();
    for (const Vma& expected : {vma(2, 4), vma(4, 6), vma(8, 9)}) {
        EXPECT_EQ(list.at(at), expected);
        at = list.next(at);
    }
    EXPECT_EQ(at, list.end());
}

TEST(vma_list, finds_the_first_area_that_ends_behind_a_page) {
    const VmaList list = three_areas();
    EXPECT_EQ(list.at(list.find(Page{0})), vma(2, 4));
    EXPECT_EQ(list.at(list.find(Page{3})), vma(2, 4));
    EXPECT_EQ(list.at(list.find(Page{4})), vma(4, 6));
    EXPECT_EQ(list.at(list.find(Page{6})), vma(8, 9));
    EXPECT_EQ(list.find(Page{9}), list.end());
}

TEST(vma_list, knows_neighbours) {
    const VmaList list = three_areas();
    const Cursor middle = list.find(Page{4});
    EXPECT_EQ(list.at(list.before(middle)), vma(2, 4));
    EXPECT_EQ(list.at(list.next(middle)), vma(8, 9));
    EXPECT_EQ(list.at(list.before(list.end())), vma(8, 9));
    EXPECT_TRUE(list.before(list.first()).none());
}

TEST(vma_list, erases_a_stretch_and_returns_what_follows) {
    VmaList list = three_areas();
    const Cursor after = list.erase(list.first(), list.find(Page{8}));
    EXPECT_EQ(list.size(), 1U);
    EXPECT_EQ(list.at(after), vma(8, 9));
    const Cursor end = list.erase(after, list.end());
    EXPECT_EQ(end, list.end());
    EXPECT_EQ(list.size(), 0U);
}

TEST(vma_list, replaces_an_area_in_its_place) {
    VmaList list = three_areas();
    list.replace(list.find(Page{4}), vma(5, 7));
    EXPECT_EQ(list.at(list.find(Page{4})), vma(5, 7));
    EXPECT_EQ(list.find(Page{7}), list.find(Page{8}));
}

TEST(vma_list_death, refuses_places_outside) {
    VmaList list = three_areas();
    EXPECT_DEATH(static_cast<void>(list.at(list.end())), "CHECK failed");
    EXPECT_DEATH(static_cast<void>(list.next(list.end())), "CHECK failed");
    EXPECT_DEATH(static_cast<void>(list.at(Cursor())), "CHECK failed");
    EXPECT_DEATH(list.insert(list.first(), vma(1, 1)), "CHECK failed");
}

TEST(vma, part_moves_the_offset_along) {
    Vma whole = vma(4, 9);
    whole.attributes.pgoff = 100;
    const Vma part = whole.part(Page{6}, Page{8});
    EXPECT_EQ(part.range(), range_between(Page{6}, Page{8}));
    EXPECT_EQ(part.attributes.pgoff, 102U);
    EXPECT_TRUE(whole.cut_by(Page{5}));
    EXPECT_FALSE(whole.cut_by(Page{4}));
    EXPECT_FALSE(whole.cut_by(Page{9}));
}

}  // namespace
}  // namespace vmacheck::impl
