// The report and the annotated program of one small counterexample, word for word.
#include "report/text_report.h"

#include <gtest/gtest.h>

#include "model/text.h"
#include "report/wrap.h"

namespace vmacheck {
namespace {

AreaView area(std::uint64_t start, std::uint64_t count, Flags flags) {
    AreaView view;
    view.range = {Page{start}, PageCount{count}};
    view.attributes.flags = flags | may_access_flags | Flag::account;
    view.attributes.pgoff = start;
    return view;
}

Counterexample reopened_protection() {
    Counterexample example;
    example.world.pages = PageCount{8};
    const PageRange middle{Page{1}, PageCount{1}};
    example.steps = {{Mmap{{Page{0}, PageCount{3}}, {read_write_flags}, {}}, {}, {}},
                     {Mprotect{middle, {Flag::read}}, {}, {}},
                     {Mprotect{middle, {read_write_flags}}, {}, {}}};
    example.finding.bucket = {Verdict::missed_merge, 2, case_id(2, CaseKind::merge_both), {}};
    example.finding.step = 2;
    example.finding.what = "[0,1) and [1,2) should be one area.";
    example.finding.where = {Page{0}, PageCount{2}};
    example.answers.assign(3, {Result{}, Result{}});
    example.expected = {area(0, 3, read_write_flags)};
    example.found = {area(0, 1, read_write_flags), area(1, 1, read_write_flags),
                     area(2, 1, read_write_flags)};
    return example;
}

Environment environment() {
    return {"1.2.3", "impl", "", "", "full", 7, 12};
}

TEST(text_report, fits_a_screen_and_ends_with_the_command_that_replays) {
    EXPECT_EQ(text_report(reopened_protection(), environment(), "found/x.vma"),
              R"(missed_merge after step 3 of 3: mprotect 1+1 rw-
    pages     01234567
    expected  AAA.....
    found     ABC.....
[0,1) and [1,2) should be one area.

    mmap 0+3 rw- anon private                = ok
    mprotect 1+1 r--                         = ok
  > mprotect 1+1 rw-                         = ok
bucket: missed_merge mprotect/merge/both
with: vmacheck 1.2.3, target impl, profile linux-6.18, alphabet full,
      seed 7, program 12
replay: vmacheck replay found/x.vma --target impl
)");
}

TEST(text_report, shows_the_attributes_of_a_page_that_differs) {
    Counterexample example = reopened_protection();
    example.finding.bucket.verdict = Verdict::wrong_pages;
    example.found = {area(0, 1, read_write_flags), area(1, 1, Flag::read),
                     area(2, 1, read_write_flags)};
    const std::string report = text_report(example, environment(), "x.vma");
    EXPECT_NE(report.find("    page 1\n"
                          "    expected  rw- anon private flags=account\n"
                          "    found     r-- anon private flags=account\n"),
              std::string::npos)
        << report;
    // The saved file says it, too.
    const std::string text = print_program(annotated(example, environment()));
    EXPECT_NE(text.find("#     page 1\n"
                        "#     expected  rw- anon private flags=account\n"
                        "#     found     r-- anon private flags=account\n"),
              std::string::npos)
        << text;
}

TEST(text_report, replays_with_the_rules_that_were_asked_for_and_a_name_that_is_no_option) {
    Environment other = environment();
    other.profile = "canonical";
    EXPECT_EQ(replay_command(other, "-x.vma"),
              "vmacheck replay ./-x.vma --target impl --profile canonical");
}

TEST(text_report, of_a_crash_has_the_last_words_and_no_picture_of_what_was_found) {
    Counterexample example = reopened_protection();
    example.finding.bucket.verdict = Verdict::crash;
    example.answers.back().found.reset();
    example.last_words = "vma.cpp:1: CHECK failed: \x1b[31mred";
    const std::string report = text_report(example, environment(), "x.vma");
    EXPECT_EQ(report.find("found     "), std::string::npos) << report;
    EXPECT_NE(report.find("CHECK failed: ?[31mred"), std::string::npos) << report;
    EXPECT_NE(report.find("mprotect 1+1 rw-                         = ok, found nothing"),
              std::string::npos)
        << report;
    // Nor do the saved comments hold bytes that no program may have.
    const std::string text = print_program(annotated(example, environment()));
    EXPECT_TRUE(std::holds_alternative<Program>(parse_program(text))) << text;
}

TEST(text_report, of_a_long_program_shows_its_end) {
    Counterexample example = reopened_protection();
    const Step step = example.steps[1];
    example.steps.insert(example.steps.begin(), 40, step);
    example.finding.step = 42;
    const std::string report = text_report(example, environment(), "x.vma");
    EXPECT_NE(report.find("    ... 27 steps before\n"), std::string::npos) << report;
}

TEST(text_report, saves_a_program_that_tells_its_story) {
    const Program program = annotated(reopened_protection(), environment());
    const std::string text = print_program(program);
    EXPECT_EQ(text, R"(vma 1
# missed_merge after step 3 of 3: mprotect 1+1 rw-
#     pages     01234567
#     expected  AAA.....
#     found     ABC.....
# [0,1) and [1,2) should be one area.
# Bucket: missed_merge mprotect/merge/both
# Found by vmacheck 1.2.3, target impl, profile linux-6.18, alphabet full, seed 7, program 12
world pages=8 profile=linux-6.18
mmap 0+3 rw- anon private                    = ok  # AAA.....
mprotect 1+1 r--                             = ok  # AbC.....
mprotect 1+1 rw-                             = ok  # AAA.....
areas 0+3 rw-
)");
    const auto parsed = parse_program(text);
    ASSERT_TRUE(std::holds_alternative<Program>(parsed));
    EXPECT_EQ(std::get<Program>(parsed), program);
}

TEST(wrap, breaks_at_spaces_and_quotes_for_a_shell) {
    const std::vector<std::string> lines = {"one two", "three"};
    EXPECT_EQ(wrapped("one two three", 8), lines);
    EXPECT_EQ(quoted_for_shell("found/x.vma"), "found/x.vma");
    EXPECT_EQ(quoted_for_shell("it's"), "'it'\\''s'");
    EXPECT_EQ(printable("a\tb\xff"), "a?b?");
}

}  // namespace
}  // namespace vmacheck
