// `vmacheck fuzz` and engines that die, lie, or say something at the wrong moment. The engine here
// is a script beside a copy of the command.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "cli/shell_for_tests.h"
#include "model/binary.h"
#include "model/text.h"

namespace vmacheck::cli {
namespace {

constexpr const char* engine = VMACHECK_BINARY_DIR "/vmacheck-fuzz-bugs";
// The last words of a script.
const std::string interrupt = "sleep 0.5; kill -INT $PPID; exec sleep 60";
constexpr const char* split_bug = " --bug split-keeps-parent-offset --json o.json";
constexpr const char* crash_bug = " --bug crash-on-three-way-merge --json o.json";

constexpr const char* bad_munmap = "vma 1\nmmap 0+4 rw- anon private\nmunmap 1+1\n";
constexpr const char* bad_mprotect = "vma 1\nmmap 0+4 rw- anon private\nmprotect 1+1 r--\n";
// In Linux the outer two areas do not merge; with these rules they do, and the target crashes.
constexpr const char* crashes_if_canonical =
    "vma 1\nmmap 0+1 rw- anon private\ntouch 0+1\nmmap 2+1 rw- anon private\ntouch 2+1\n"
    "mmap 1+1 rw- anon private\n";
constexpr const char* crashes =
    "vma 1\nmmap 0+1 rw- anon private\nmmap 2+1 rw- anon private\nmmap 1+1 rw- anon private\n";

class BugsFuzzEngine : public testing::Test {
  public:
    void SetUp() override {
        if (!std::filesystem::exists(engine)) GTEST_SKIP() << "This build has no engine.";
        ASSERT_EQ(shell.sh("cp '" VMACHECK_BINARY_DIR "/vmacheck-bugs' . && mkdir c found").exit,
                  0);
    }

    // The script may use `$real`, the real engine, and `tell FILE PATH`, a message of a find.
    Ran fuzz(const std::string& script, const std::string& options) const {
        shell.write("vmacheck-fuzz-bugs",
                    std::string("#!/bin/sh\nreal='") + engine +
                        "'\ntell() { printf 'find %d %s\\n' $(wc -c < $1) $2; cat $1; }\n" +
                        script + "\n");
        return shell.sh("chmod +x vmacheck-fuzz-bugs && ./vmacheck-bugs fuzz --seed 1 --corpus c " +
                        options);
    }

    // As an engine's input.
    void write_binary(const std::string& name, const std::string& text) const {
        const auto program = std::get<Program>(parse_program(text));
        std::vector<std::uint8_t> bytes;
        encode_program(program.world, program.steps(), bytes);
        shell.write(name, {bytes.begin(), bytes.end()});
    }

    [[nodiscard]] nlohmann::json report() const {
        return nlohmann::json::parse(shell.read("o.json"));
    }

    Shell shell{VMACHECK_BINARY};
};

TEST_F(BugsFuzzEngine, that_crashes_on_a_full_disk_loses_nothing) {
    // The disk had room for the name alone.
    const Ran ran = fuzz(
        "\"$real\" \"$@\"; code=$?\nfor file in found/crash-*; do : > $file; done\n"
        "exit $code",
        std::string("--once --time 60s") + crash_bug);
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_FALSE(ran.says("does not fail")) << ran.output;
    EXPECT_EQ(report()["finds"][0]["verdict"], "crash");
    EXPECT_EQ(shell.list("found"), "buckets.json\n" + ran.last_line().substr(6) + "\n");
}

TEST_F(BugsFuzzEngine, that_dies_of_a_step_that_it_failed_loses_nothing) {
    // The input passes by itself: the journal alone says that its first step failed, and where.
    write_binary("input", "vma 1\nworld pages=64 profile=linux-6.18 heap=2\nbrk 4\nbrk 3\n");
    const std::string input = shell.read("input");
    const std::array<std::uint64_t, 6> header = {0, 0, 0, 0, 2, input.size()};
    shell.write("journal", {reinterpret_cast<const char*>(header.data()), sizeof header});
    const Ran ran = fuzz(
        "for word; do case $word in --journal=*) cat journal input > ${word#*=} ;; esac; done\n"
        "cp input found/crash-0a; echo 'Test unit written to found/crash-0a' >&2\n"
        "kill -SEGV $$",
        "--once --time 60s --bug charge-not-undone-on-late-failure --json o.json");
    ASSERT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(report()["finds"][0]["verdict"], "wrong_counter") << ran.output;
    EXPECT_NE(shell.read(ran.last_line()).find(" ! "), std::string::npos);
    // The engine's own file does not say what failed.
    EXPECT_FALSE(shell.has("found/crash-0a"));
}

TEST_F(BugsFuzzEngine, is_heard_to_the_last_word) {
    shell.write("a", bad_munmap);
    shell.write("b", bad_mprotect);
    // While the finds of the second engine are minimized the first finds something; then the run is
    // over. The first has the smaller number.
    const Ran ran = fuzz(
        ": > role.$$; sleep 0.2\n"
        "if [ \"$(ls role.* | sort -t. -k2n | head -n 1)\" = role.$$ ]; then\n"
        "    tell b - > last; while [ ! -e found/buckets.json ]; do :; done; cat last\n"
        "else\n"
        "    for turn in $(seq 100); do tell a -; done > many; sleep 0.2; cat many\n"
        "fi\nexec sleep 60",
        std::string("--once -j 2 --time 60s") + split_bug);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(report()["finds"].size(), 2U) << ran.output;
}

TEST_F(BugsFuzzEngine, that_dies_of_the_corpus_does_not_end_the_fuzzing) {
    write_binary("c/bad", crashes);
    const Ran crash = fuzz("exec \"$real\" \"$@\"", std::string("--time 2s") + crash_bug);
    EXPECT_EQ(crash.exit, 1) << crash.output;
    EXPECT_FALSE(shell.has("c/bad"));
    EXPECT_TRUE(shell.has("c.failing/bad"));
    EXPECT_TRUE(crash.says("were moved out of the corpus")) << crash.output;
}

TEST_F(BugsFuzzEngine, that_cannot_start_is_not_started_for_ever) {
    shell.write("found/find-1.orig.vma", bad_munmap);
    const Ran ran = fuzz("echo no memory >&2; exit 7", std::string("--time 60s") + split_bug);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("ends as soon as it begins; it said: no memory")) << ran.output;
    EXPECT_TRUE(ran.says("fuzz: 0 programs, 0 steps")) << ran.output;
    EXPECT_EQ(report()["finds"].size(), 1U);
}

TEST_F(BugsFuzzEngine, leaves_bytes_that_fail_under_another_profile) {
    write_binary("found/crash-0f", crashes_if_canonical);
    const Ran ran =
        fuzz("exec sleep 60", std::string("--profile canonical --once --time 60s") + crash_bug);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_EQ(report()["finds"][0]["verdict"], "crash") << ran.output;
    const std::string text = shell.read(ran.last_line());
    EXPECT_NE(text.find("profile=canonical"), std::string::npos) << text;
}

TEST_F(BugsFuzzEngine, leaves_a_program_that_nobody_looks_into) {
    shell.write("a", bad_munmap);
    const Ran ran = fuzz("cp a found/find-1.orig.vma; " + interrupt, split_bug);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    EXPECT_TRUE(ran.says("1 programs in found are in no bucket yet")) << ran.output;
    EXPECT_FALSE(ran.says("nothing found")) << ran.output;
    EXPECT_TRUE(shell.has("found/find-1.orig.vma"));
}

TEST_F(BugsFuzzEngine, finds_on_a_full_disk_are_listed_once_for_a_bucket) {
    shell.write("a", bad_munmap);
    const Ran ran = fuzz(
        "rm -r found; tell a -; tell a -; tell a -\n"
        "echo bucket 7 wrong_pages munmap/split/both\n" +
            interrupt,
        split_bug);
    EXPECT_EQ(ran.exit, 1) << ran.output;
    ASSERT_EQ(report()["finds"].size(), 1U) << ran.output;
    EXPECT_EQ(report()["finds"][0]["count"], 7);
    EXPECT_EQ(report()["finds"][0]["file"], "");
    // The program is printed once.
    EXPECT_EQ(ran.output.find("vma 1\n"), ran.output.rfind("vma 1\n")) << ran.output;
}

TEST_F(BugsFuzzEngine, finds_again_what_somebody_moves_away) {
    shell.write("a", bad_munmap);
    const std::string move_away =
        "tell a -; until mv found/wrong_pages-* away; do sleep 0.01; done; ";
    const Ran again = fuzz(move_away + "tell a -; " + interrupt, split_bug);
    EXPECT_EQ(again.exit, 1) << again.output;
    EXPECT_TRUE(shell.has(again.last_line())) << again.output;
    // Without another find, no file is named.
    ASSERT_EQ(shell.sh("rm -r found && mkdir found").exit, 0);
    const Ran gone = fuzz(move_away + interrupt, split_bug);
    EXPECT_EQ(gone.exit, 1) << gone.output;
    EXPECT_EQ(report()["finds"][0]["file"], "") << gone.output;
}

TEST_F(BugsFuzzEngine, that_tells_of_what_cannot_be_read_is_not_ignored) {
    shell.write("a", "no program\n");
    const Ran ran = fuzz("tell a -; " + interrupt, split_bug);
    EXPECT_TRUE(ran.says("no program\nvmacheck: an engine found the program above")) << ran.output;
}

}  // namespace
}  // namespace vmacheck::cli
