// The command on a target with seeded bugs: what it finds, how it reports it, and what it keeps.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell_for_tests.h"

#if defined(__SANITIZE_ADDRESS__)
#define VMACHECK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMACHECK_ASAN 1
#endif
#endif

namespace vmacheck::cli {
namespace {

class BugsCommand : public testing::Test {
  public:
    Shell shell{VMACHECK_BINARY};
};

// Runs until the bug is found, and answers the path of the minimized program.
std::string find_bug(const Shell& shell, const std::string& bug, const std::string& more) {
    const Ran ran = shell.run("run --seed 2 --programs 200000 --bug " + bug + " " + more);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("replay: vmacheck replay found/")) << ran.output;
    EXPECT_TRUE(shell.has(ran.last_line())) << ran.output;
    return ran.last_line();
}

TEST_F(BugsCommand, saves_what_it_finds_before_and_after_it_is_minimized) {
    const std::string path = find_bug(shell, "split-keeps-parent-offset", "--json o.json");
    const std::string original = path.substr(0, path.size() - 4) + ".orig.vma";
    EXPECT_TRUE(shell.has(original));
    EXPECT_FALSE(shell.has("found/journal.0"));
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["finds"][0]["verdict"], "wrong_pages");
    EXPECT_EQ(json["finds"][0]["file"], path);
    EXPECT_EQ(json["finds"][0]["steps"], 2);
    EXPECT_EQ(json["bug"], "split-keeps-parent-offset");
    EXPECT_EQ(json["finds"][0]["replay"],
              "vmacheck replay " + path + " --target impl --bug split-keeps-parent-offset");
    const std::string bug = " --bug split-keeps-parent-offset";
    EXPECT_EQ(shell.run("replay " + path + bug).exit, 1);
    EXPECT_EQ(shell.run("replay " + original + bug).exit, 1);
    // The claims are those of the reference, so they hold without the bug.
    EXPECT_EQ(shell.run("replay found").exit, 0);
}

TEST_F(BugsCommand, finds_the_same_whoever_looks) {
    const std::string bug = "merge-down-keeps-old-pgoff";
    const std::string one = find_bug(shell, bug, "");
    const std::string text = shell.read(one);
    ASSERT_EQ(shell.sh("rm -r found").exit, 0);
    EXPECT_EQ(find_bug(shell, bug, "-j 2"), one);
    EXPECT_EQ(shell.read(one), text);
    ASSERT_EQ(shell.sh("rm -r found").exit, 0);
    EXPECT_EQ(find_bug(shell, bug, "-j 3"), one);
    EXPECT_EQ(shell.read(one), text);
}

TEST_F(BugsCommand, prints_the_same_find_twice) {
    const std::string arguments = "run --seed 5 --programs 9999 --bug real-error-overwritten";
    const Ran one = shell.run(arguments);
    const Ran two = shell.run(arguments);
    EXPECT_EQ(one.exit, 1);
    EXPECT_EQ(one.output, two.output);
}

TEST_F(BugsCommand, loses_no_find_when_its_standard_streams_are_closed) {
    const Ran ran = shell.sh(
        "\"$V\" run --seed 2 --programs 200000 --bug split-keeps-parent-offset <&- >&- 2>&-");
    EXPECT_EQ(ran.exit, 1);
    EXPECT_NE(shell.list("found").find(".orig.vma"), std::string::npos);
}

TEST_F(BugsCommand, slow_prints_a_find_that_it_cannot_save) {
    // The folder goes away while the target hangs.
    const Ran ran = shell.sh(
        "{ sleep 1; rm -r found; } & \"$V\" run --seed 2 --programs 200000 --bug hang-on-hole");
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("cannot write")) << ran.output;
    EXPECT_TRUE(ran.says("vma 1\n")) << ran.output;
}

TEST_F(BugsCommand, replays_with_the_rules_it_was_given) {
    const std::string path = find_bug(shell, "split-keeps-parent-offset", "");
    const Ran ran = shell.run("replay --profile canonical --bug split-keeps-parent-offset " + path);
    EXPECT_TRUE(ran.says(" --profile canonical\n")) << ran.output;
}

TEST_F(BugsCommand, makes_a_counterexample_of_a_crash) {
    const std::string path = find_bug(shell, "crash-on-three-way-merge", "-j 2");
    EXPECT_NE(shell.read(path).find("CHECK failed"), std::string::npos);
    EXPECT_NE(shell.list("found").find(".stderr.txt"), std::string::npos);
    EXPECT_EQ(shell.run("replay --bug crash-on-three-way-merge " + path).exit, 1);
}

TEST_F(BugsCommand, finds_the_heap_that_shrinks_where_it_was_unmapped) {
    const std::string path = find_bug(shell, "brk-assumes-heap-vma-exists", "");
    EXPECT_EQ(shell.run("replay --bug brk-assumes-heap-vma-exists " + path).exit, 1);
}

TEST_F(BugsCommand, minimizes_the_journal_of_a_crash) {
    const std::string path = find_bug(shell, "crash-on-three-way-merge", "");
    const std::string original = path.substr(0, path.size() - 4) + ".orig.vma";
    // As the worker left it: the text of the program, torn, and NUL bytes.
    ASSERT_EQ(
        shell.sh("{ cat " + original + "; printf 'munma'; head -c 5000 /dev/zero; } > journal.0")
            .exit,
        0);
    const Ran ran = shell.run("minimize journal.0 --bug crash-on-three-way-merge --json o.json");
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(ran.last_line(), "journal.0.min.vma");
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["verdict"], "crash");
    EXPECT_NE(json["before"], json["after"]);
    // It is ours, so it may be written again.
    EXPECT_EQ(shell.run("minimize journal.0 --bug crash-on-three-way-merge").exit, 1);
}

TEST_F(BugsCommand, slow_makes_a_counterexample_of_a_hang) {
    const std::string path = find_bug(shell, "hang-on-hole", "");
    EXPECT_EQ(path.find("found/hang-madvise-"), 0U) << path;
}

TEST_F(BugsCommand, slow_finds_what_only_a_sanitizer_sees) {
#ifdef VMACHECK_ASAN
    for (const std::string bug : {"out-of-bounds-write", "leak"}) {
        const Ran ran = shell.run("run --seed 1 --programs 300 --bug " + bug);
        EXPECT_EQ(ran.exit, 1) << ran.output;
        EXPECT_EQ(ran.last_line().find("found/crash-"), 0U) << ran.output;
        EXPECT_TRUE(ran.says("Sanitizer")) << ran.output;
    }
#else
    GTEST_SKIP() << "This is no build with AddressSanitizer.";
#endif
}

}  // namespace
}  // namespace vmacheck::cli
