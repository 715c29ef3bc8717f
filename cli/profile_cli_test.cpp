// Tests of `--profile`: names, names with switches, and files of switches.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/shell_for_tests.h"
#include "model/profile.h"

namespace vmacheck::cli {
namespace {

class ProfileCommand : public testing::Test {
  public:
    Shell shell{VMACHECK_BINARY};
};

TEST_F(ProfileCommand, runs_with_the_rules_of_a_file) {
    shell.write("rules.txt", "# of my own\nbase linux-6.18\nfault_rule singular_neighbour\n");
    const Ran ran = shell.run("run --seed 1 --programs 500 --profile rules.txt --json r.json");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("profile linux-6.18,fault_rule:singular_neighbour, target impl"));
    const nlohmann::json json = nlohmann::json::parse(shell.read("r.json"));
    EXPECT_EQ(json["profile"], "linux-6.18,fault_rule:singular_neighbour");
    EXPECT_TRUE(json["cases"].contains("seam/X1"));
}

TEST_F(ProfileCommand, keeps_the_laws_with_the_rules_of_a_file) {
    shell.write("rules.txt", "base linux-6.12\nprepare_hooks on\nclose_hooks off\n");
    const Ran ran = shell.run("run --seed 1 --time 2s --profile rules.txt");
    EXPECT_EQ(ran.exit, 0) << ran.output;
    EXPECT_TRUE(ran.says("(linux-6.12,close_hooks:off,prepare_hooks:on)")) << ran.output;
}

TEST_F(ProfileCommand, replays_under_rules_that_no_list_has) {
    shell.write("x.vma",
                "vma 1\nworld pages=8 profile=linux-6.18\nmmap 0+8 rw- anon private\n"
                "madvise 4+4 dontdump\ntouch 0+1\nmadvise 0+4 dontdump\nareas 1\n");
    EXPECT_EQ(shell.run("replay x.vma").exit, 0);
    shell.write("rules.txt", "base linux-6.18\nfault_rule singular_neighbour\n");
    const Ran file = shell.run("replay x.vma --step --profile rules.txt");
    const Ran name =
        shell.run("replay x.vma --step --profile linux-6.18,fault_rule:singular_neighbour");
    EXPECT_EQ(file.exit, 0);
    EXPECT_EQ(file.output, name.output);
    EXPECT_NE(file.output, shell.run("replay x.vma --step").output);
}

TEST_F(ProfileCommand, lists_profiles_and_switches) {
    const std::string help = shell.run("run --help").output;
    for (const Profile* const profile : all_profiles) {
        EXPECT_NE(help.find("  " + std::string(profile->name) + "  "), std::string::npos);
    }
    for (const ProfileSwitch& each : profile_switches()) {
        EXPECT_NE(help.find("  " + std::string(each.name) + "  "), std::string::npos);
    }
}

TEST_F(ProfileCommand, answers_a_bad_profile_with_one_line) {
    shell.write("bad.txt", "base linux-6.18\nksm_flag never\n");
    const auto expect_line = [&](const std::string& arguments, const std::string& line) {
        const Ran ran = shell.run(arguments);
        EXPECT_EQ(ran.exit, 2);
        EXPECT_EQ(ran.output, "vmacheck: " + line + "\n");
    };
    const std::string there =
        "canonical, linux-6.12, linux-6.15, linux-6.18, linux-7.3, or a file of switches";
    expect_line("run --profile nix", "there is no profile `nix`; expected all, " + there);
    expect_line("fuzz --profile nix", "there is no profile `nix`; expected all, " + there);
    expect_line("replay x --profile nix", "there is no profile `nix`; expected " + there);
    expect_line("run --profile bad.txt", "bad.txt:2:10: expected `early` or `late`, found `never`");
    expect_line("run --profile linux-6.18,ksm_flag:never",
                "profile `linux-6.18,ksm_flag:never`: expected `early` or `late`, found `never`");
    expect_line("run --profile 'linux-6.18,ksm_flag:late x'",
                "profile `linux-6.18,ksm_flag:late x`: it ends with its last switch");
    EXPECT_EQ(shell.run("run --profile .").exit, 2);
}

}  // namespace
}  // namespace vmacheck::cli
