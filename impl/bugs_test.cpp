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

TEST(bugs, are_not_in_the_normal_build) {
    EXPECT_FALSE(bugs_built_in());
    EXPECT_FALSE(enable_bug(Bug::leak));
    EXPECT_FALSE(bug_enabled(Bug::leak));
    EXPECT_EQ(bug_reached(Bug::leak), 0U);
    disable_bugs();
}

}  // namespace
}  // namespace vmacheck
