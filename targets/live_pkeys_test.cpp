// Whether the protection keys of the running kernel are seen.
#include "targets/live_pkeys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace vmacheck {
namespace {

// `ospke` is the flag of a processor whose kernel has switched its keys on.
TEST(live_pkeys, are_there_if_the_kernel_lists_them) {
    std::ifstream file("/proc/cpuinfo");
    if (!file) GTEST_SKIP() << "there is no /proc/cpuinfo";
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const bool listed = text.find(" ospke") != std::string::npos;
    EXPECT_EQ(live_pkeys() == LivePkeys::there, listed);
}

}  // namespace
}  // namespace vmacheck
