// Pictures: letters, dots, rulers, and worlds that are too wide for a column a page.
#include "report/picture.h"

#include <gtest/gtest.h>

#include "model/claims.h"

namespace vmacheck {
namespace {

AreaView area(std::uint64_t start, std::uint64_t count, Flags flags) {
    AreaView view;
    view.range = {Page{start}, PageCount{count}};
    view.attributes.flags = flags;
    return view;
}

std::string drawn(std::uint64_t pages, const std::vector<AreaView>& areas) {
    World world;
    world.pages = PageCount{pages};
    return Canvas(world, {&areas}, {}).draw(areas);
}

TEST(picture, draws_an_area_as_a_letter_that_is_capital_when_it_can_be_written) {
    EXPECT_EQ(drawn(8, {area(0, 2, read_write_flags), area(2, 1, Flag::read),
                        area(4, 2, read_write_flags)}),
              "AAb.CC..");
}

TEST(picture, draws_an_empty_space_as_dots) {
    EXPECT_EQ(drawn(5, {}), ".....");
}

TEST(picture, goes_on_from_a_behind_z) {
    std::vector<AreaView> areas;
    for (std::uint64_t page = 0; page < 28; ++page)
        areas.push_back(area(page, 1, read_write_flags));
    EXPECT_EQ(drawn(28, areas), "ABCDEFGHIJKLMNOPQRSTUVWXYZAB");
}

TEST(picture, has_tens_above_a_ruler_of_more_than_ten_pages) {
    World world;
    world.pages = PageCount{12};
    const std::vector<AreaView> none;
    const std::vector<std::string> expected = {"          1", "012345678901"};
    EXPECT_EQ(Canvas(world, {&none}, {}).ruler(), expected);
}

TEST(picture, of_a_wide_world_has_a_column_for_each_stretch) {
    World world;
    world.pages = PageCount{1 << 20};
    const std::vector<AreaView> areas = {area(4096, 16, read_write_flags),
                                         area(4112, 4, Flag::read)};
    const Canvas canvas(world, {&areas}, {});
    EXPECT_EQ(canvas.draw(areas), ".Ab.");
    EXPECT_EQ(canvas.ruler_name(), "cells");
    const std::vector<std::string> legend = {
        "0 = 0+4096   1 = 4096+16   2 = 4112+4   3 = 4116+1044460"};
    EXPECT_EQ(canvas.legend(), legend);
}

TEST(picture, of_very_many_stretches_shows_the_neighbourhood_of_the_finding) {
    World world;
    world.pages = PageCount{100000};
    std::vector<AreaView> areas;
    for (std::uint64_t at = 0; at < 1000; ++at) areas.push_back(area(at * 10, 1, read_write_flags));
    const Canvas canvas(world, {&areas}, {Page{5000}, PageCount{1}});
    EXPECT_EQ(canvas.draw(areas).size(), stretch_columns_max);
    std::string legend;
    for (const std::string& line : canvas.legend()) legend += line + "\n";
    EXPECT_NE(legend.find(" = 5000+1"), std::string::npos) << legend;
}

TEST(picture, areas_are_listed_as_a_claim_lists_them) {
    const std::vector<AreaView> areas = {area(0, 2, read_write_flags), area(4, 1, Flag::read)};
    EXPECT_EQ(areas_text(areas, 2), "0+2 rw- | 4+1 r--");
    EXPECT_EQ(areas_text(areas, 1), "2");
    EXPECT_EQ(areas_text({}, 1), "0");
}

TEST(picture, of_the_reference_has_an_area_for_each_run) {
    World world;
    world.pages = PageCount{8};
    Cases cases;
    Reference reference(cases);
    reference.create(world, Cells(world.pages));
    StepLog log;
    ASSERT_EQ(reference.apply({Mmap{{Page{1}, PageCount{4}}, {read_write_flags}, {}}, {}, {}}, log),
              Errno::ok);
    ASSERT_EQ(reference.apply({Mprotect{{Page{2}, PageCount{1}}, {Flag::read}}, {}, {}}, log),
              Errno::ok);
    EXPECT_EQ(drawn(8, areas_of(reference, SpaceId{0})), ".AbCC...");
    EXPECT_TRUE(areas_of(reference, SpaceId{1}).empty());
}

}  // namespace
}  // namespace vmacheck
