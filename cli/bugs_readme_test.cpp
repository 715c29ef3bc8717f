// The README shows a find as it is printed. It says so, and this is where it is held to it.
#include <gtest/gtest.h>

#include "cli/shell_for_tests.h"

namespace vmacheck::cli {
namespace {

TEST(readme, shows_a_find_as_it_is_printed) {
    const std::string readme = read_file(VMACHECK_SOURCE_DIR "/README.md");
    const std::string prompt = "$ build/release/vmacheck ";
    const std::size_t command = readme.find(prompt);
    ASSERT_NE(command, std::string::npos);
    const std::size_t output = readme.find('\n', command) + 1;
    const std::size_t end = readme.find("```", output);
    ASSERT_NE(end, std::string::npos);
    const std::size_t start = command + prompt.size();
    const Ran ran = Shell(VMACHECK_BINARY).run(readme.substr(start, output - 1 - start));
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.output, readme.substr(output, end - output));
}

}  // namespace
}  // namespace vmacheck::cli
