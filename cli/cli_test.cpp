// The command as its users meet it: exit codes, bad input, outputs that cannot be written, and what
// is left on disk.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/shell_for_tests.h"
#include "model/text.h"
#include "targets/journal.h"

namespace vmacheck::cli {
namespace {

constexpr const char* good_program =
    "vma 1\n"
    "world pages=8 profile=linux-6.18\n"
    "# three areas become one\n"
    "mmap 0+3 rw- anon private                    = ok\n"
    "mprotect 1+1 r--                             = ok\n"
    "areas 0+1 rw- | 1+1 r-- | 2+1 rw-\n"
    "mprotect 1+1 rw-                             = ok\n"
    "areas 1\n";

class Command : public testing::Test {
  public:
    Shell shell{VMACHECK_BINARY};
};

struct BadInput {
    const char* name;
    std::string text;
    const char* message;  // Behind "vmacheck: ".
};

const std::vector<BadInput>& bad_inputs() {
    static const std::vector<BadInput> inputs = {
        {"empty.vma", "", "empty.vma:1:1: "},
        {"word.vma", "vma 1\nfrob 1+2\n", "word.vma:2:1: "},
        {"number.vma", "vma 1\nmunmap 99999999999999999999+1\n", "number.vma:2:8: "},
        {"crlf.vma", "vma 1\r\nmunmap 0+1\r\n", "crlf.vma:1:6: "},
        {"utf8.vma", "vma 1\nmunmap 0+1 # \xff\n", "utf8.vma:2:14: "},
        {"truncated.vma", "vma 1\nmmap 0+4 rw", "truncated.vma:2:10: "},
        {"nul.vma", std::string("vma 1\nmunmap 0+1\n\0x", 19), "nul.vma:3:1: "},
        {"binary.vma",
         "\x7f"
         "ELF\x02\x01\x01",
         "binary.vma:1:1: "},
    };
    return inputs;
}

TEST_F(Command, answers_bad_input_with_its_place_and_exit_2) {
    for (const BadInput& input : bad_inputs()) {
        shell.write(input.name, input.text);
        for (const char* const command : {"replay ", "show ", "minimize "}) {
            const Ran ran = shell.run(std::string(command) + input.name);
            EXPECT_EQ(ran.exit, 2) << command << input.name;
            EXPECT_EQ(ran.output.find(std::string("vmacheck: ") + input.message), 0U) << ran.output;
            EXPECT_EQ(ran.output.find('\n'), ran.output.size() - 1) << ran.output;
        }
        EXPECT_EQ(shell.read(input.name), input.text);
    }
    EXPECT_EQ(shell.sh("ls | grep -c min").output, "0\n");
}

TEST_F(Command, reads_no_directory_no_missing_file_and_nothing_huge) {
    const Ran ran = shell.sh("mkdir d && truncate -s 1G big.vma");
    ASSERT_EQ(ran.exit, 0);
    for (const char* const command : {"replay ", "show ", "minimize ", "import "}) {
        for (const char* const file : {"d", "missing.vma", "big.vma", "''"}) {
            const Ran bad = shell.run(std::string(command) + file);
            EXPECT_EQ(bad.exit, 2) << command << file;
            EXPECT_EQ(bad.output.find("vmacheck: "), 0U) << bad.output;
            EXPECT_EQ(bad.output.find('\n'), bad.output.size() - 1) << bad.output;
        }
    }
    // An address sanitizer needs terabytes of addresses; what is resident is what counts.
    EXPECT_TRUE(shell.run("replay big.vma").says("larger than 64 MiB"));
}

TEST_F(Command, detects_outputs_that_cannot_be_written_before_it_works) {
    shell.write("x.vma", good_program);
    for (const char* const arguments :
         {"run --programs 10 --json missing/o.json", "run --programs 10 --out x.vma",
          "run --programs 10 --json .", "minimize x.vma -o missing/o.vma", "minimize x.vma -o .",
          "replay x.vma --json missing/o.json", "import x.vma -o missing/o.vma",
          "targets --json missing/o.json", "minimize x.vma -o ''",
          "minimize x.vma -o - --json -"}) {
        const Ran ran = shell.run(arguments);
        EXPECT_EQ(ran.exit, 2) << arguments;
        EXPECT_EQ(ran.output.find("vmacheck: "), 0U) << arguments << "\n" << ran.output;
    }
    EXPECT_EQ(shell.read("x.vma"), good_program);
}

TEST_F(Command, opens_a_pipe_once_and_makes_no_file_to_see_whether_it_could) {
    shell.write("x.vma", good_program);
    const Ran ran = shell.sh(
        "mkfifo pipe && { cat pipe > got & }; "
        "timeout 20 \"$V\" replay x.vma --json pipe > /dev/null && wait && cat got");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_EQ(nlohmann::json::parse(ran.output)["command"], "replay");
    ASSERT_EQ(shell.sh("ln -s nothing link && ln -s missing/o.vma bad").exit, 0);
    EXPECT_EQ(shell.run("minimize x.vma -o link").exit, 0);
    EXPECT_FALSE(shell.has("nothing"));
    EXPECT_EQ(shell.run("minimize x.vma -o bad").exit, 2);
}

TEST_F(Command, says_what_is_wrong_on_a_full_disk_without_dying_of_it) {
    shell.write("x.vma", "vma 1\nmunmap 0+0 = ok\n");
    EXPECT_EQ(shell.sh("\"$V\" replay x.vma > /dev/full 2> /dev/full").exit, 1);
    EXPECT_EQ(shell.sh("\"$V\" replay missing.vma 2> /dev/full").exit, 2);
    EXPECT_EQ(shell.sh("\"$V\" show x.vma > /dev/full 2> /dev/full").exit, 2);
}

TEST_F(Command, answers_bad_usage_with_one_line_and_exit_2) {
    for (const char* const arguments : {"",
                                        "frob",
                                        "run --frob",
                                        "run --time abc",
                                        "run --time 0",
                                        "run --time 9999999h",
                                        "run -j 0",
                                        "run -j 1000",
                                        "run --seed -1",
                                        "run --seed 18446744073709551616",
                                        "run --pages 0",
                                        "run --programs 1x",
                                        "run --programs 5 --time 3s",
                                        "run --profile nix",
                                        "run --alphabet nix",
                                        "run --property nix",
                                        "run --bug nix",
                                        "replay",
                                        "show",
                                        "import",
                                        "minimize",
                                        "minimize a b"}) {
        const Ran ran = shell.run(arguments);
        EXPECT_EQ(ran.exit, 2) << arguments << "\n" << ran.output;
        EXPECT_EQ(ran.output.find("vmacheck: "), 0U) << arguments << "\n" << ran.output;
        EXPECT_EQ(ran.output.find('\n'), ran.output.size() - 1) << ran.output;
    }
}

TEST_F(Command, says_where_the_seeded_bugs_are_if_they_are_not_beside_it) {
    ASSERT_EQ(shell.sh("cp \"$V\" alone").exit, 0);
    const Ran ran = shell.sh("./alone run --bug leak");
    EXPECT_EQ(ran.exit, 125) << ran.output;
    EXPECT_TRUE(ran.says("the seeded bugs are in vmacheck-bugs")) << ran.output;
}

TEST_F(Command, is_not_taken_in_by_a_copy_of_itself) {
    ASSERT_EQ(shell.sh("cp \"$V\" alone && ln alone vmacheck-bugs").exit, 0);
    const Ran ran = shell.sh("timeout 9 ./alone run --bug leak");
    EXPECT_EQ(ran.exit, 125) << ran.output;
}

TEST_F(Command, explains_itself_with_examples) {
    EXPECT_EQ(shell.run("--version").output, "vmacheck 0.1.0\n");
    for (const char* const command :
         {"", "run", "replay", "minimize", "show", "import", "targets"}) {
        const Ran ran = shell.run(std::string(command) + " --help");
        EXPECT_EQ(ran.exit, 0) << command;
        EXPECT_TRUE(ran.says("Example")) << ran.output;
    }
}

TEST_F(Command, cannot_test_a_target_that_is_not_here) {
    shell.write("x.vma", good_program);
    EXPECT_EQ(shell.run("replay --target kernel x.vma").exit, 125);
    EXPECT_EQ(shell.run("run --target nix").exit, 125);
}

TEST_F(Command, lists_targets) {
    EXPECT_EQ(shell.run("targets").output.find("impl"), 0U);
    const auto json = nlohmann::json::parse(shell.run("targets --json -").output);
    EXPECT_EQ(json["targets"][0]["name"], "impl");
    EXPECT_TRUE(json["targets"][0]["available"]);
}

TEST_F(Command, replays_files_and_folders) {
    ASSERT_EQ(shell.sh("mkdir d").exit, 0);
    shell.write("d/b.vma", good_program);
    shell.write("d/a.vma", good_program);
    const Ran ran = shell.run("replay d");
    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.output, "good: d/a.vma (3 steps)\ngood: d/b.vma (3 steps)\n");
    EXPECT_TRUE(shell.run("replay --step d/a.vma")
                    .says("mprotect 1+1 r-- = ok\n"
                          "    pages   01234567\n"
                          "    areas   AbC.....\n"));
    const auto json = nlohmann::json::parse(
        shell.sh("\"$V\" replay d/a.vma --json o.json > /dev/null; cat o.json").output);
    EXPECT_TRUE(json["verdict"].is_null());
    EXPECT_EQ(json["steps"][1]["areas"], "0+1 rw- | 1+1 r-- | 2+1 rw-");
    ASSERT_EQ(shell.sh("rm d/b.vma").exit, 0);
    // Stdout holds nothing but the document. One program is an object, also in a folder.
    EXPECT_EQ(nlohmann::json::parse(shell.sh("\"$V\" replay d --json - 2> /dev/null").output),
              json);
    const std::string both = "\"$V\" replay d missing.vma --json - 2> /dev/null";
    EXPECT_EQ(nlohmann::json::parse(shell.sh(both).output).size(), 1U);
    EXPECT_TRUE(shell.run("replay d --profile nope").says("expected canonical, linux-6.12"));
}

TEST_F(Command, reports_a_claim_that_does_not_hold_with_its_line) {
    shell.write("result.vma", "vma 1\n# comment\n\nmunmap 0+0 = ok\n");
    Ran ran = shell.run("replay result.vma");
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.output,
              "vmacheck: result.vma:4: the claim does not hold: expected EINVAL, found the claim "
              "ok\n");
    shell.write("areas.vma", "vma 1\nmmap 0+2 rw- anon private\nareas 0+2 r--\n");
    ran = shell.run("replay areas.vma");
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.output,
              "vmacheck: areas.vma:3: the claim does not hold: expected areas 0+2 rw- anon, found "
              "the claim "
              "areas 0+2 r--\n");
}

TEST_F(Command, shows_pictures) {
    shell.write("x.vma", good_program);
    EXPECT_TRUE(shell.run("show x.vma")
                    .says("mprotect 1+1 rw- = ok\n"
                          "    pages   01234567\n"
                          "    areas   AAA.....\n"));
}

TEST_F(Command, minimizes_nothing_that_does_not_fail) {
    shell.write("x.vma", good_program);
    const Ran ran = shell.run("minimize x.vma");
    EXPECT_EQ(ran.exit, 0);
    EXPECT_TRUE(ran.says("does not fail"));
    EXPECT_FALSE(shell.has("x.min.vma"));
}

TEST_F(Command, never_overwrites_what_is_not_its_own) {
    shell.write("x.vma", good_program);
    shell.write("x.min.vma", "mine\n");
    EXPECT_EQ(shell.run("minimize x.vma").exit, 2);
    EXPECT_EQ(shell.read("x.min.vma"), "mine\n");
}

// The lines without a time in them.
std::string timeless(const std::string& output) {
    return output.substr(0, output.find("nothing found in"));
}

TEST_F(Command, runs_the_same_twice) {
    const Ran one = shell.run("run --seed 7 --programs 300 --cases");
    const Ran two = shell.run("run --seed 7 --programs 300 --cases");
    EXPECT_EQ(one.exit, 0) << one.output;
    EXPECT_EQ(one.output.find("seed 7, profile linux-6.18, target impl, alphabet full\n"), 0U);
    EXPECT_EQ(timeless(one.output), timeless(two.output));
    const Ran shared = shell.run("run --seed 7 --programs 300 --cases -j 3");
    EXPECT_EQ(timeless(one.output), timeless(shared.output));
    EXPECT_EQ(shell.list("found"), "");
}

TEST_F(Command, writes_a_report_for_machines) {
    const Ran ran = shell.run("run --seed 1 --programs 200 --profile all --json o.json");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["programs"], 200);
    EXPECT_EQ(json["seed"], 1);
    EXPECT_GT(json["steps"].get<int>(), 200);
    EXPECT_GT(json["cases"]["mmap/merge/left"].get<int>(), 0);
    EXPECT_TRUE(json["finds"].empty());
    EXPECT_TRUE(json["bug"].is_null());
    const Ran alone = shell.sh("\"$V\" run --seed 1 --programs 20 --json - 2> /dev/null");
    EXPECT_EQ(nlohmann::json::parse(alone.output)["programs"], 20);
}

TEST_F(Command, calls_a_run_vacuous_that_missed_a_case_it_had_to_meet) {
    const Ran ran = shell.run("run --seed 1 --programs 1 --require");
    EXPECT_EQ(ran.exit, 3) << ran.output;
    EXPECT_TRUE(ran.says("too little tested"));
    EXPECT_EQ(shell.run("run --seed 1 --programs 1").exit, 0);
}

TEST_F(Command, runs_a_law_and_lists_all) {
    EXPECT_TRUE(shell.run("run --property list").says("agrees_with_reference"));
    const Ran ran = shell.run("run --seed 1 --property agrees_with_reference --programs 100");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("laws: 1 held in 100 cases"));
    // RapidCheck itself does not go as far.
    const Ran many = shell.run(
        "run --seed 1 --property program_of_a_seed_is_pure --programs 12000 --json o.json");
    EXPECT_TRUE(many.says("laws: 1 held in 12000 cases")) << many.output;
    const auto json = nlohmann::json::parse(shell.read("o.json"));
    EXPECT_EQ(json["programs"], 12000);
    EXPECT_EQ(json["laws"][0]["cases"], 12000);
    // What a law has to meet is not said of a world without room for it.
    const std::string law = "run --seed 1 --property split_then_merge_is_identity --programs 500 ";
    EXPECT_EQ(shell.run(law + "--pages 1").exit, 0);
}

TEST_F(Command, leaves_a_journal_when_it_is_killed_and_never_overwrites_that) {
    // The worker dies with its parent, in the middle of whatever it does.
    const Ran killed = shell.sh(
        "\"$V\" run --seed 1 --time 60s --property none > /dev/null 2>&1 & sleep 1; kill -9 $!; "
        "wait $! 2> /dev/null; sleep 1; ls found");
    EXPECT_EQ(killed.output, "journal.0\n");
    const std::string bytes = shell.read("found/journal.0");
    const std::string text(journal_text(bytes));
    EXPECT_TRUE(std::holds_alternative<Program>(parse_program(text))) << text;
    EXPECT_EQ(shell.run("minimize found/journal.0").exit, 0);
    const Ran next = shell.run("run --seed 1 --programs 10");
    EXPECT_EQ(next.exit, 0);
    EXPECT_TRUE(next.says("found/journal.0 is the journal of another run")) << next.output;
    shell.write("found/laws.7.journal", bytes);
    shell.write("found/journal.9", std::string(10, '\0'));
    const Ran more = shell.run("run --seed 1 --programs 10");
    EXPECT_TRUE(more.says("found/laws.7.journal is the journal of another run")) << more.output;
    EXPECT_FALSE(more.says("journal.9")) << more.output;
    ASSERT_EQ(shell.sh("rm found/laws.7.journal found/journal.9").exit, 0);
    EXPECT_TRUE(shell.read("found/journal.0") == bytes);
    EXPECT_EQ(shell.list("found"), "journal.0\n");
}

}  // namespace
}  // namespace vmacheck::cli
