// The order of what is smaller, and the loop of the minimizer, on failures of our own making.
#include "search/minimize.h"

#include <gtest/gtest.h>

#include <set>

#include "model/text.h"

namespace vmacheck {
namespace {

Candidate candidate_of(const std::string& text) {
    const auto parsed = parse_program("vma 1\n" + text);
    EXPECT_TRUE(std::holds_alternative<Program>(parsed)) << text;
    const Program& program = std::get<Program>(parsed);
    return {program.world, program.steps()};
}

std::string text_of(const Candidate& candidate) {
    return print_program(program_of(candidate.world, candidate.steps));
}

Finding finding_at(std::size_t step, Verdict verdict) {
    Finding finding;
    finding.bucket.verdict = verdict;
    finding.step = step;
    return finding;
}

// Fails at the first munmap of at least two pages behind a touch.
std::optional<Finding> fails(const Candidate& candidate) {
    bool touched = false;
    for (std::size_t at = 0; at < candidate.steps.size(); ++at) {
        const Op& op = candidate.steps[at].op;
        touched = touched || std::holds_alternative<Touch>(op);
        const auto* const unmap = std::get_if<Munmap>(&op);
        if (touched && unmap != nullptr && unmap->range.count.value >= 2) {
            return finding_at(at, Verdict::wrong_pages);
        }
    }
    return std::nullopt;
}

const char* const large =
    "world pages=64 profile=linux-6.18 max_map_count=9 memory_merge\n"
    "file a driver=mmap pages=3\n"
    "mmap 3+9 r-- file=a@7 shared fixed\n"
    "touch 3+4 read ! #3\n"
    "mprotect 4+2 rwx\n"
    "fork 2\n"
    "@2 munmap 5+6 ! split#4\n"
    "munmap 0+64\n";

TEST(minimize, ends_at_the_smallest_program) {
    const Candidate start = candidate_of(large);
    const Minimized result = minimize(start, *fails(start), fails, {}, {});
    EXPECT_EQ(text_of(result.candidate),
              "vma 1\nworld pages=2 profile=linux-6.18\ntouch 0+1\nmunmap 0+2\n");
    EXPECT_TRUE(result.finished);
}

TEST(minimize, tries_nothing_twice_and_keeps_only_what_is_smaller) {
    std::set<std::string> tried;
    const Predicate counting = [&](const Candidate& candidate) {
        EXPECT_TRUE(tried.insert(text_of(candidate)).second) << text_of(candidate);
        return fails(candidate);
    };
    const Candidate start = candidate_of(large);
    Size before = size_of(start);
    const auto progress = [&](const Candidate& kept, std::uint64_t) {
        EXPECT_LT(size_of(kept), before);
        before = size_of(kept);
    };
    const Minimized result = minimize(start, *fails(start), counting, {}, progress);
    EXPECT_EQ(result.tries, tried.size());
    EXPECT_EQ(size_of(result.candidate), before);
}

// Two failures in one program: the minimizer does not slip from one into the other.
TEST(minimize, keeps_the_bucket_unless_any_failure_will_do) {
    const auto two = [](const Candidate& candidate) -> std::optional<Finding> {
        if (candidate.steps.size() >= 2) return finding_at(1, Verdict::wrong_merge);
        if (candidate.steps.size() == 1) return finding_at(0, Verdict::missed_merge);
        return std::nullopt;
    };
    const Candidate start = candidate_of(large);
    EXPECT_EQ(minimize(start, *two(start), two, {}, {}).candidate.steps.size(), 2U);
    const Minimized any = minimize(start, *two(start), two, {.any_failure = true}, {});
    EXPECT_EQ(any.candidate.steps.size(), 1U);
    EXPECT_EQ(any.finding.bucket.verdict, Verdict::missed_merge);
}

TEST(minimize, comes_to_an_end_with_a_predicate_that_always_fails) {
    const auto always = [](const Candidate&) { return finding_at(0, Verdict::crash); };
    const Minimized result =
        minimize(candidate_of(large), finding_at(0, Verdict::crash), always, {.tries_max = 50}, {});
    EXPECT_LE(result.tries, 50U);
}

TEST(minimize, makes_a_small_world_of_a_huge_one) {
    const Candidate start = candidate_of(
        "world pages=34359738368 profile=linux-6.18\n"
        "touch 34225520640+100\n"
        "munmap 34225520640+262144\n");
    const Minimized result = minimize(start, *fails(start), fails, {}, {});
    EXPECT_EQ(size_of(result.candidate).pages, 2U);
}

// Passes move, shrink and empty areas; what comes out is still a program.
TEST(minimize, offers_nothing_that_its_text_cannot_say) {
    const Candidate start = candidate_of(
        "world pages=34359738368 profile=linux-6.18\n"
        "file a driver=mmap pages=3\n"
        "area 5+2 rw- file=a@1 private\n"
        "area 9+4 rw- anon private fault=1\n"
        "touch 9+2\n"
        "munmap 5+8\n");
    std::uint64_t offered = 0;
    const Predicate checking = [&](const Candidate& candidate) {
        ++offered;
        const std::string text = text_of(candidate);
        EXPECT_TRUE(std::holds_alternative<Program>(parse_program(text))) << text;
        return fails(candidate);
    };
    const Minimized result = minimize(start, *fails(start), checking, {}, {});
    EXPECT_GT(offered, 10U);
    EXPECT_EQ(text_of(result.candidate),
              "vma 1\nworld pages=2 profile=linux-6.18\ntouch 0+0\nmunmap 0+2\n");
}

TEST(size, orders_steps_before_pages_before_all_else) {
    const Candidate few = candidate_of("world pages=64 profile=linux-6.18\ntouch 9+30\n");
    const Candidate small =
        candidate_of("world pages=1 profile=linux-6.18\ntouch 0+1\ntouch 0+1\n");
    EXPECT_LT(size_of(few), size_of(small));
    const Candidate plain = candidate_of("world pages=2 profile=linux-6.18\nmprotect 0+2 rw-\n");
    const Candidate odd = candidate_of("world pages=2 profile=linux-6.18\nmprotect 0+1 -w-\n");
    EXPECT_LT(size_of(plain), size_of(odd));
}

}  // namespace
}  // namespace vmacheck
