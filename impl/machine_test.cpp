#include "impl/machine.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "impl/scene.h"

namespace vmacheck {
namespace {

constexpr std::uint64_t soak_pages = 16;

World soak_world(const Profile& profile, bool memory_merge) {
    World world = world_of(profile, soak_pages);
    world.memory_merge = memory_merge;
    world.max_map_count = 9;
    world.files = {file_with({true, false, false}), file_with({false, true, false}),
                   file_with({true, false, true})};
    world.files[1].read_only = true;
    return world;
}

class Dice {
  public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(engine_() % end); }
    PageRange range() { return pages(below(soak_pages), below(6)); }
    Prot prot() { return {Flags::of(below(8))}; }
    Op op() {
        switch (below(8)) {
            case 0: return Munmap{range()};
            case 1:
            case 2: return Mprotect{range(), prot()};
            case 3: return Madvise{range(), static_cast<Advice>(below(advice_names.size()))};
            case 4: return Touch{range(), static_cast<Access>(below(2))};
            case 5: return Fork{SpaceId{static_cast<std::uint8_t>(below(3))}};
            default: break;
        }
        Mmap map = map_file(0, 0, prot(), below(4), below(4));
        map.range = range();
        map.sharing = static_cast<Sharing>(below(4) == 0);
        map.placement = static_cast<Placement>(below(3));
        map.reserve = static_cast<Reserve>(below(6) == 0);
        return map;
    }
    Step step() {
        Step step{op(), SpaceId{static_cast<std::uint8_t>(below(3) / 2)}, Failure{}};
        if (below(3) == 0) {
            step.failure = {Failure::Kind::at_any, Stage::split,
                            static_cast<std::uint16_t>(1 + below(4))};
        }
        return step;
    }

  private:
    std::mt19937 engine_;
};

struct Observed {
    std::vector<AreaView> areas;
    SpaceCounters counters;
    MachineView machine;
    friend bool operator==(const Observed&, const Observed&) = default;
};

Observed observe(const impl::Machine& machine, SpaceId space) {
    Observed seen;
    if (machine.has_space(space)) {
        SpaceView view;
        machine.space(space).observe(view);
        seen.areas = view.areas;
        seen.counters = view.counters;
    }
    machine.observe(seen.machine);
    return seen;
}

// A failed step of an atomic profile must leave everything as it was.
void soak(const World& world, std::uint32_t seed) {
    Dice dice(seed);
    impl::Machine machine;
    machine.create(world);
    for (int i = 0; i < 200; ++i) {
        const Step step = dice.step();
        const Observed before = observe(machine, step.space);
        StepLog log;
        log.begin(step.failure);
        const Errno error = machine.apply(step, log);
        machine.verify();
        if (world.profile->atomic && error != Errno::ok) {
            ASSERT_EQ(observe(machine, step.space), before);
        }
    }
    for (std::uint8_t space = 0; space < space_count_max; ++space) {
        if (!machine.has_space(SpaceId{space})) continue;
        StepLog log;
        log.begin(Failure{});
        const Munmap all{pages(0, soak_pages)};
        ASSERT_EQ(machine.apply({all, SpaceId{space}, Failure{}}, log), Errno::ok);
    }
    machine.verify();
    const Observed end = observe(machine, SpaceId{});
    if (!charges_stay(*world.profile)) {
        EXPECT_EQ(end.machine.committed, 0U);
    }
    EXPECT_EQ(end.machine.objects, 0U);
    for (const FileCounters& counters : end.machine.files) EXPECT_EQ(counters, FileCounters{});
}

TEST(machine, keeps_its_invariants_whatever_happens) {
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        const Profile& profile = *all_profiles[seed % all_profiles.size()];
        soak(soak_world(profile, seed % 3 == 0), seed);
    }
}

TEST(machine, is_a_value) {
    const World world = soak_world(linux_6_18_profile, false);
    impl::Machine machine;
    machine.create(world);
    Dice dice(7);
    StepLog log;
    for (int i = 0; i < 50; ++i) {
        const Step step = dice.step();
        log.begin(step.failure);
        static_cast<void>(machine.apply(step, log));
    }
    impl::Machine copy = machine;
    for (int i = 0; i < 50; ++i) {
        const Step step = dice.step();
        log.begin(step.failure);
        const Errno error = machine.apply(step, log);
        log.begin(step.failure);
        ASSERT_EQ(copy.apply(step, log), error);
        ASSERT_EQ(observe(copy, step.space), observe(machine, step.space));
    }
}

TEST(machine, starts_from_initial_areas) {
    World world = world_of(linux_6_18_profile, 8);
    InitialArea area{pages(2, 2), {}};
    area.attributes.flags = read_write_flags | Flag::account;
    area.attributes.pgoff = 2;
    area.attributes.fault = FaultId{9};
    world.areas.push_back(area);
    area.range = pages(4, 2);
    area.attributes.pgoff = 4;
    world.areas.push_back(area);
    const Scene scene(world);
    EXPECT_EQ(scene.picture(), "..AABB..");
    EXPECT_EQ(scene.machine().committed, 4U);
    world.profile = &canonical_profile;
    EXPECT_EQ(Scene(world).picture(), "..AAAA..");
}

TEST(machine, starts_anew) {
    const World world = world_of(linux_6_18_profile, 8);
    impl::Machine machine;
    machine.create(world);
    StepLog log;
    log.begin(Failure{});
    EXPECT_EQ(machine.apply({map_anon(0, 4, read_write), SpaceId{}, Failure{}}, log), Errno::ok);
    EXPECT_EQ(machine.apply({Fork{SpaceId{1}}, SpaceId{}, Failure{}}, log), Errno::ok);
    machine.create(world);
    machine.verify();
    EXPECT_FALSE(machine.has_space(SpaceId{1}));
    EXPECT_EQ(observe(machine, SpaceId{}), Observed{});
}

}  // namespace
}  // namespace vmacheck
