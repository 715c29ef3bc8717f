// `vmacheck fuzz` on a target with seeded bugs: from the engine to the minimized program.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell_for_tests.h"

namespace vmacheck::cli {
namespace {

bool has_engine() {
    return std::filesystem::exists(VMACHECK_BINARY_DIR "/vmacheck-fuzz-bugs");
}

class BugsFuzz : public testing::Test {
  public:
    void SetUp() override {
        if (!has_engine()) GTEST_SKIP() << "This build has no engine.";
    }
    Shell shell{VMACHECK_BINARY};
};

TEST_F(BugsFuzz, leads_from_an_engine_to_a_minimized_program) {
    const Ran ran =
        shell.run("fuzz --once --seed 1 --time 60s --bug split-keeps-parent-offset --json o.json");
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(shell.has(ran.last_line())) << ran.output;
    EXPECT_TRUE(ran.says("replay: vmacheck replay found/")) << ran.output;
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["command"], "fuzz");
    EXPECT_EQ(json["finds"][0]["verdict"], "wrong_pages");
    // Two, or four where the bucket is about pages that have to be merged and locked first.
    EXPECT_LE(json["finds"][0]["steps"], 4);
    EXPECT_EQ(json["finds"][0]["count"], 1);
    EXPECT_GT(json["executions"], 0);
    // Nothing is left but the find and the counts.
    const std::string file = ran.last_line().substr(6);
    EXPECT_EQ(shell.list("found"), "buckets.json\n" + file + "\n");
    EXPECT_EQ(shell.run("replay --bug split-keeps-parent-offset " + ran.last_line()).exit, 1);
    EXPECT_EQ(shell.run("replay " + ran.last_line()).exit, 0);
}

TEST_F(BugsFuzz, makes_a_counterexample_of_a_crash) {
    const Ran ran =
        shell.run("fuzz --once --seed 1 --time 60s --bug crash-on-three-way-merge --json o.json");
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(ran.last_line().find("found/crash-"), 0U) << ran.output;
    EXPECT_EQ(shell.run("replay --bug crash-on-three-way-merge " + ran.last_line()).exit, 1);
    // The engine's own file is gone once the program is saved.
    const std::string list = shell.list("found");
    EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 2) << list;
}

TEST_F(BugsFuzz, slow_makes_a_counterexample_of_a_hang) {
    const Ran ran = shell.run("fuzz --once --seed 1 --time 60s --bug hang-on-hole");
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(ran.last_line().find("found/hang-madvise-"), 0U) << ran.output;
}

TEST_F(BugsFuzz, goes_on_after_a_find_and_counts) {
    const std::string command =
        "fuzz --seed 1 --time 2s --bug split-keeps-parent-offset --json o.json";
    ASSERT_EQ(shell.run(command).exit, 1);
    const auto first = nlohmann::json::parse(shell.read("o.json"));
    // The bucket that is met most often is met again.
    nlohmann::json commonest = first["finds"][0];
    for (const auto& find : first["finds"]) {
        if (find["count"] > commonest["count"]) commonest = find;
    }
    EXPECT_GT(commonest["count"], 1);
    // The next run goes on from the corpus and from the counts.
    const Ran ran = shell.run(command);
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_FALSE(ran.says("corpus fuzz-corpus (0 inputs)")) << ran.output;
    const auto second = nlohmann::json::parse(shell.read("o.json"));
    bool met_again = false;
    for (const auto& find : second["finds"]) {
        met_again = met_again ||
                    (find["bucket"] == commonest["bucket"] && find["count"] > commonest["count"]);
    }
    EXPECT_TRUE(met_again) << commonest;
}

TEST_F(BugsFuzz, looks_into_what_a_killed_run_has_left) {
    ASSERT_EQ(shell.sh("mkdir found").exit, 0);
    shell.write("found/find-1.orig.vma",
                "vma 1\nmmap 0+4 rw- anon private\nmunmap 9+1\nmunmap 1+1\n");
    const Ran ran = shell.run("fuzz --once --seed 1 --time 9s --bug split-keeps-parent-offset");
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_FALSE(shell.has("found/find-1.orig.vma"));
    EXPECT_TRUE(shell.has(ran.last_line())) << ran.output;
}

TEST_F(BugsFuzz, reports_what_fails_in_an_engine_alone) {
    ASSERT_EQ(shell.sh("mkdir found").exit, 0);
    shell.write("found/find-1.orig.vma", "vma 1\nmmap 0+4 rw- anon private\n");
    const Ran ran = shell.run("fuzz --once --seed 1 --time 1s --json o.json");
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("does not fail when it is run by itself")) << ran.output;
    EXPECT_EQ(ran.last_line(), "found/unconfirmed-find-1.orig.vma");
    EXPECT_TRUE(shell.has(ran.last_line()));
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["finds"][0]["verdict"], "unconfirmed");
    // It is not looked at again.
    EXPECT_EQ(shell.run("fuzz --seed 1 --time 1s").exit, 0);
}

TEST_F(BugsFuzz, does_not_count_what_was_only_slow) {
    ASSERT_EQ(shell.sh("mkdir found && : > found/timeout-1").exit, 0);
    const Ran ran = shell.run("fuzz --seed 1 --time 1s");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(shell.has("found/unconfirmed-timeout-1")) << ran.output;
}

TEST_F(BugsFuzz, goes_on_behind_a_file_that_it_cannot_read) {
    ASSERT_EQ(shell.sh("mkdir found && : > found/find-1.orig.vma").exit, 0);
    const Ran ran = shell.run("fuzz --seed 1 --time 1s");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(shell.has("found/unreadable-find-1.orig.vma")) << ran.output;
}

// The list of buckets may speak of a program that somebody moved away, or of a bug that was mended.
TEST_F(BugsFuzz, believes_no_list_of_buckets) {
    const std::string command = "fuzz --once --time 60s --seed 1 --bug split-keeps-parent-offset";
    const Ran first = shell.run(command);
    ASSERT_EQ(first.exit, 1) << first.output;
    const std::string file = first.last_line();
    for (const std::string& spoil : {"rm " + file, "printf 'vma 1\\nmunmap 0+1\\n' > " + file}) {
        ASSERT_EQ(shell.sh(spoil + " && rm -r fuzz-corpus").exit, 0);
        const Ran ran = shell.run(command);
        ASSERT_EQ(ran.exit, 1) << ran.output;
        const Ran replay = shell.run("replay --bug split-keeps-parent-offset " + ran.last_line());
        EXPECT_EQ(replay.exit, 1) << spoil << "\n" << ran.output;
    }
}

TEST_F(BugsFuzz, shares_no_folder_of_finds) {
    const Ran ran = shell.sh(
        "\"$V\" fuzz --seed 1 --time 4s > first 2>&1 & sleep 1; "
        "\"$V\" fuzz --seed 1 --time 1s --corpus other; code=$?; wait; exit $code");
    EXPECT_EQ(ran.exit, 2) << ran.output;
    EXPECT_TRUE(ran.says("another run has the folder found")) << ran.output;
}

TEST_F(BugsFuzz, slow_prints_a_find_that_it_cannot_save) {
    // The folder goes away while the target hangs: a disk without room for a file.
    const Ran ran =
        shell.sh("{ sleep 1; rm -r found; } & \"$V\" fuzz --once --seed 1 --bug hang-on-hole");
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("cannot write")) << ran.output;
    EXPECT_TRUE(ran.says("vma 1\n")) << ran.output;
    EXPECT_TRUE(ran.says("madvise")) << ran.output;
}

}  // namespace
}  // namespace vmacheck::cli
