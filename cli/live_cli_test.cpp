// The command on the target `live`. What needs the kernel is skipped where no profile describes it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell_for_tests.h"
#include "targets/live_kernel.h"

namespace vmacheck::cli {
namespace {

std::string text_of(const std::string& profile, const std::string& steps) {
    return "vma 1\nworld pages=8 profile=" + profile + "\n" + steps;
}

class LiveCommand : public testing::Test {
  public:
    Shell shell{VMACHECK_BINARY};
    std::string profile;

    void SetUp() override {
        const std::string reason = live_unavailable();
        if (!reason.empty()) GTEST_SKIP() << reason;
        profile = find_live_kernel(running_release())->profile;
        shell.write("good.vma", text_of(profile, "mmap 0+3 rw- anon private = ok\nareas 1\n"));
        shell.write("claim.vma", text_of(profile, "mmap 0+3 rw- anon private = ok\nareas 2\n"));
        shell.write("ideal.vma", text_of("canonical", "mmap 0+3 rw- anon private = ok\n"));
        shell.write("failure.vma", text_of(profile, "mmap 0+3 rw- anon private ! charge\n"));
        shell.write("declined.vma",
                    text_of(profile,
                            "file d driver=none\nmmap 0+3 rw- file=d@0 shared = ENODEV\n"
                            "mmap 0+3 rw- anon private = ok\n"));
    }
};

TEST_F(LiveCommand, replays_programs_and_checks_their_claims) {
    EXPECT_EQ(shell.run("replay --target live good.vma").output, "good: good.vma (1 steps)\n");
    const Ran claim = shell.run("replay --target live claim.vma");
    EXPECT_EQ(claim.exit, 1);
    EXPECT_TRUE(claim.says("claim.vma:4: the claim does not hold")) << claim.output;
    const Ran declined = shell.run("replay --target live declined.vma");
    EXPECT_EQ(declined.exit, 0);
    EXPECT_EQ(declined.output, "good: declined.vma (2 steps, 1 of them declined)\n");
}

TEST_F(LiveCommand, skips_what_it_cannot_test) {
    for (const char* const file : {"ideal.vma", "failure.vma"}) {
        for (const char* const command : {"replay --target live ", "minimize --target live "}) {
            const Ran ran = shell.run(std::string(command) + file);
            EXPECT_EQ(ran.exit, 125) << ran.output;
        }
    }
    const Ran both = shell.run("replay --target live ideal.vma good.vma");
    EXPECT_EQ(both.exit, 0);
    EXPECT_TRUE(both.says("skipped: ideal.vma: the rules are canonical")) << both.output;
    const Ran bad = shell.run("replay --target live ideal.vma claim.vma");
    EXPECT_EQ(bad.exit, 1) << bad.output;
    EXPECT_EQ(shell.run("replay --target live --profile canonical good.vma").exit, 125);
}

TEST_F(LiveCommand, says_in_json_what_it_skipped) {
    const Ran ran = shell.run("replay --target live --json r.json ideal.vma");
    EXPECT_EQ(ran.exit, 125);
    const auto report = nlohmann::json::parse(shell.read("r.json"));
    EXPECT_TRUE(report["verdict"].is_null());
    EXPECT_NE(report["skipped"].get<std::string>().find("canonical"), std::string::npos);
}

TEST_F(LiveCommand, runs_generated_programs_and_leaves_the_laws_out) {
    const Ran ran = shell.run("run --target live --seed 1 --time 1s --json r.json --profile " +
                              profile + " --out found");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("the laws are left out")) << ran.output;
    const auto report = nlohmann::json::parse(shell.read("r.json"));
    EXPECT_EQ(report["target"], "live");
    EXPECT_GT(report["steps"].get<std::uint64_t>(), 100U);
    EXPECT_EQ(shell.list("found"), "");
}

// A world of more pages than the window has; and with nothing refused, nothing is said of it.
TEST_F(LiveCommand, counts_the_programs_that_it_refuses) {
    const Ran ran = shell.run(
        "run --target live --seed 1 --programs 3 --pages 300 --json r.json"
        " --out found --profile " +
        profile);
    EXPECT_EQ(ran.exit, 125) << ran.output;
    EXPECT_TRUE(ran.says("target `live` refused 3 of these programs: the world has more than"))
        << ran.output;
    EXPECT_EQ(nlohmann::json::parse(shell.read("r.json"))["refused"], 3);
    const Ran good = shell.run(
        "run --target live --seed 1 --programs 3 --json g.json --out found"
        " --profile " +
        profile);
    EXPECT_EQ(good.exit, 0) << good.output;
    EXPECT_EQ(nlohmann::json::parse(shell.read("g.json"))["refused"], 0);
    EXPECT_FALSE(good.says("of these programs")) << good.output;
    EXPECT_EQ(shell.list("found"), "");
}

TEST_F(LiveCommand, refuses_what_it_is_not_made_for) {
    const std::string run = "run --target live --programs 1 --out found ";
    EXPECT_EQ(shell.run(run + "--profile canonical").exit, 125);
    EXPECT_EQ(shell.run("run --property agrees_with_reference --target live").exit, 125);
    EXPECT_EQ(shell.run(run + "--bug hang-on-hole").exit, 2);
    EXPECT_EQ(shell.run("fuzz --target live --time 1s").exit, 125);
    const Ran good = shell.run("minimize --target live good.vma");
    EXPECT_EQ(good.exit, 0);
    EXPECT_TRUE(good.says("does not fail on live")) << good.output;
}

TEST(live_command, is_listed_with_what_it_withholds) {
    const Shell shell{VMACHECK_BINARY};
    const auto report = nlohmann::json::parse(shell.run("targets --json -").output);
    const auto& live = report["targets"][1];
    EXPECT_EQ(live["name"], "live");
    EXPECT_EQ(live["failures"], false);
    EXPECT_EQ(live["available"].get<bool>(), live_unavailable().empty());
    EXPECT_EQ(live["withholds"].size(), 8U);
    EXPECT_FALSE(live["declines"].empty());
}

}  // namespace
}  // namespace vmacheck::cli
