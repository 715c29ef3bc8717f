// Known defects: each has a program that shows it, and --strict is what finds it.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "impl/impl_target.h"
#include "model/check.h"
#include "model/text.h"

namespace vmacheck {
namespace {

// impl under rules of its own, whatever the world says: a kernel that has its defects.
class KernelOf final : public Target {
  public:
    explicit KernelOf(const Profile& profile) : profile_(profile) {}
    [[nodiscard]] std::string_view name() const override { return "kernel_of"; }
    [[nodiscard]] const Sight& sight() const override { return impl_.sight(); }
    void create(const World& world) override {
        world_ = world;
        world_.profile = &profile_;
        impl_.create(world_);
    }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        return impl_.apply(step, log);
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return impl_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override { impl_.observe(space, view); }
    void observe(MachineView& view) const override { impl_.observe(view); }

  private:
    const Profile& profile_;
    World world_;
    ImplTarget impl_{ImplOptions{.verify = true}};
};

Program program_of_defect(const KnownDefect& defect) {
    const std::string path =
        VMACHECK_SOURCE_DIR "/corpus/cases/" + std::string(defect.program) + ".vma";
    std::ifstream file(path);
    auto parsed = parse_program(std::string{std::istreambuf_iterator<char>(file), {}});
    EXPECT_TRUE(std::holds_alternative<Program>(parsed)) << path;
    return std::get<Program>(std::move(parsed));
}

TEST(defects, are_shown_by_their_programs_under_strict_rules) {
    for (const KnownDefect& defect : known_defects()) {
        const Program program = program_of_defect(defect);
        ASSERT_TRUE(has_defect(*program.world.profile, defect)) << defect.name;
        KernelOf kernel(*program.world.profile);
        Lockstep lockstep(kernel);
        EXPECT_FALSE(run_program(lockstep, program.world, program.steps())) << defect.name;
        World strict = program.world;
        strict.profile = &without_defects(*program.world.profile);
        EXPECT_FALSE(has_defect(*strict.profile, defect)) << defect.name;
        const auto finding = run_program(lockstep, strict, program.steps());
        ASSERT_TRUE(finding) << defect.name;
    }
}

TEST(defects, are_gone_from_all_strict_profiles) {
    for (const Profile* const profile : all_profiles) {
        const Profile& strict = without_defects(*profile);
        for (const KnownDefect& defect : known_defects()) {
            EXPECT_FALSE(has_defect(strict, defect)) << profile->name;
        }
        EXPECT_FALSE(charges_stay(strict)) << profile->name;
        EXPECT_EQ(&without_defects(strict), &strict);
    }
    EXPECT_EQ(&without_defects(canonical_profile), &canonical_profile);
    EXPECT_EQ(without_defects(linux_7_3_profile).name,
              "linux-7.3,stack_charge:accounted,source_charge:returned,set_file:dropped");
}

}  // namespace
}  // namespace vmacheck
