// RapidCheck finds the bugs that are seeded into impl, and its own shrinking makes the program
// short before the minimizer begins.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "impl/bugs.h"
#include "impl/impl_target.h"
#include "model/check.h"
#include "properties/run_law.h"

namespace vmacheck {
namespace {

std::unique_ptr<Target> make_impl() {
    return std::make_unique<ImplTarget>(ImplOptions{.verify = false});
}

LawResult hunt(std::string_view name, bool shrink, const Profile& profile) {
    LawSubject subject;
    subject.target = make_impl;
    LawOptions options;
    options.seed = 1;
    options.cases = 400000;
    options.shrink = shrink;
    options.setting.profile = &profile;
    return run_law(*find_law(name), subject, options);
}

std::optional<Finding> find(const Candidate& candidate) {
    const auto target = make_impl();
    Lockstep lockstep(*target);
    return run_program(lockstep, candidate.world, candidate.steps);
}

// No property can shrink what ends or never ends its process.
bool can_be_shrunk(const BugInfo& info) {
    return info.verdict != "crash" && info.verdict != "hang";
}

class BugSwitch {
  public:
    explicit BugSwitch(Bug bug) {
        disable_bugs();
        EXPECT_TRUE(enable_bug(bug));
    }
    BugSwitch(const BugSwitch&) = delete;
    BugSwitch& operator=(const BugSwitch&) = delete;
    ~BugSwitch() { disable_bugs(); }
};

void expect_shrunk(const BugInfo& info) {
    const BugSwitch on(info.bug);
    const LawResult result = hunt("agrees_with_reference", true, profile_with_bug(info.bug));
    ASSERT_EQ(result.outcome, LawOutcome::broken) << info.name;
    ASSERT_TRUE(result.first_failure && result.counterexample) << info.name;
    const Candidate& shrunk = *result.counterexample;
    EXPECT_LT(shrunk.steps.size(), result.first_failure->steps.size()) << info.name;
    EXPECT_LE(shrunk.steps.size(), 5U) << info.name << "\n" << result.message;
    EXPECT_GT(bug_reached(info.bug), 0U) << info.name;

    // The minimizer has the last word, and finds little left to do.
    const auto finding = find(shrunk);
    ASSERT_TRUE(finding.has_value()) << info.name;
    const Minimized least = minimize(shrunk, *finding, find, {}, {});
    EXPECT_LE(size_of(least.candidate), size_of(shrunk)) << info.name;
    EXPECT_LE(least.candidate.world.pages.value, 8U) << info.name;
}

TEST(shrinking, shortens_the_program_of_each_seeded_bug_before_the_minimizer_begins) {
    for (const BugInfo& info : all_bugs) {
        if (can_be_shrunk(info)) expect_shrunk(info);
    }
}

TEST(shrinking, leaves_three_steps_at_most_of_an_offset_that_a_split_does_not_move) {
    const BugSwitch on(Bug::split_keeps_parent_offset);
    const LawResult result = hunt("agrees_with_reference", true, linux_6_18_profile);
    ASSERT_TRUE(result.counterexample.has_value());
    // One where the area is there from the start, else mmap, what splits it, and what that needs.
    EXPECT_LE(result.counterexample->steps.size(), 3U);
}

TEST(shrinking, is_what_made_the_program_short) {
    const BugSwitch on(Bug::late_failure_after_driver_hook);
    const LawResult shrunk = hunt("agrees_with_reference", true, linux_6_18_profile);
    const LawResult whole = hunt("agrees_with_reference", false, linux_6_18_profile);
    ASSERT_TRUE(shrunk.counterexample && whole.counterexample);
    EXPECT_TRUE(*whole.counterexample == *shrunk.first_failure);
    EXPECT_EQ(whole.shrinks_tried, 0U);
    EXPECT_GT(whole.counterexample->steps.size(), 10U);
    EXPECT_EQ(shrunk.counterexample->steps.size(), 2U);
}

// Without a reference: what a lost offset and a lost flag do is against the laws of impl alone.
TEST(shrinking, finds_bugs_by_laws_that_know_no_reference) {
    for (const Bug bug : {Bug::split_keeps_parent_offset, Bug::case8_skips_attribute_update}) {
        const BugSwitch on(bug);
        for (const char* const law : {"invariants_hold_alone", "split_then_merge_is_identity",
                                      "change_undone_restores_layout"}) {
            // Where anonymous memory that was never written to always lies at its offset.
            const LawResult result = hunt(law, true, linux_7_3_profile);
            ASSERT_EQ(result.outcome, LawOutcome::broken) << law;
            EXPECT_LE(result.counterexample->steps.size(), 7U) << law;
        }
    }
}

TEST(shrinking, finds_nothing_where_no_bug_is_switched_on) {
    disable_bugs();
    LawSubject subject;
    subject.target = make_impl;
    LawOptions options;
    options.cases = 300;
    const Law& law = *find_law("agrees_with_reference");
    const LawResult result = run_law(law, subject, options);
    EXPECT_TRUE(result.passed()) << describe(law, result);
}

}  // namespace
}  // namespace vmacheck
