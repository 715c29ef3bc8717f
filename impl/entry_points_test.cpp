// The contracts of the entry points as properties: each is called on every layout of a small world,
// with every range that it may be given and with each failure that it may meet, and held against a
// few lines about pages and boundaries.
#include "impl/entry_points_for_tests.h"

namespace vmacheck::impl {
namespace {

TEST(entry_point, split_vma_cuts_once_or_changes_nothing) {
    std::size_t cuts = 0;
    std::size_t refusals = 0;
    for_each_range([&](const Layout& before, std::size_t from, std::size_t page,
                       const Failure& failure) {
        const std::size_t start = before.start_of(from);
        if (from != start || page == before.end_of(from)) return;
        for (const auto piece : {AddressSpace::NewPiece::below, AddressSpace::NewPiece::above}) {
            for (const bool at_limit : {false, true}) {
                Trial trial(modifiers[0], closing, before, failure);
                trial.world.max_map_count = before.area_count() + (at_limit ? 0U : 1U);
                Cursor vma = trial.find(from);
                const Errno error = trial.space.split_vma(trial.call, vma, Page{page}, piece);
                const bool refused = at_limit || fails_at(failure, Stage::split, 1);
                ASSERT_EQ(error, refused ? Errno::enomem : Errno::ok) << before.picture();
                Layout expected = before;
                expected.starts[page] = !refused;
                ASSERT_EQ(trial.after().picture(), expected.picture());
                ASSERT_EQ(trial.log.hooks().size(), refused ? 0U : 1U);
                cuts += refused ? 0U : 1U;
                refusals += refused ? 1U : 0U;
                if (refused) continue;
                // The cursor stays on the old piece; the driver is told of the new one.
                const bool below = piece == AddressSpace::NewPiece::below;
                const PageRange lower = Trial::pages(start, page);
                const PageRange upper = Trial::pages(page, before.end_of(from));
                ASSERT_EQ(trial.space.vmas().at(vma).range(), below ? upper : lower);
                ASSERT_EQ(trial.log.hooks()[0],
                          (HookCall{HookKind::open, SpaceId{}, closing, below ? lower : upper}));
            }
        }
    });
    EXPECT_GT(cuts, 100U);
    EXPECT_GT(refusals, 100U);
}

// vma_merge_new_vma, since 6.12 vma_merge_new_range.
TEST(entry_point, vma_merge_new_range_joins_who_fits_or_changes_nothing) {
    std::array<std::size_t, 4> times{};
    for (const Layout& before : all_layouts()) {
        for (std::size_t from = 0; from < page_count; ++from) {
            for (std::size_t to = from + 1; to <= page_count && !before.mapped(to - 1); ++to) {
                for (const FileId file : {FileId{}, closing}) {
                    for (const Failure& failure : failures) {
                        const auto plain_at = [&](std::size_t page) {
                            return page < page_count && before.kinds[page] == Kind::plain;
                        };
                        const bool fails = fails_at(failure, Stage::merge, 1);
                        const bool left = !fails && from > 0 && plain_at(from - 1);
                        const bool right = !fails && plain_at(to) && !(left && file == closing);
                        Layout expected = before;
                        for (std::size_t page = from; page < to && (left || right); ++page) {
                            expected.kinds[page] = Kind::plain;
                        }
                        expected.starts[from] = right && !left;
                        expected.starts[to] = before.starts[to] && !right;

                        Trial trial(modifiers[0], file, before, failure);
                        const Vma vma{Page{from}, Page{to}, trial.attributes(Kind::plain, from)};
                        const Cursor merged = trial.space.vma_merge_new_range(trial.call, vma);
                        ASSERT_EQ(merged.none(), !left && !right) << before.picture();
                        const Layout after = trial.after();
                        ASSERT_EQ(after.picture(), expected.picture()) << before.picture();
                        ++times[(left ? 1U : 0U) + (right ? 2U : 0U)];
                        if (merged.none()) continue;
                        ASSERT_EQ(trial.space.vmas().at(merged).range(),
                                  Trial::pages(after.start_of(from), after.end_of(from)));
                    }
                }
            }
        }
    }
    for (const std::size_t count : times) EXPECT_GT(count, 100U);
}

TEST(entry_point, vma_merge_extend_takes_the_next_in_or_changes_nothing) {
    std::array<std::size_t, 3> times{};
    for (const Layout& before : all_layouts()) {
        for (std::size_t start = 0; start < page_count; ++start) {
            if (!before.starts[start]) continue;
            const std::size_t old_end = before.end_of(start);
            for (std::size_t end = old_end + 1; end <= page_count && !before.mapped(end - 1);
                 ++end) {
                for (const FileId file : {FileId{}, closing}) {
                    for (const Failure& failure : failures) {
                        const bool fails = fails_at(failure, Stage::merge, 1);
                        const bool joins = !fails && file != closing && before.mapped(end) &&
                                           before.kinds[end] == before.kinds[start];
                        Layout expected = before;
                        for (std::size_t page = old_end; page < end && !fails; ++page) {
                            expected.kinds[page] = before.kinds[start];
                        }
                        expected.starts[end] = before.starts[end] && !joins;

                        Trial trial(modifiers[0], file, before, failure);
                        const bool grown =
                            trial.space.vma_merge_extend(trial.call, trial.find(start), Page{end});
                        ASSERT_EQ(grown, !fails) << before.picture();
                        ASSERT_EQ(trial.after().picture(), expected.picture()) << before.picture();
                        ++times[fails ? 0 : joins ? 2 : 1];
                    }
                }
            }
        }
    }
    for (const std::size_t count : times) EXPECT_GT(count, 50U);
}

}  // namespace
}  // namespace vmacheck::impl
