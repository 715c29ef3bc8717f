// Every switch of a profile holds on both sides, and is seen where one side has the other value.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "impl/impl_target.h"
#include "search/soak.h"

namespace vmacheck {
namespace {

// Impl under rules that differ from those of the program in these switches.
class TurnedImpl final : public Target {
  public:
    explicit TurnedImpl(SwitchMask turned) : turned_(turned) {}

    [[nodiscard]] std::string_view name() const override { return "turned"; }
    [[nodiscard]] const Sight& sight() const override { return impl_.sight(); }
    void create(const World& world) override {
        world_ = world;
        const auto mask = static_cast<SwitchMask>(switches_of(*world.profile) ^ turned_);
        world_.profile = profile_with(base_of(*world.profile), mask);
        ASSERT_NE(world_.profile, nullptr);
        impl_.create(world_);
    }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        return impl_.apply(step, log);
    }
    [[nodiscard]] bool has_space(SpaceId space) const override { return impl_.has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override { impl_.observe(space, view); }
    void observe(MachineView& view) const override { impl_.observe(view); }

  private:
    SwitchMask turned_;
    World world_;
    ImplTarget impl_{ImplOptions{.verify = false}};
};

// Whether programs with these rules find a difference between the reference and the target.
bool finds(Target& target, const Profile& profile, std::uint64_t programs) {
    Soak soak({.seed = 1, .profile = &profile}, target, nullptr);
    for (std::uint64_t i = 0; i < programs; ++i) {
        if (soak.run(i)) return true;
    }
    return false;
}

// The smallest sets of switches that can be turned by themselves: `maximal` needs company.
std::vector<SwitchMask> masks_to_turn(const Profile& base) {
    std::vector<SwitchMask> masks;
    for (std::size_t at = 0; at < profile_switches().size(); ++at) {
        const auto mask = static_cast<SwitchMask>(1U << at);
        if (profile_with(base, mask) != nullptr) masks.push_back(mask);
    }
    return masks;
}

TEST(profile_switch, holds_on_both_sides_with_each_profile) {
    for (const Profile* const base : all_profiles) {
        for (const SwitchMask mask : masks_to_turn(*base)) {
            const Profile& profile = *profile_with(*base, mask);
            ImplTarget impl{ImplOptions{.verify = true}};
            EXPECT_FALSE(finds(impl, profile, 1000)) << profile.name;
        }
    }
}

TEST(profile_switch, is_seen_where_one_side_has_the_other_value) {
    const std::vector<SwitchMask> masks = masks_to_turn(linux_6_18_profile);
    EXPECT_EQ(masks.size(), profile_switches().size() - 2);
    for (const SwitchMask mask : masks) {
        // How a merge is tried again is seen where it is.
        const bool needs_second_merge =
            profile_with(linux_6_18_profile, mask)->second_merge_of == SecondMerge::new_range;
        const Profile& base = needs_second_merge ? linux_6_15_profile : linux_6_18_profile;
        TurnedImpl turned(mask);
        EXPECT_TRUE(finds(turned, base, 20000)) << profile_with(base, mask)->name;
    }
    // `maximal` and `atomic` with all that they are without.
    TurnedImpl ideal(0x101f);
    EXPECT_TRUE(finds(ideal, linux_6_18_profile, 20000));
}

}  // namespace
}  // namespace vmacheck
