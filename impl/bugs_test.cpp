#include "impl/bugs.h"

#include <gtest/gtest.h>

namespace vmacheck {
namespace {

TEST(bugs, have_names_of_their_own) {
    for (const BugInfo& info : all_bugs) {
        EXPECT_EQ(find_bug(info.name), info.bug);
        EXPECT_FALSE(info.mistake.empty());
        EXPECT_FALSE(info.verdict.empty());
    }
    EXPECT_EQ(find_bug("no-such-bug"), std::nullopt);
}

// Rules that are switches have mistakes where they hold, and nowhere else.
TEST(bugs, are_mistakes_in_rules_of_their_profile) {
    EXPECT_EQ(&profile_with_bug(Bug::leak), &linux_6_18_profile);
    EXPECT_TRUE(profile_with_bug(Bug::puts_original_file_after_hook_swapped_it).second_merge);
    EXPECT_EQ(profile_with_bug(Bug::resize_asked_before_unmapping).mremap_order,
              MremapOrder::emptied_first);
    EXPECT_EQ(profile_with_bug(Bug::unlocks_whole_vma_for_partial_move).dontunmap,
              Dontunmap::range);
    EXPECT_EQ(profile_with_bug(Bug::early_count_is_strict).mremap_count, MremapCount::early);
}

TEST(bugs, are_not_in_the_normal_build) {
    EXPECT_FALSE(bugs_built_in());
    EXPECT_FALSE(enable_bug(Bug::leak));
    EXPECT_FALSE(bug_enabled(Bug::leak));
    EXPECT_EQ(bug_reached(Bug::leak), 0U);
    disable_bugs();
}

}  // namespace
}  // namespace vmacheck
