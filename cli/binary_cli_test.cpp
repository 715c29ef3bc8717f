// Programs in binary form on the command line: what an engine leaves behind is taken as it is.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "cli/shell_for_tests.h"
#include "model/binary.h"
#include "model/text.h"

namespace vmacheck::cli {
namespace {

const std::string text =
    "vma 1\n"
    "world pages=8 profile=linux-6.18\n"
    "mmap 0+3 rw- anon private\n"
    "mprotect 1+1 r--\n"
    "munmap 1+1 ! split\n";

// What `replay` says of a good program of so many steps.
std::string good(const std::string& name, int steps) {
    return "good: " + name + " (" + std::to_string(steps) + " steps)\n";
}

std::string binary_form() {
    const auto program = std::get<Program>(parse_program(text));
    std::vector<std::uint8_t> bytes;
    encode_program(program.world, program.steps(), bytes);
    return {bytes.begin(), bytes.end()};
}

// Steps without a world record: a munmap for each.
std::string headless_form(std::size_t steps) {
    return std::string(steps * record_size, '\1');
}

class BinaryCommand : public testing::Test {
  public:
    Shell shell{VMACHECK_BINARY};
};

TEST_F(BinaryCommand, takes_what_begins_with_a_world_record) {
    shell.write("x.vma", text);
    shell.write("input", binary_form());
    shell.write("named.vma", binary_form());
    const Ran shown = shell.run("show x.vma");
    EXPECT_EQ(shown.exit, 0);
    EXPECT_TRUE(shown.says("munmap 1+1 ! split = ok unused")) << shown.output;
    for (const char* const name : {"input", "named.vma"}) {
        const Ran ran = shell.run(std::string("show ") + name);
        EXPECT_EQ(ran.exit, 0);
        EXPECT_EQ(ran.output, shown.output) << name;
        EXPECT_EQ(shell.run(std::string("replay ") + name).output, good(name, 3));
    }
    EXPECT_EQ(shell.read("input"), binary_form());
}

TEST_F(BinaryCommand, takes_what_an_engine_has_named) {
    for (const char* const name : {"crash-0f", "timeout-0f", "oom-0f", "leak-0f", "slow-unit-0f",
                                   "d/crash-0f", "da39a3ee5e6b4b0d3255bfef95601890afd80709"}) {
        ASSERT_EQ(shell.sh("mkdir -p d").exit, 0);
        shell.write(name, headless_form(2) + "tail");
        const Ran ran = shell.run(std::string("replay ") + name);
        EXPECT_EQ(ran.exit, 0) << name;
        EXPECT_EQ(ran.output, good(name, 2));
    }
    shell.write("crash-empty", "");
    EXPECT_EQ(shell.run("replay crash-empty").output, good("crash-empty", 0));
}

TEST_F(BinaryCommand, takes_a_text_for_a_text_whatever_its_name) {
    shell.write("crash-0f", text);
    EXPECT_EQ(shell.run("replay crash-0f").output, good("crash-0f", 3));
    shell.write("crash-bad.vma", headless_form(1));
    const Ran bad = shell.run("replay crash-bad.vma");
    EXPECT_EQ(bad.exit, 2);
    EXPECT_EQ(bad.output.find("vmacheck: crash-bad.vma:1:1: "), 0U) << bad.output;
    shell.write("junk", headless_form(1));
    const Ran junk = shell.run("replay junk");
    EXPECT_EQ(junk.exit, 2);
    EXPECT_EQ(junk.output.find("vmacheck: junk:1:1: "), 0U) << junk.output;
}

TEST_F(BinaryCommand, refuses_another_version_in_one_line) {
    std::string bytes = binary_form();
    bytes[4] = 7;
    for (const char* const name : {"input", "crash-0f"}) {
        shell.write(name, bytes);
        for (const char* const command : {"replay ", "show ", "minimize "}) {
            const Ran ran = shell.run(std::string(command) + name);
            EXPECT_EQ(ran.exit, 2);
            EXPECT_EQ(ran.output, "vmacheck: " + std::string(name) +
                                      ": is a program of binary version 7; this vmacheck reads "
                                      "version 1\n");
        }
    }
}

TEST_F(BinaryCommand, replays_under_another_profile_and_step_by_step) {
    shell.write("crash-0f", binary_form());
    EXPECT_EQ(shell.run("replay --profile canonical crash-0f").output, good("crash-0f", 3));
    const Ran steps = shell.run("replay --step crash-0f");
    EXPECT_EQ(steps.exit, 0);
    EXPECT_TRUE(steps.says("mprotect 1+1 r-- = ok\n    pages ")) << steps.output;
}

TEST_F(BinaryCommand, minimizes_nothing_where_nothing_fails) {
    shell.write("crash-0f", binary_form());
    const Ran ran = shell.run("minimize crash-0f");
    EXPECT_EQ(ran.exit, 0);
    EXPECT_TRUE(ran.says("crash-0f does not fail on impl")) << ran.output;
}

}  // namespace
}  // namespace vmacheck::cli
