// The table of failures by operation and stage.
#include "report/unwind_matrix.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <string>
#include <vector>

namespace vmacheck {
namespace {

using Counts = std::array<std::uint64_t, case_count>;

// The words of the line that begins with `first`; none if there is no such line.
std::vector<std::string> line_of(const std::string& table, const std::string& first) {
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::vector<std::string> found;
        for (std::string word; words >> word;) found.push_back(word);
        if (!found.empty() && found.front() == first) return found;
    }
    return {};
}

TEST(unwind_matrix, has_a_column_for_each_stage) {
    const Counts counts{};
    const std::array profiles = {&linux_6_18_profile};
    const std::vector<std::string> head = line_of(unwind_matrix(counts, profiles), "split");
    EXPECT_EQ(head, std::vector<std::string>(stage_names.begin(), stage_names.end()));
}

TEST(unwind_matrix, shows_how_often_and_where_nothing_can_fail) {
    Counts counts{};
    counts[case_id(op_index<Munmap>(), unwind_case(Stage::split))] = 1234567;
    const std::array profiles = {&linux_6_18_profile};
    const std::string table = unwind_matrix(counts, profiles);
    std::vector<std::string> expected(stage_names.size() + 1, ".");
    expected[0] = "munmap";
    for (const Stage stage :
         {Stage::policy, Stage::anon, Stage::may_split, Stage::detach, Stage::clear}) {
        expected[1 + static_cast<std::size_t>(stage)] = "0";
    }
    expected[1 + static_cast<std::size_t>(Stage::split)] = "1234567";
    EXPECT_EQ(line_of(table, "munmap"), expected);
    // Can fail, and did not.
    EXPECT_EQ(line_of(table, "mmap")[1], "0");
    // Nothing can go wrong in it.
    EXPECT_EQ(line_of(table, "uffd_close").size(), stage_names.size() + 1);
    EXPECT_TRUE(line_of(table, "memory_merge").empty());
}

TEST(unwind_matrix, joins_what_can_happen_in_any_of_the_profiles) {
    const Counts counts{};
    const std::array canonical = {&canonical_profile};
    const std::array both = {&canonical_profile, &linux_6_18_profile};
    const auto merge = static_cast<std::size_t>(Stage::merge) + 1;
    EXPECT_EQ(line_of(unwind_matrix(counts, canonical), "mmap")[merge], ".");
    EXPECT_EQ(line_of(unwind_matrix(counts, both), "mmap")[merge], "0");
}

}  // namespace
}  // namespace vmacheck
