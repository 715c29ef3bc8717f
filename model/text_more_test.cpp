// More tests of the text of programs: bytes of comments, long lists in errors, failures alone.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "model/text.h"

namespace vmacheck {

namespace {

std::string error_of(std::string_view text) {
    const std::variant<Program, ParseError> result = parse_program(text);
    const auto* const error = std::get_if<ParseError>(&result);
    if (error == nullptr) return "no error";
    return std::to_string(error->line) + ":" + std::to_string(error->column) + " " + error->message;
}

std::string printed(const Failure& failure) {
    std::string out;
    print_failure(out, failure);
    return out;
}

}  // namespace

// The first and the last character of each length, and what lies just outside of them.
TEST(text, takes_exactly_the_characters_of_utf8_in_comments) {
    for (const std::string character :
         {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(error_of("vma 1\n# " + character + "\n"), "no error");
    }
    for (const std::string character :
         {"\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xc2", "\xe1\x80", "\xe1\x80x"}) {
        EXPECT_TRUE(
            error_of("vma 1\n# " + character + "\n").starts_with("2:3 expected a comment in UTF-8"))
            << error_of("vma 1\n# " + character + "\n");
    }
}

TEST(text, lists_no_more_than_eight_files_in_an_error) {
    const auto error_with_files = [](int count) {
        std::string text = "vma 1\n";
        for (int i = 1; i <= count; i++) text += "file " + std::to_string(i) + " driver=none\n";
        return error_of(text + "mmap 0+1 rw- file=x@0 private\n");
    };
    const std::string eight = " among `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`";
    EXPECT_NE(error_with_files(8).find(eight + ", found"), std::string::npos);
    EXPECT_NE(error_with_files(9).find(eight + ", ..., found"), std::string::npos);
}

TEST(text, refuses_areas_of_one_identity_with_two_histories) {
    EXPECT_NE(error_of("vma 1\narea 0+1 rw- anon private fault=3 forked\n"
                       "area 2+1 rw- anon private fault=3\n")
                  .find("are all `forked`, or none is"),
              std::string::npos);
}

TEST(text, prints_failures_alone) {
    EXPECT_EQ(printed({}), "");
    EXPECT_EQ(printed({Failure::Kind::at_stage, Stage::hook, 1}), "! hook");
    EXPECT_EQ(printed({Failure::Kind::at_stage, Stage::hook, 2}), "! hook#2");
    EXPECT_EQ(printed({Failure::Kind::at_any, Stage::split, 1}), "! #1");
}

}  // namespace vmacheck
