// The sources of choices: each is deterministic, total, and in bounds.
#include "search/source.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace vmacheck {
namespace {

TEST(random_source, is_a_pure_function_of_seed_and_stream) {
    RandomSource one(7, 3);
    RandomSource same(7, 3);
    RandomSource other_stream(7, 4);
    RandomSource swapped(3, 7);
    int different = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t drawn = one.below(1000);
        EXPECT_EQ(drawn, same.below(1000));
        different += drawn != other_stream.below(1000) ? 1 : 0;
        different += drawn != swapped.below(1000) ? 1 : 0;
    }
    EXPECT_GT(different, 1900);
}

// A change of these numbers makes every seed that somebody wrote down mean something else.
TEST(random_source, draws_what_it_always_drew) {
    RandomSource source(1, 0);
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 6; ++i) drawn.push_back(source.below(1000));
    EXPECT_EQ(drawn, (std::vector<std::uint64_t>{68, 662, 303, 255, 449, 646}));
}

TEST(random_source, reaches_every_choice) {
    RandomSource source(1, 1);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 2000; ++i) seen.insert(source.below(64));
    EXPECT_EQ(seen.size(), 64U);
    EXPECT_EQ(*seen.rbegin(), 63U);
    EXPECT_LT(source.below(std::uint64_t{1} << 40U), std::uint64_t{1} << 40U);
}

TEST(bytes_source, takes_as_few_bytes_as_the_count_needs) {
    const std::vector<std::uint8_t> bytes = {5, 9, 1, 2, 200};
    BytesSource source(bytes.data(), bytes.size());
    EXPECT_EQ(source.below(1), 0U);
    EXPECT_EQ(source.below(8), 5U);
    EXPECT_EQ(source.below(256), 9U);
    EXPECT_EQ(source.below(1000), 258U);
    EXPECT_EQ(source.below(100), 0U);
    EXPECT_TRUE(source.exhausted());
}

TEST(bytes_source, is_zero_behind_its_end) {
    BytesSource source(nullptr, 0);
    for (std::uint64_t count : {1U, 2U, 255U, 100000U}) EXPECT_EQ(source.below(count), 0U);
    EXPECT_EQ(source.below(~std::uint64_t{0}), 0U);
}

TEST(counting_source, comes_by_every_sequence_once) {
    CountingSource source;
    std::set<std::vector<std::uint64_t>> seen;
    int turns = 0;
    do {
        // The second choice exists only behind some of the first.
        std::vector<std::uint64_t> sequence{source.below(3)};
        if (sequence[0] > 0) sequence.push_back(source.below(sequence[0] + 1));
        seen.insert(sequence);
        ++turns;
    } while (source.next());
    EXPECT_EQ(turns, 1 + 2 + 3);
    EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace vmacheck
