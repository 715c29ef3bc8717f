// The contract of the entry points vma_modify_* as a property; see entry_points_test.cpp for the
// others.
#include "impl/entry_points_for_tests.h"

namespace vmacheck::impl {
namespace {

// What vma_modify_*() should make of a layout.
struct Expected {
    Errno error = Errno::ok;
    Layout layout;
    bool merged = false;
};

Expected expected_of_modify(const Layout& before, std::size_t from, std::size_t to, bool closes,
                            const Failure& failure) {
    const Kind wanted = other(before.kinds[from]);
    const bool at_start = before.starts[from];
    const bool at_end = before.end_of(from) == to;
    bool left = at_start && from > 0 && before.kinds[from - 1] == wanted;
    bool right = at_end && before.mapped(to) && before.kinds[to] == wanted;
    // Who has a close hook is not removed: not the area itself, and not the one on the right.
    if (closes && at_start && at_end) left = right = false;

    Expected expected{Errno::ok, before, left || right};
    if (expected.merged && fails_at(failure, Stage::merge, 1)) {
        expected.error = Errno::enomem;
        return expected;
    }
    if (!expected.merged) {
        unsigned splits = 0;
        for (const std::size_t page : {from, to}) {
            if (page == from ? at_start : at_end) continue;
            if (fails_at(failure, Stage::split, ++splits)) {
                expected.error = Errno::enomem;
                return expected;
            }
            expected.layout.starts[page] = true;
        }
    }
    for (std::size_t page = from; page < to; ++page) expected.layout.kinds[page] = wanted;
    expected.layout.starts[from] = !left;
    expected.layout.starts[to] = before.mapped(to) && !right;
    return expected;
}

struct Times {
    std::size_t merged = 0;
    std::size_t split = 0;
    std::size_t refused = 0;
    std::size_t refused_after_a_split = 0;
};

class EntryPoint : public testing::TestWithParam<Modifier> {};

TEST_P(EntryPoint, vma_modify_answers_and_changes_what_its_contract_says) {
    for (const FileId file : {FileId{}, closing}) {
        Times times;
        for_each_range([&](const Layout& before, std::size_t from, std::size_t to,
                           const Failure& failure) {
            const Expected expected =
                expected_of_modify(before, from, to, file == closing, failure);
            Trial trial(GetParam(), file, before, failure);
            const AddressSpace::Outcome outcome = trial.modify(from, to);
            const std::string about = before.picture() + " " + std::to_string(from) + "-" +
                                      std::to_string(to) + " fails at " +
                                      std::to_string(static_cast<int>(failure.stage)) + "#" +
                                      std::to_string(failure.k);
            ASSERT_EQ(outcome.error, expected.error) << about;
            const Layout after = trial.after();
            ASSERT_EQ(after.picture(), expected.layout.picture()) << about;
            if (outcome.error != Errno::ok) {
                times.refused += after == before ? 1U : 0U;
                times.refused_after_a_split += after == before ? 0U : 1U;
                return;
            }
            const PageRange returned = trial.space.vmas().at(outcome.vma).range();
            ASSERT_EQ(returned, Trial::pages(after.start_of(from), after.end_of(from))) << about;
            ASSERT_TRUE(expected.merged || returned == Trial::pages(from, to)) << about;
            times.merged += expected.merged ? 1U : 0U;
            times.split += expected.merged ? 0U : 1U;
        });
        EXPECT_GT(times.merged, 100U);
        EXPECT_GT(times.split, 100U);
        EXPECT_GT(times.refused, 100U);
        EXPECT_GT(times.refused_after_a_split, 100U);
    }
}

INSTANTIATE_TEST_SUITE_P(modify, EntryPoint, testing::ValuesIn(modifiers),
                         [](const auto& tested) { return tested.param.name; });

// With `gives_up` an area as a whole is changed where it lies if there is no memory for its merge.
TEST(entry_point, vma_modify_flags_uffd_leaves_no_error_when_it_may_give_up) {
    std::size_t given_up = 0;
    for (const Layout& before : all_layouts()) {
        for (std::size_t start = 0; start < page_count; ++start) {
            if (!before.starts[start] || before.kinds[start] != Kind::marked) continue;
            for (const Failure& failure : failures) {
                const std::size_t end = before.end_of(start);
                Expected expected = expected_of_modify(before, start, end, false, failure);
                if (expected.error != Errno::ok) {
                    for (std::size_t page = start; page < end; ++page) {
                        expected.layout.kinds[page] = Kind::plain;
                    }
                    ++given_up;
                }
                Trial trial(modifiers[3], FileId{}, before, failure);
                const Cursor vma = trial.find(start);
                const auto outcome = trial.space.vma_modify_flags_uffd(
                    trial.call, trial.space.vmas().before(vma), vma, Trial::pages(start, end),
                    trial.attributes(Kind::plain, start).flags, UffdContext::none,
                    AddressSpace::MergeOom::gives_up);
                ASSERT_EQ(outcome.error, Errno::ok) << before.picture();
                ASSERT_EQ(trial.after().picture(), expected.layout.picture()) << before.picture();
            }
        }
    }
    EXPECT_GT(given_up, 100U);
}

}  // namespace
}  // namespace vmacheck::impl
