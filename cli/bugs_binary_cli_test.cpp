// An engine's file that fails: the command minimizes it into a text.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "cli/shell_for_tests.h"
#include "model/binary.h"
#include "model/text.h"

namespace vmacheck::cli {
namespace {

TEST(bugs_binary_command, minimizes_what_an_engine_leaves_behind) {
    const Shell shell{VMACHECK_BINARY};
    const auto program =
        std::get<Program>(parse_program("vma 1\n"
                                        "world pages=64 profile=linux-6.18\n"
                                        "file a driver=mmap_prepare pages=64\n"
                                        "mmap 32+8 r-- anon private\n"
                                        "mmap 0+8 rw- file=a@0 shared\n"
                                        "munmap 2+2\n"
                                        "touch 32+1 read\n"));
    std::vector<std::uint8_t> bytes;
    encode_program(program.world, program.steps(), bytes);
    shell.write("crash-0f", {bytes.begin(), bytes.end()});
    const std::string bug = " --bug split-keeps-parent-offset";
    EXPECT_EQ(shell.run("replay crash-0f").exit, 0);
    const Ran replayed = shell.run("replay crash-0f" + bug);
    EXPECT_EQ(replayed.exit, 1);
    EXPECT_TRUE(replayed.says("wrong_pages after step 3 of 4: munmap 2+2")) << replayed.output;

    const Ran ran = shell.run("minimize crash-0f" + bug);
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.last_line(), "crash-0f.min.vma");
    const auto small = parse_program(shell.read("crash-0f.min.vma"));
    ASSERT_TRUE(std::holds_alternative<Program>(small)) << ran.output;
    EXPECT_EQ(std::get<Program>(small).steps().size(), 2U);
    EXPECT_EQ(shell.run("replay crash-0f.min.vma" + bug).exit, 1);
}

}  // namespace
}  // namespace vmacheck::cli
