// Tests of swarms that are kept to what a target can be asked.
#include <gtest/gtest.h>

#include "search/generate.h"

namespace vmacheck {
namespace {

// Draws many swarms, and counts those that a plain system cannot be asked.
struct Asked {
    int failures = 0;
    int limits = 0;
    int pkeys = 0;
    int areas = 0;
    int drivers = 0;
};
Asked asked_with(const Sight& sight) {
    const Generator generator(full_alphabet(), linux_6_18_profile, world_pages_default);
    Asked asked;
    Swarm swarm;
    for (std::uint64_t number = 0; number < 200; ++number) {
        RandomSource source(1, number);
        generator.draw_swarm(source, swarm);
        fit(sight, swarm);
        asked.failures += swarm.failure_one_in != 0 ? 1 : 0;
        asked.limits += swarm.world.max_map_count != max_map_count_default ? 1 : 0;
        asked.pkeys += swarm.world.pkeys > 0 ? 1 : 0;
        asked.areas += swarm.world.areas.empty() ? 0 : 1;
        for (const File& file : swarm.world.files) {
            const Driver driver = file.driver;
            asked.drivers += driver.close || driver.mmap == driver.mmap_prepare ? 1 : 0;
        }
    }
    return asked;
}

TEST(fit, leaves_a_swarm_alone_where_anything_can_be_asked) {
    const Asked asked = asked_with({});
    EXPECT_GT(asked.failures, 0);
    EXPECT_GT(asked.limits, 0);
    EXPECT_GT(asked.pkeys, 0);
    EXPECT_GT(asked.areas, 0);
    EXPECT_GT(asked.drivers, 0);
}

TEST(fit, takes_failures_and_special_worlds_away_by_themselves) {
    Sight sight;
    sight.failures = false;
    Asked asked = asked_with(sight);
    EXPECT_EQ(asked.failures, 0);
    EXPECT_GT(asked.limits, 0);
    sight.failures = true;
    sight.any_world = false;
    asked = asked_with(sight);
    EXPECT_GT(asked.failures, 0);
    EXPECT_EQ(asked.limits + asked.pkeys + asked.areas + asked.drivers, 0);
}

}  // namespace
}  // namespace vmacheck
