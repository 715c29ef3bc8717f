// Tests of the target `live` on the running kernel. Where no profile describes that, they are
// skipped with the reason. Each runs in a child, for the target works on the process that it is in.
#include "targets/live_target.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <variant>

#include "model/check.h"
#include "model/text.h"
#include "search/minimize.h"
#include "search/soak.h"
#include "targets/child.h"

namespace vmacheck {
namespace {

const Profile& live_profile() {
    const LiveKernel* const kernel = find_live_kernel(running_release());
    const Profile* const profile = kernel == nullptr ? nullptr : find_profile(kernel->profile);
    return profile == nullptr ? linux_6_18_profile : *profile;
}

class Live : public testing::Test {
  public:
    void SetUp() override {
        const std::string reason = live_unavailable();
        if (!reason.empty()) GTEST_SKIP() << reason;
    }
};

// What `work` answers in a child; how the child ended if it did not end well.
std::string in_child(const std::function<std::string()>& work) {
    Shared<Heartbeat> heartbeat;
    Child child(
        [&](int pipe) {
            const std::string said = work();
            return write(pipe, said.data(), said.size()) < 0 ? 1 : 0;
        },
        *heartbeat, {std::chrono::milliseconds{60000}, -1});
    child.wait();
    if (child.end().kind == ChildEnd::Kind::crashed) return "crashed";
    if (child.end().kind == ChildEnd::Kind::hung) return "hung";
    return child.output();
}

std::string with_profile(const std::string& text, const Profile& profile) {
    return "vma 1\nworld pages=8 profile=" + std::string(profile.name) + text;
}

Program parsed(const std::string& text) {
    std::variant<Program, ParseError> result = parse_program(text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << error->line << ": " << error->message << "\n" << text;
        return {};
    }
    return std::get<Program>(std::move(result));
}

std::string outcome_of(Target& target, const World& world, const std::vector<Step>& steps) {
    Lockstep lockstep(target);
    const std::optional<Finding> finding = run_program(lockstep, world, steps);
    if (finding) return bucket_name(finding->bucket) + ": " + finding->what;
    return lockstep.refusal().empty() ? "good" : "refused: " + std::string(lockstep.refusal());
}

std::string outcome_of(const std::string& text, const Profile& profile) {
    const Program program = parsed(with_profile(text, profile));
    return in_child([&] {
        LiveTarget target;
        return outcome_of(target, program.world, program.steps());
    });
}

// The kernel under rules that are not its own.
class WrongRules final : public Target {
  public:
    [[nodiscard]] std::string_view name() const override { return "live"; }
    [[nodiscard]] const Sight& sight() const override { return live_.sight(); }
    void create(const World& world) override {
        world_ = world;
        world_.profile = &live_profile();
        live_.create(world_);
    }
    [[nodiscard]] std::string_view refusal() const override { return live_.refusal(); }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        return live_.apply(step, log);
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return live_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override { live_.observe(space, view); }
    void observe(MachineView& view) const override { live_.observe(view); }

  private:
    World world_;
    LiveTarget live_;
};

}  // namespace

TEST(live_kernel, is_known_by_the_beginning_of_its_release) {
    ASSERT_NE(find_live_kernel("6.18.44-amd64"), nullptr);
    EXPECT_EQ(find_live_kernel("6.18.44-amd64")->profile, "linux-6.18");
    for (const char* const other : {"6.1.0-56-amd64", "6.180.1", "5.10.0", "", "?"}) {
        EXPECT_EQ(find_live_kernel(other), nullptr) << other;
    }
}

TEST_F(Live, agrees_on_merges_splits_and_seams) {
    EXPECT_EQ(outcome_of("\nmmap 0+6 rw- anon private\n"
                         "mprotect 2+2 r--\n"
                         "touch 0+2\n"
                         "touch 4+2\n"
                         "mprotect 2+2 rw-\n"
                         "madvise 1+1 dontfork\n"
                         "mmap 3+5 r-x anon private fixed noreserve\n"
                         "munmap 4+1\n",
                         live_profile()),
              "good");
}

TEST_F(Live, agrees_on_files_and_on_what_lies_behind_their_ends) {
    EXPECT_EQ(outcome_of("\nfile f driver=mmap_prepare pages=2\n"
                         "file r driver=mmap_prepare pages=8 mode=ro\n"
                         "mmap 0+4 rw- file=f@0 shared\n"
                         "touch 0+2\n"
                         "touch 0+3\n"
                         "mmap 4+2 r-- file=r@4 shared\n"
                         "mprotect 4+2 rw-\n"
                         "mmap 6+2 rw- file=r@6 private\n"
                         "touch 6+2\n"
                         "mmap 6+2 rw- file=r@2251799813685246 private fixed\n"
                         "mmap 6+2 rw- anon shared fixed\n",
                         live_profile()),
              "good");
}

TEST_F(Live, agrees_on_what_leaves_the_world_or_is_empty) {
    EXPECT_EQ(outcome_of("\nmmap 4+4 rw- anon private\n"
                         "mmap 7+2 rw- anon private fixed\n"
                         "munmap 6+9\n"
                         "mprotect 6+3 r--\n"
                         "madvise 6+4503599627370490 dontdump\n"
                         "touch 6+3\n"
                         "touch 4503599627370495+1\n"
                         "mprotect 9+1 r--\n"
                         "munmap 0+0\n"
                         "mmap 100+0 rw- anon private\n"
                         "madvise 4503599627370495+0 dontdump\n",
                         live_profile()),
              "good");
}

TEST_F(Live, forks_spaces_and_spaces_of_these) {
    const std::string text =
        "\nmmap 0+4 rw- anon private\n"
        "touch 0+4\n"
        "madvise 1+1 dontfork\n"
        "fork 1\n"
        "@1 mmap 1+1 rw- anon private\n"
        "@1 fork 3\n"
        "@3 munmap 0+1\n"
        "@1 fork 3\n"
        "@2 munmap 0+1\n"
        "@3 fork 2\n"
        "@2 touch 2+2\n"
        "munmap 0+8\n";
    EXPECT_EQ(outcome_of(text, live_profile()), "good");
}

TEST_F(Live, agrees_with_memory_merge_on_and_forgets_it_afterwards) {
    const std::string steps =
        "\nmmap 0+2 rw- anon private\nfork 1\n@1 mmap 2+2 rw- anon private\n"
        "madvise 0+2 unmergeable\nmmap 2+2 rw- anon private\nfork 2\n@2 munmap 1+2\n";
    const Program on = parsed(with_profile(" memory_merge" + steps, live_profile()));
    const Program off = parsed(with_profile(steps, live_profile()));
    EXPECT_EQ(in_child([&] {
                  LiveTarget target;
                  std::string said;
                  for (const Program* const program : {&on, &off, &on, &off}) {
                      said += outcome_of(target, program->world, program->steps()) + " ";
                  }
                  return said;
              }),
              "good good good good ");
}

TEST_F(Live, leaves_no_process_behind) {
    const Program program =
        parsed(with_profile("\nmmap 0+4 rw- anon private\nfork 1\n@1 fork 2\n", live_profile()));
    EXPECT_EQ(in_child([&] {
                  {
                      LiveTarget target;
                      static_cast<void>(outcome_of(target, program.world, program.steps()));
                      if (waitpid(-1, nullptr, WNOHANG) != 0) return "the spaces are not there";
                  }
                  const bool alone = waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
                  return alone ? "alone" : "not alone";
              }),
              "alone");
}

TEST_F(Live, is_told_when_the_process_of_a_space_dies) {
    const Program program =
        parsed(with_profile("\nmmap 0+4 rw- anon private\nfork 1\n", live_profile()));
    EXPECT_EQ(in_child([&] {
                  LiveTarget target;
                  StepLog log;
                  target.create(program.world);
                  for (const Step& step : program.steps()) {
                      static_cast<void>(target.apply(step, log));
                  }
                  const std::string self = std::to_string(getpid());
                  std::ifstream children("/proc/self/task/" + self + "/children");
                  pid_t space = 0;
                  if (!(children >> space)) return std::string("not to be found");
                  kill(space, SIGKILL);
                  const Step last{Munmap{{{0}, {1}}}, SpaceId{1}, {}};
                  return std::string(name_of(target.apply(last, log)));
              }),
              "crashed");
}

TEST_F(Live, makes_initial_areas_that_system_calls_can_make) {
    EXPECT_EQ(outcome_of("\nfile f driver=mmap_prepare pages=8\n"
                         "area 0+2 rw- anon private flags=account,dontdump fault=1\n"
                         "area 2+2 r-- anon private\n"
                         "area 5+2 r-- file=f@3 shared flags=rand_read\n"
                         "madvise 0+2 dodump\n"
                         "mprotect 2+2 rw-\n",
                         live_profile()),
              "good");
    for (const char* const area :
         {"area 0+2 rw- anon private\n", "area 0+2 r-- anon private pgoff=7\n",
          "area 0+2 rw- anon private flags=account fault=1 forked\n",
          "area 0+2 r-- anon private\narea 2+2 r-- anon private\n"}) {
        EXPECT_EQ(outcome_of("\n" + std::string(area) + "munmap 0+1\n", live_profile()),
                  "refused: system calls cannot make the initial areas")
            << area;
    }
}

TEST_F(Live, refuses_what_it_cannot_test) {
    const std::string map = "\nmmap 0+1 rw- anon private";
    EXPECT_EQ(outcome_of(map + " ! charge\n", live_profile()),
              "refused: a step of the program fails by injection, and the target cannot do that");
    EXPECT_EQ(outcome_of(" max_map_count=8" + map + "\n", live_profile()),
              "refused: max_map_count is a limit of the whole machine, and is not changed");
    const std::string rules = outcome_of(map + "\n", canonical_profile);
    EXPECT_EQ(rules.find("refused: the rules are canonical, and those of Linux "), 0U) << rules;
}

TEST_F(Live, declines_drivers_that_a_memory_file_cannot_play) {
    for (const char* const driver : {"mmap,close", "none", "mmap,mmap_prepare"}) {
        EXPECT_EQ(outcome_of("\nfile d driver=" + std::string(driver) +
                                 " pages=8\nmmap 0+4 rw- file=d@0 private\nmunmap 1+1\n",
                             live_profile()),
                  "good");
    }
}

TEST_F(Live, is_used_in_a_child_alone) {
    LiveTarget target;
    World world;
    world.profile = &live_profile();
    EXPECT_DEATH(target.create(world), "CHECK failed: death_signal == SIGKILL");
}

// The rules of `canonical` are not those of the kernel, and that is found and made small.
TEST_F(Live, disagrees_with_wrong_rules_in_a_minimal_program) {
    const std::string text = in_child([] {
        WrongRules target;
        SoakOptions options;
        options.profile = &canonical_profile;
        options.alphabet = &core_alphabet();
        options.pages = PageCount{8};
        Soak soak(options, target, nullptr);
        std::optional<SoakFind> find;
        for (std::uint64_t number = 0; number < 100 && !find; ++number) find = soak.run(number);
        if (!find) return std::string("nothing");
        Lockstep lockstep(target);
        const Minimized small = minimize(
            find->candidate, find->finding,
            [&](const Candidate& tried) { return run_program(lockstep, tried.world, tried.steps); },
            {}, [](const Candidate&, std::uint64_t) {});
        return std::string(name_of(small.finding.bucket.verdict)) + " in " +
               std::to_string(small.candidate.steps.size()) + " steps";
    });
    EXPECT_NE(text, "nothing");
    EXPECT_NE(text.find(" in "), std::string::npos) << text;
    EXPECT_LE(text.substr(text.find(" in ") + 4, 2), "4 ") << text;
}

}  // namespace vmacheck
