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

// A target that counts its points in its own way: a step that is to fail at a point fails at
// another one.
class Shifted final : public Target {
  public:
    explicit Shifted(int shift) : shift_(shift) {
        sight_.withholds.push_back({Channel::stages, "for the test"});
    }
    bool loses_a_page = false;  // If the failure struck.
    bool any_kind = false;      // It does not know kinds of points.

    [[nodiscard]] std::string_view name() const override { return "shifted"; }
    [[nodiscard]] const Sight& sight() const override { return sight_; }
    void create(const World& world) override { impl_.create(world); }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        Step other = step;
        if (step.failure.kind != Failure::Kind::none) {
            other.failure.k = static_cast<std::uint16_t>(step.failure.k + shift_);
            if (any_kind) other.failure.kind = Failure::Kind::at_any;
        }
        log.begin(other.failure);
        const Errno error = impl_.apply(other, log);
        if (log.struck() && loses_a_page) {
            StepLog unseen;
            unseen.begin({});
            EXPECT_EQ(impl_.apply({Munmap{{Page{0}, PageCount{1}}}, {}, {}}, unseen), Errno::ok);
        }
        return error;
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return impl_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override { impl_.observe(space, view); }
    void observe(MachineView& view) const override { impl_.observe(view); }

  private:
    ImplTarget impl_{{.verify = true}};
    Sight sight_;
    int shift_;
};

std::string outcome_of(Shifted& target, const std::string& steps) {
    const auto parsed = parse_program("vma 1\nworld pages=8\n" + steps);
    const Program& program = std::get<Program>(parsed);
    Lockstep lockstep(target);
    const auto finding = run_program(lockstep, program.world, program.steps());
    return finding ? bucket_name(finding->bucket) : "good";
}

// Of munmap 1+2: the splits at both ends, and the tree; of fork more.
TEST(check_sight, permits_every_outcome_of_a_failure_where_no_stages_are_shown) {
    const std::string before = "mmap 0+4 rw- anon private\ntouch 0+4\n";
    for (const int shift : {0, 1, 2, 3, 9}) {
        for (const std::string step : {"munmap 1+2 ! #1\n", "mprotect 1+2 r-- ! #1\n",
                                       "mmap 1+2 rwx anon private fixed ! #1\n", "fork 1 ! #1\n"}) {
            Shifted target(shift);
            EXPECT_EQ(outcome_of(target, before + step + "mmap 4+4 rw- anon private\n"), "good")
                << step << " and " << shift;
        }
    }
}

TEST(check_sight, permits_no_failure_of_another_kind) {
    const std::string before = "mmap 0+4 rw- anon private\n";
    Shifted target(0);
    target.any_kind = true;
    EXPECT_EQ(outcome_of(target, before + "munmap 1+2 ! split#2\n"), "good");
    EXPECT_EQ(outcome_of(target, before + "munmap 1+2 ! may_split\n"),
              "wrong_result munmap/split/both");
}

TEST(check_sight, finds_what_no_failure_leaves_behind) {
    const std::string before = "mmap 0+4 rw- anon private\n";
    for (const int shift : {0, 1}) {
        Shifted target(shift);
        target.loses_a_page = true;
        EXPECT_EQ(outcome_of(target, before + "munmap 1+2 ! #1\n"),
                  "wrong_pages munmap/split/both !split");
        EXPECT_EQ(outcome_of(target, before + "munmap 1+2 ! #9\n"), "good");
    }
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
