// The last words of a child are the same in each run.
#include "cli/isolate.h"

#include <gtest/gtest.h>

namespace vmacheck::cli {
namespace {

TEST(telling_line, says_what_happened_but_not_where_in_memory) {
    EXPECT_EQ(telling_line("====\n"
                           "==31==ERROR: AddressSanitizer: heap-use-after-free on address "
                           "0x60200000eff0 at pc 0x00000040 bp 0x7ffc sp 0x7ffd\nREAD of size 8"),
              "ERROR: AddressSanitizer: heap-use-after-free on address");
    EXPECT_EQ(telling_line("hello\nvma.cpp:3: CHECK failed: a == 0x10\n"),
              "vma.cpp:3: CHECK failed: a ==");
    EXPECT_EQ(telling_line("first\nsecond\n"), "first");
    EXPECT_EQ(telling_line(""), "");
}

}  // namespace
}  // namespace vmacheck::cli
