// A driver that is shown another area than it should be.
#include <gtest/gtest.h>

#include "impl/impl_target.h"
#include "model/check.h"
#include "model/text.h"

namespace vmacheck {
namespace {

// impl, but the mmap hook comes from here, and is shown an area that is one page further in its
// file.
class ShowsAnotherOffset final : public Target {
  public:
    [[nodiscard]] std::string_view name() const override { return "shows_another_offset"; }
    [[nodiscard]] const Sight& sight() const override { return impl_.sight(); }
    void create(const World& world) override { impl_.create(world); }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        StepLog inner;
        inner.begin(step.failure);
        const Errno error = impl_.apply(step, inner);
        for (const Stage stage : inner.passed()) {
            if (stage != Stage::hook) static_cast<void>(log.fails(stage));
        }
        for (const HookCall& call : inner.hooks()) {
            const Attributes shown{call.pgoff + 1, call.flags, call.file, FaultId{}, false};
            static_cast<void>(log.call_mmap(call.space, call.range, shown));
        }
        return error;
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return impl_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override { impl_.observe(space, view); }
    void observe(MachineView& view) const override { impl_.observe(view); }

  private:
    ImplTarget impl_{ImplOptions{.verify = true}};
};

TEST(check, sees_what_a_hook_is_shown) {
    const auto parsed = parse_program(
        "vma 1\nworld pages=8 profile=linux-6.18\nfile a driver=mmap pages=9\n"
        "mmap 0+2 r-- file=a@3 private\n");
    ASSERT_TRUE(std::holds_alternative<Program>(parsed));
    const auto& program = std::get<Program>(parsed);
    ShowsAnotherOffset target;
    Lockstep lockstep(target);
    const auto finding = run_program(lockstep, program.world, program.steps());
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->bucket.verdict, Verdict::wrong_hooks);
    EXPECT_NE(finding->what.find("mmap a [0,2) at 4"), std::string::npos) << finding->what;
    EXPECT_NE(finding->what.find("mmap a [0,2) at 3"), std::string::npos) << finding->what;
}

}  // namespace
}  // namespace vmacheck
