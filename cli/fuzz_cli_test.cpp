// `vmacheck fuzz` on a target without bugs: what it takes, what it refuses, what it says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell_for_tests.h"

namespace vmacheck::cli {
namespace {

bool has_engine() {
    return std::filesystem::exists(VMACHECK_BINARY_DIR "/vmacheck-fuzz");
}

class FuzzCommandTest : public testing::Test {
  public:
    void SetUp() override {
        if (!has_engine()) GTEST_SKIP() << "This build has no engine.";
    }
    Shell shell{VMACHECK_BINARY};
};

TEST(FuzzCommandWithoutEngine, says_what_is_missing) {
    const Shell shell(VMACHECK_BINARY);
    ASSERT_EQ(shell.sh("cp \"$V\" alone").exit, 0);
    const Ran ran = shell.sh("./alone fuzz --time 1s");
    EXPECT_EQ(ran.exit, 125);
    EXPECT_TRUE(ran.says("there is no vmacheck-fuzz beside this command")) << ran.output;
}

TEST_F(FuzzCommandTest, finds_nothing_in_the_list_and_leaves_a_corpus) {
    const Ran ran = shell.run("fuzz --seed 1 --time 2s --json o.json -j 2");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("nothing found")) << ran.output;
    EXPECT_EQ(shell.list("found"), "");
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["schema"], 1);
    EXPECT_EQ(json["profile"], "linux-6.18");
    EXPECT_EQ(json["jobs"], 2);
    EXPECT_GT(json["steps"], json["executions"]);
    EXPECT_GT(json["corpus"], 10);
    EXPECT_GT(json["cases"]["mmap/merge/left"], 0);
    EXPECT_TRUE(json["finds"].empty());
    // An input of the engine is a program for every other command.
    const Ran show = shell.sh("\"$V\" show fuzz-corpus/$(ls fuzz-corpus | head -n 1)");
    EXPECT_EQ(show.exit, 0) << show.output;
}

TEST_F(FuzzCommandTest, takes_a_corpus_that_is_full_of_junk) {
    ASSERT_EQ(shell
                  .sh("mkdir -p c/deeper && head -c 100000 /dev/urandom > c/large && "
                      ": > c/empty && head -c 7 /dev/urandom > c/short && "
                      "cp \"$V\" c/binary && echo 'vma 1' > c/deeper/text.vma")
                  .exit,
              0);
    const Ran ran = shell.run("fuzz --seed 1 --time 1s --corpus c --profile all");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("nothing found")) << ran.output;
}

TEST_F(FuzzCommandTest, refuses_what_it_cannot_do_with_one_line) {
    shell.write("file", "");
    const std::pair<const char*, const char*> wrong[] = {
        {"fuzz --corpus file", "cannot make the directory"},
        {"fuzz --out file", "cannot make the directory"},
        {"fuzz --corpus /proc/nowhere", "cannot make the directory"},
        {"fuzz --profile windows", "there is no profile `windows`"},
        {"fuzz --engine magic", "magic"},
        {"fuzz --json .", "is a directory"},
        {"fuzz -j 0", "expected a number from 1"},
        {"fuzz --time soon", "expected a time"},
        {"fuzz --bug nix", "there is no bug `nix`"},
        {"fuzz corpus", "corpus"},
    };
    for (const auto& [words, what] : wrong) {
        const Ran ran = shell.run(words);
        EXPECT_EQ(ran.exit, 2) << words;
        EXPECT_TRUE(ran.says(what)) << words << ": " << ran.output;
        EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1) << ran.output;
    }
    EXPECT_EQ(shell.run("fuzz --target moon").exit, 125);
}

TEST_F(FuzzCommandTest, refuses_counts_that_it_cannot_read_and_keeps_them) {
    ASSERT_EQ(shell.sh("mkdir found && echo nonsense > found/buckets.json").exit, 0);
    const Ran ran = shell.run("fuzz --time 1s");
    EXPECT_EQ(ran.exit, 2) << ran.output;
    EXPECT_TRUE(ran.says("move it away to go on")) << ran.output;
    EXPECT_EQ(shell.read("found/buckets.json"), "nonsense\n");
}

TEST_F(FuzzCommandTest, ends_in_order_when_it_is_interrupted) {
    const Ran ran = shell.sh(
        "\"$V\" fuzz --seed 1 --json o.json & child=$!; sleep 2; kill -INT $child; wait $child");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("nothing found")) << ran.output;
    EXPECT_GT(nlohmann::json::parse(shell.read("o.json"))["steps"], 0);
}

TEST_F(FuzzCommandTest, leaves_no_engine_behind_when_it_is_killed) {
    // Waits until as many engines as `$1` run, or for five seconds.
    const Ran ran = shell.sh(
        "wait_for() { for turn in $(seq 50); do\n"
        "    count=$(cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' '\\n' |\n"
        "        grep -c \"^--finds=$PWD/foun[d]$\")\n"
        "    [ \"$count\" != \"$1\" ] || return 0; sleep 0.1\n"
        "done; echo \"$count run\"; exit 1; }\n"
        "\"$V\" fuzz --seed 1 --out \"$PWD\"/found & child=$!\n"
        "wait_for 1; kill -KILL $child; wait $child; wait_for 0");
    EXPECT_EQ(ran.exit, 0) << ran.output;
}

TEST_F(FuzzCommandTest, removes_what_was_begun_by_itself_alone) {
    // Process 1 runs; no process has so large a number.
    const std::string foreign =
        ".a.vma.1.tmp\n.cache.tmp\n.notes.999999999.tmp\nmine.orig.vma.tmp\n";
    ASSERT_EQ(shell
                  .sh("mkdir found && cd found && touch .a.vma.999999999.tmp "
                      ".buckets.json.999999999.tmp find-0123456789abcdef.orig.vma.tmp " +
                      std::string(R"($(printf ')") + foreign + "')")
                  .exit,
              0);
    EXPECT_EQ(shell.run("fuzz --seed 1 --time 1s").exit, 0);
    EXPECT_EQ(shell.list("found"), foreign);
}

TEST_F(FuzzCommandTest, ends_with_its_own_code_if_too_little_was_tested) {
    const Ran ran = shell.run("fuzz --seed 1 --time 1s --raw --require");
    EXPECT_EQ(ran.exit, 3) << ran.output;
    EXPECT_TRUE(ran.says("but too little tested")) << ran.output;
}

TEST_F(FuzzCommandTest, takes_a_corpus_whose_name_begins_like_an_option) {
    const Ran ran = shell.run("fuzz --seed 1 --time 1s --corpus=-help=1");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_NE(shell.list("./-help=1"), "");
}

}  // namespace
}  // namespace vmacheck::cli
