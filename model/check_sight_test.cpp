// Tests of what the oracle makes of a target that cannot do or show everything.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <variant>

#include "impl/impl_target.h"
#include "model/check.h"
#include "model/text.h"

namespace vmacheck {
namespace {

// Impl, but what a test says.
class Limited final : public Target {
  public:
    Sight sight_shown;
    std::string refusal_given;
    std::function<void(AreaView&)> spoil = [](AreaView&) {};
    int asked = 0;

    [[nodiscard]] std::string_view name() const override { return "limited"; }
    [[nodiscard]] const Sight& sight() const override { return sight_shown; }
    void create(const World& world) override { impl_.create(world); }
    [[nodiscard]] std::string_view refusal() const override { return refusal_given; }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        ++asked;
        return impl_.apply(step, log);
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return impl_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override {
        impl_.observe(space, view);
        for (AreaView& area : view.areas) spoil(area);
    }
    void observe(MachineView& view) const override { impl_.observe(view); }

  private:
    ImplTarget impl_{{.verify = true}};
};

// The bucket of the finding, why it was refused, or "good".
std::string outcome_of(Limited& target, const std::string& text) {
    const std::variant<Program, ParseError> parsed = parse_program("vma 1\nworld pages=8\n" + text);
    const auto* const program = std::get_if<Program>(&parsed);
    if (program == nullptr) return "no program";
    Lockstep lockstep(target);
    const auto finding = run_program(lockstep, program->world, program->steps());
    if (finding) return bucket_name(finding->bucket);
    return lockstep.refusal().empty() ? "good" : std::string(lockstep.refusal());
}

constexpr const char* two_steps = "mmap 0+4 rw- anon private\nmunmap 1+1\n";

TEST(check_sight, asks_nothing_of_a_target_that_refuses_the_world) {
    Limited target;
    target.refusal_given = "for the test";
    EXPECT_EQ(outcome_of(target, two_steps), "for the test");
    EXPECT_EQ(target.asked, 0);
    target.refusal_given = "";
    EXPECT_EQ(outcome_of(target, two_steps), "good");
    EXPECT_EQ(target.asked, 3);
}

TEST(check_sight, stops_before_a_failure_that_cannot_be_injected) {
    Limited target;
    const std::string text = std::string(two_steps) + "munmap 3+1 ! split\nmunmap 0+1\n";
    EXPECT_EQ(outcome_of(target, text), "good");
    target.sight_shown.failures = false;
    target.asked = 0;
    EXPECT_EQ(outcome_of(target, text),
              "a step of the program fails by injection, and the target cannot do that");
    EXPECT_EQ(target.asked, 2);
}

TEST(check_sight, compares_anonymous_offsets_only_where_they_are_shown) {
    Limited target;
    target.spoil = [](AreaView& area) { area.attributes.pgoff += 1; };
    EXPECT_EQ(outcome_of(target, two_steps), "wrong_pages mmap/errno/ok");
    target.sight_shown.withholds.push_back({Channel::anonymous_offset, "for the test"});
    EXPECT_EQ(outcome_of(target, two_steps), "good");
    EXPECT_EQ(outcome_of(target, "file f driver=mmap pages=8\nmmap 0+4 r-- file=f@0 private\n"),
              "wrong_pages mmap/errno/ok");
}

}  // namespace
}  // namespace vmacheck
