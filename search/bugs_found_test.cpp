// Every seeded bug is found, blamed on the right verdict, and minimized.
//
// One line a bug: how many steps its minimal program has, and how many pages, from the first seed
// that shows it as predicted, or the least of ten. The bugs that crash or hang are found through
// the command line (cli/bugs_cli_test.cpp).
#include <gtest/gtest.h>

#include "impl/bugs.h"
#include "impl/impl_target.h"
#include "model/text.h"
#include "search/minimize.h"
#include "search/soak.h"

namespace vmacheck {
namespace {

struct Pinned {
    std::string_view bug;
    std::size_t steps;
    std::uint64_t pages;
    bool of_family = false;  // It takes operations that not every program has.
};

class SeededBug : public testing::TestWithParam<Pinned> {
  protected:
    void SetUp() override {
        disable_bugs();
        const std::optional<Bug> bug = find_bug(GetParam().bug);
        ASSERT_TRUE(bug);
        ASSERT_TRUE(enable_bug(*bug));
        info_ = &all_bugs[static_cast<std::size_t>(*bug)];
    }
    void TearDown() override { disable_bugs(); }

    std::optional<SoakFind> find(std::uint64_t seed, const Alphabet& alphabet = full_alphabet()) {
        Soak soak({.seed = seed, .alphabet = &alphabet, .profile = &profile_with_bug(info_->bug)},
                  target_, nullptr);
        // Some ten times the steps that the slowest of these bugs needs as a rule: ten seconds.
        constexpr std::uint64_t steps_max = 10000000;
        for (std::uint64_t i = 0; soak.lockstep().step_count() < steps_max; ++i) {
            if (std::optional<SoakFind> found = soak.run(i)) return found;
        }
        return std::nullopt;
    }
    std::optional<Finding> run(const Candidate& candidate) {
        Lockstep lockstep(target_);
        return run_program(lockstep, candidate.world, candidate.steps);
    }

    const BugInfo* info_ = nullptr;
    ImplTarget target_{ImplOptions{.verify = false}};
};

// Where the mistake meets an injected failure or a limit, it may show in another way first; as a
// rule it shows as predicted.
TEST_P(SeededBug, is_found_from_each_of_ten_seeds) {
    int as_predicted = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::optional<SoakFind> found = find(seed);
        ASSERT_TRUE(found) << "seed " << seed;
        as_predicted += name_of(found->finding.bucket.verdict) == info_->verdict ? 1 : 0;
    }
    EXPECT_GE(as_predicted, 6);
    EXPECT_GT(bug_reached(info_->bug), 0U);
}

TEST_P(SeededBug, has_a_minimal_program_without_a_superfluous_step) {
    // The operations that these bugs were made in; what is found with others is another program.
    Alphabet alphabet = full_alphabet();
    alphabet.families = GetParam().of_family;
    std::optional<Minimized> least;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::optional<SoakFind> found = find(seed, alphabet);
        ASSERT_TRUE(found);
        if (name_of(found->finding.bucket.verdict) != info_->verdict) continue;
        const Minimized one = minimize(found->candidate, found->finding,
                                       [&](const Candidate& c) { return run(c); }, {}, {});
        EXPECT_EQ(one.finding.bucket, found->finding.bucket);
        if (!least || size_of(one.candidate) < size_of(least->candidate)) least = one;
        // A bug of a family shows in many ways, of which some need more than others.
        if (!GetParam().of_family) break;
    }
    ASSERT_TRUE(least);
    const Minimized& result = *least;
    const std::string text =
        print_program(program_of(result.candidate.world, result.candidate.steps));
    EXPECT_EQ(name_of(result.finding.bucket.verdict), info_->verdict) << text;
    EXPECT_EQ(result.candidate.steps.size(), GetParam().steps) << text;
    EXPECT_EQ(result.candidate.world.pages.value, GetParam().pages) << text;
    for (std::size_t drop = 0; drop < result.candidate.steps.size(); ++drop) {
        Candidate less = result.candidate;
        less.steps.erase(less.steps.begin() + static_cast<std::ptrdiff_t>(drop));
        const std::optional<Finding> finding = run(less);
        EXPECT_FALSE(finding && finding->bucket == result.finding.bucket) << text;
    }
}

TEST_P(SeededBug, is_not_found_when_it_is_switched_off) {
    const std::optional<SoakFind> found = find(1);
    ASSERT_TRUE(found);
    disable_bugs();
    EXPECT_FALSE(run(found->candidate));
}

INSTANTIATE_TEST_SUITE_P(
    bugs, SeededBug,
    testing::Values(
        Pinned{"merge-down-keeps-old-pgoff", 2, 2}, Pinned{"case8-skips-attribute-update", 3, 2},
        Pinned{"loop-cursor-stale-after-merge-with-next", 3, 3},
        Pinned{"faulted-unfaulted-never-merge", 3, 2},
        Pinned{"singular-chain-of-either-side", 7, 2},
        Pinned{"prev-is-wrong-when-range-starts-inside", 3, 3},
        Pinned{"split-keeps-parent-offset", 2, 2},
        Pinned{"default-flag-set-after-merge-check", 2, 2}, Pinned{"real-error-overwritten", 2, 1},
        Pinned{"late-failure-after-driver-hook", 2, 2},
        Pinned{"removes-vma-that-has-close-hook", 3, 2},
        Pinned{"munmap-failure-leaves-detached-and-counters", 3, 2},
        Pinned{"close-called-twice-or-not-at-all", 1, 1},
        Pinned{"uncharges-what-was-never-charged", 1, 1}, Pinned{"error-path-returns-zero", 2, 1},
        Pinned{"map-over-partial-overlap-drops-remainder", 2, 3},
        Pinned{"fork-forgets-memory-merge", 2, 1, true},
        Pinned{"memory-merge-heals-seams", 2, 2, true},
        Pinned{"execute-only-memory-is-read", 2, 1, true},
        Pinned{"execute-only-key-stays-behind", 2, 1}, Pinned{"special-areas-merge", 3, 2},
        Pinned{"heap-joins-what-is-before-it", 2, 2, true},
        Pinned{"grown-stack-merges", 3, 3, true},
        Pinned{"copied-identity-is-not-adopted", 5, 3, true},
        Pinned{"growing-area-does-not-merge", 3, 3, true},
        Pinned{"moved-area-keeps-offset", 2, 2, true},
        Pinned{"failed-move-keeps-the-copy", 2, 2, true},
        Pinned{"resize-asked-before-unmapping", 2, 4, true},
        Pinned{"only-first-area-moves", 3, 4, true}, Pinned{"old-place-keeps-offset", 4, 2, true},
        Pinned{"dontunmap-merges-with-itself", 2, 2, true},
        Pinned{"early-count-is-strict", 1, 1, true}, Pinned{"watched-copy-merges", 3, 2, true},
        Pinned{"uffd-context-not-compared", 3, 2, true},
        Pinned{"uffd-unregister-leaves-modes", 3, 1, true},
        Pinned{"uffd-checks-first-area-alone", 3, 2, true},
        Pinned{"uffd-close-never-merges", 3, 2, true},
        Pinned{"uffd-clear-fails-without-merge", 3, 2, true},
        Pinned{"charge-not-undone-on-late-failure", 1, 1, true},
        Pinned{"half-split-close-hook-uncharges", 3, 2, true},
        Pinned{"writable-count-leak", 1, 1, true},
        Pinned{"failed-merge-consumes-preallocation", 3, 2, true},
        Pinned{"temporary-over-limit-rejects-legal-unmap", 4, 4, true},
        Pinned{"bitmask-test-on-enum", 3, 1, true},
        Pinned{"seal-check-lost-when-reordered", 1, 1, true},
        Pinned{"sticky-flag-lost-in-merge", 4, 2, true},
        Pinned{"sticky-flag-keeps-areas-apart", 3, 2, true},
        Pinned{"guard-install-splits", 2, 2, true}, Pinned{"unmapping-leaves-guards", 4, 1, true},
        Pinned{"puts-original-file-after-hook-swapped-it", 2, 2, true},
        Pinned{"set-file-leaks-on-failure", 1, 1, true},
        Pinned{"driver-adds-flag-after-merge-compare", 2, 2, true},
        Pinned{"dontunmap-accounting-hits-neighbour", 2, 2, true},
        Pinned{"merge-size-underflow", 2, 3},
        Pinned{"unlocks-whole-vma-for-partial-move", 2, 3, true},
        Pinned{"fork-copy-failure-exposes-partial-tree", 2, 1, true},
        Pinned{"iterator-not-reset-after-merge-oom", 6, 3, true},
        Pinned{"mremap-error-after-clearing-target", 2, 1, true},
        Pinned{"mremap-unchecked-unmap", 2, 2, true},
        Pinned{"range-walk-ends-with-null-cursor", 2, 1, true}),
    [](const testing::TestParamInfo<Pinned>& pinned) {
        std::string name(pinned.param.bug);
        for (char& letter : name) letter = letter == '-' ? '_' : letter;
        return name;
    });

}  // namespace
}  // namespace vmacheck
