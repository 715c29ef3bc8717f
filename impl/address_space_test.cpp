// The contracts of the entry points, each on its own.
#include "impl/address_space.h"

#include <gtest/gtest.h>

#include <string>

namespace vmacheck::impl {
namespace {

constexpr Flags plain = Flag::read | Flag::may_read;
constexpr Flags marked = plain | Flag::dont_dump;

// A space with areas drawn as letters: small is `plain`, capital `marked`; a new letter is a new
// area.
class Space : public testing::Test {
  public:
    Space() {
        world.pages = PageCount{8};
        File closes;
        closes.driver = {true, false, true};
        world.files.push_back(closes);
        start(Failure{});
    }

    void start(const Failure& failure) { log.begin(failure); }
    void draw(const std::string& picture, FileId file) {
        ledger.create(world.files.size());
        space.create(SpaceId{});
        std::size_t first = 0;
        for (std::size_t page = 0; page <= picture.size(); ++page) {
            if (page < picture.size() && picture[page] == picture[first]) continue;
            const char letter = picture[first];
            InitialArea area{{Page{first}, PageCount{page - first}}, {}};
            area.attributes.pgoff = first;
            area.attributes.file = file;
            area.attributes.flags = letter < 'a' ? marked : plain;
            if (letter != '.') space.add_initial(call, area);
            first = page;
        }
    }
    [[nodiscard]] std::string picture() {
        Ledger counted = ledger;
        counted.forget_areas();
        space.verify(world, counted);
        EXPECT_EQ(counted.files(), ledger.files());
        std::string drawn(world.pages.value, '.');
        char letter = 'A';
        const VmaList& list = space.vmas();
        for (Cursor at = list.first(); at != list.end(); at = list.next(at), ++letter) {
            const Vma& vma = list.at(at);
            EXPECT_EQ(vma.attributes.pgoff, vma.start.value);
            const int change = vma.attributes.flags == marked ? 0 : 'a' - 'A';
            for (Page page = vma.start; page < vma.end; page = page + PageCount{1}) {
                drawn[page.value] = static_cast<char>(letter + change);
            }
        }
        return drawn;
    }
    Cursor find(std::uint64_t page) { return space.vmas().find(Page{page}); }
    Cursor prev(std::uint64_t page) { return space.vmas().before(find(page)); }
    static PageRange range(std::uint64_t from, std::uint64_t to) {
        return range_between(Page{from}, Page{to});
    }
    // vma_modify_flags() as its callers use it.
    Errno mark(std::uint64_t from, std::uint64_t to) {
        const Cursor middle = find(from);
        const bool inside = space.vmas().at(middle).start < Page{from};
        const auto outcome = space.vma_modify_flags(call, inside ? middle : prev(from), middle,
                                                    range(from, to), marked);
        if (outcome.error != Errno::ok) return outcome.error;
        EXPECT_LE(space.vmas().at(outcome.vma).start, Page{from});
        EXPECT_GE(space.vmas().at(outcome.vma).end, Page{to});
        return Errno::ok;
    }
    // vma_modify_flags_uffd() on an area as a whole: `marked`, and of no userfaultfd.
    Errno clear_uffd(std::uint64_t page, AddressSpace::MergeOom oom) {
        const Cursor middle = find(page);
        const PageRange whole = space.vmas().at(middle).range();
        return space
            .vma_modify_flags_uffd(call, prev(page), middle, whole, marked, UffdContext::none, oom)
            .error;
    }
    bool merge_new(std::uint64_t from, std::uint64_t to, FileId file) {
        Vma vma{Page{from}, Page{to}, {}};
        vma.attributes.pgoff = from;
        vma.attributes.flags = plain;
        vma.attributes.file = file;
        return !space.vma_merge_new_range(call, vma).none();
    }

    World world;
    Ledger ledger;
    StepLog log;
    Call call{world, ledger, log, false};
    AddressSpace space;
};
constexpr FileId closing{1};

TEST_F(Space, split_vma_leaves_the_cursor_on_the_piece_that_is_not_new) {
    draw(".aaaaaa.", closing);
    Cursor vma = find(1);
    EXPECT_EQ(space.split_vma(call, vma, Page{3}, AddressSpace::NewPiece::below), Errno::ok);
    EXPECT_EQ(space.vmas().at(vma).start, Page{3});
    EXPECT_EQ(space.split_vma(call, vma, Page{5}, AddressSpace::NewPiece::above), Errno::ok);
    EXPECT_EQ(space.vmas().at(vma).range(), range(3, 5));
    EXPECT_EQ(picture(), ".aabbcc.");
    ASSERT_EQ(log.hooks().size(), 2U);
    EXPECT_EQ(log.hooks()[0], (HookCall{HookKind::open, SpaceId{}, closing, range(1, 3)}));
    EXPECT_EQ(log.hooks()[1], (HookCall{HookKind::open, SpaceId{}, closing, range(5, 7)}));
}

TEST_F(Space, split_vma_changes_nothing_when_it_fails) {
    draw(".aaaaaa.", closing);
    start({Failure::Kind::at_stage, Stage::split, 1});
    Cursor vma = find(1);
    EXPECT_EQ(space.split_vma(call, vma, Page{3}, AddressSpace::NewPiece::below), Errno::enomem);
    EXPECT_EQ(picture(), ".aaaaaa.");
    EXPECT_TRUE(log.hooks().empty());
}

TEST_F(Space, split_vma_stops_at_the_count_limit_before_any_stage) {
    draw(".aaaaaa.", FileId{});
    world.max_map_count = 1;
    Cursor vma = find(1);
    EXPECT_EQ(space.split_vma(call, vma, Page{3}, AddressSpace::NewPiece::above), Errno::enomem);
    EXPECT_TRUE(log.passed().empty());
}

TEST_F(Space, vma_merge_new_range_joins_whoever_fits) {
    draw("aa..bb..", FileId{});
    EXPECT_TRUE(merge_new(2, 4, FileId{}));
    EXPECT_EQ(picture(), "aaaaaa..");
    draw("aa..BB..", FileId{});
    EXPECT_TRUE(merge_new(2, 4, FileId{}));
    EXPECT_EQ(picture(), "aaaaBB..");
    draw("AA..bb..", FileId{});
    EXPECT_TRUE(merge_new(2, 4, FileId{}));
    EXPECT_EQ(picture(), "AAbbbb..");
    draw("AA..BB..", FileId{});
    EXPECT_FALSE(merge_new(2, 4, FileId{}));
    EXPECT_FALSE(merge_new(7, 8, FileId{}));
    EXPECT_EQ(picture(), "AA..BB..");
}

TEST_F(Space, vma_merge_new_range_never_removes_an_area_with_a_close_hook) {
    draw("aa..bb..", closing);
    EXPECT_TRUE(merge_new(2, 4, closing));
    EXPECT_EQ(picture(), "aaaabb..");
    draw("....bb..", closing);
    EXPECT_TRUE(merge_new(2, 4, closing));
    EXPECT_EQ(picture(), "..aaaa..");
    EXPECT_TRUE(log.hooks().empty());
}

TEST_F(Space, vma_merge_new_range_without_memory_is_no_merge) {
    draw("aa..bb..", FileId{});
    start({Failure::Kind::at_stage, Stage::merge, 1});
    EXPECT_FALSE(merge_new(2, 4, FileId{}));
    EXPECT_EQ(picture(), "aa..bb..");
}

TEST_F(Space, vma_modify_flags_splits_where_nothing_fits) {
    draw("aaaaaaaa", FileId{});
    EXPECT_EQ(mark(2, 5), Errno::ok);
    EXPECT_EQ(picture(), "aaBBBccc");
    draw(".aaaaa..", FileId{});
    EXPECT_EQ(mark(1, 6), Errno::ok);
    EXPECT_EQ(picture(), ".AAAAA..");
}

// The cases 4 to 8 of the old vma_merge().
TEST_F(Space, vma_modify_flags_merges_with_neighbours) {
    draw("aaaaBBBB", FileId{});
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "aaBBBBBB");
    draw("AAAAbbbb", FileId{});
    EXPECT_EQ(mark(4, 6), Errno::ok);
    EXPECT_EQ(picture(), "AAAAAAbb");
    draw("AAbbCC..", FileId{});
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "AAAAAA..");
    draw("AAbbcc..", FileId{});
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "AAAAbb..");
    draw("aabbCC..", FileId{});
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "aaBBBB..");
}

TEST_F(Space, vma_modify_flags_leaves_the_first_split_when_the_second_fails) {
    draw("aaaaaaaa", FileId{});
    start({Failure::Kind::at_stage, Stage::split, 2});
    EXPECT_EQ(mark(2, 5), Errno::enomem);
    EXPECT_EQ(picture(), "aabbbbbb");
}

TEST_F(Space, vma_modify_flags_changes_nothing_when_the_merge_fails) {
    draw("AAbbCC..", FileId{});
    start({Failure::Kind::at_stage, Stage::merge, 1});
    EXPECT_EQ(mark(2, 4), Errno::enomem);
    EXPECT_EQ(picture(), "AAbbCC..");
}

TEST_F(Space, vma_modify_flags_uffd_merges_or_splits_as_vma_modify_flags_does) {
    draw("AAbbCC..", FileId{});
    EXPECT_EQ(clear_uffd(2, AddressSpace::MergeOom::gives_up), Errno::ok);
    EXPECT_EQ(picture(), "AAAAAA..");
    draw("aaaaaaaa", FileId{});
    const Flags watched = marked | Flag::uffd_wp;
    const auto outcome =
        space.vma_modify_flags_uffd(call, find(2), find(2), range(2, 5), watched, UffdContext::a,
                                    AddressSpace::MergeOom::is_an_error);
    EXPECT_EQ(outcome.error, Errno::ok);
    const Vma& vma = space.vmas().at(outcome.vma);
    EXPECT_EQ(vma.range(), range(2, 5));
    EXPECT_EQ(vma.attributes.flags, watched);
    EXPECT_EQ(vma.attributes.uffd, UffdContext::a);
    EXPECT_EQ(picture(), "aabbbccc");
}

TEST_F(Space, vma_modify_flags_uffd_gives_a_merge_up_when_it_is_told_to) {
    draw("AAbbCC..", FileId{});
    start({Failure::Kind::at_stage, Stage::merge, 1});
    EXPECT_EQ(clear_uffd(2, AddressSpace::MergeOom::is_an_error), Errno::enomem);
    EXPECT_EQ(picture(), "AAbbCC..");
    start({Failure::Kind::at_stage, Stage::merge, 1});
    EXPECT_EQ(clear_uffd(2, AddressSpace::MergeOom::gives_up), Errno::ok);
    EXPECT_EQ(picture(), "AABBCC..");
}

TEST_F(Space, vma_modify_flags_uffd_gives_up_for_areas_as_a_whole_alone) {
    draw("aaaaaa..", FileId{});
    EXPECT_DEATH(static_cast<void>(space.vma_modify_flags_uffd(call, find(2), find(2), range(2, 4),
                                                               marked, UffdContext::none,
                                                               AddressSpace::MergeOom::gives_up)),
                 "CHECK failed");
}

TEST_F(Space, vma_modify_flags_keeps_areas_with_a_close_hook) {
    draw("AAbbCC..", closing);
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "AABBCC..");
    draw("AAbbbb..", closing);
    EXPECT_EQ(mark(2, 4), Errno::ok);
    EXPECT_EQ(picture(), "AAAAbb..");
    EXPECT_TRUE(log.hooks().empty());
}

}  // namespace
}  // namespace vmacheck::impl
