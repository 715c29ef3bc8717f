// The seeded bugs of mremap whose rules are switches, each reached by about the shortest program
// that shows it.
#include <gtest/gtest.h>

#include <optional>

#include "impl/bugs.h"
#include "impl/scene.h"

namespace vmacheck {
namespace {

class SeededMoveBug : public testing::Test {
  public:
    ~SeededMoveBug() override { disable_bugs(); }

    // An empty world with the rules that the bug is a mistake in. Without `verify`: a bug in the
    // counters would end in a CHECK.
    Scene& scene_with(Bug bug, std::uint32_t max_map_count = max_map_count_default) {
        World world = world_of(profile_with_bug(bug), 8);
        world.max_map_count = max_map_count;
        scene_.emplace(world, ImplOptions{false});
        disable_bugs();
        EXPECT_TRUE(enable_bug(bug));
        return *scene_;
    }

  private:
    std::optional<Scene> scene_;
};

Mremap move(PageRange from, PageRange to, OldPlace old_place = OldPlace::unmap) {
    return {from, to, Moving::fixed, old_place};
}

TEST_F(SeededMoveBug, resize_asked_before_unmapping) {
    Scene& scene = scene_with(Bug::resize_asked_before_unmapping);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(4, 2, read_write));
    EXPECT_EQ(scene.run(move(pages(0, 2), pages(4, 2))), Errno::efault);
    EXPECT_EQ(scene.picture(), "A...BB..");
    EXPECT_GT(bug_reached(Bug::resize_asked_before_unmapping), 0U);
}

TEST_F(SeededMoveBug, only_first_area_moves) {
    Scene& scene = scene_with(Bug::only_first_area_moves);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(1, 1, read_only));
    EXPECT_EQ(scene.run(move(pages(0, 2), pages(4, 2))), Errno::ok);
    EXPECT_EQ(scene.picture(), ".a..B...");
    EXPECT_GT(bug_reached(Bug::only_first_area_moves), 0U);
}

TEST_F(SeededMoveBug, old_place_keeps_offset) {
    Scene& scene = scene_with(Bug::old_place_keeps_offset);
    scene.run(map_anon(0, 1, read_write));
    scene.run(Touch{pages(0, 1), Access::write});
    scene.run(move(pages(0, 1), pages(2, 1)));
    scene.run(move(pages(2, 1), pages(6, 1), OldPlace::dont_unmap));
    EXPECT_EQ(scene.view().areas[0].attributes.pgoff, 0U);
    EXPECT_GT(bug_reached(Bug::old_place_keeps_offset), 0U);
}

TEST_F(SeededMoveBug, dontunmap_merges_with_itself) {
    Scene& scene = scene_with(Bug::dontunmap_merges_with_itself);
    scene.run(map_anon(0, 1, read_write));
    scene.run(move(pages(0, 1), pages(1, 1), OldPlace::dont_unmap));
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_GT(bug_reached(Bug::dontunmap_merges_with_itself), 0U);
}

TEST_F(SeededMoveBug, early_count_is_strict) {
    Scene& scene = scene_with(Bug::early_count_is_strict, 5);
    scene.run(map_anon(0, 1, read_write));
    EXPECT_EQ(scene.run(move(pages(0, 1), pages(2, 1))), Errno::enomem);
    EXPECT_GT(bug_reached(Bug::early_count_is_strict), 0U);
}

TEST_F(SeededMoveBug, watched_copy_merges) {
    Scene& scene = scene_with(Bug::watched_copy_merges);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(4, 1, read_write));
    scene.run(UffdRegister{pages(0, 8), Uffd::a, UffdMode::missing});
    scene.run(move(pages(0, 1), pages(5, 1)));
    EXPECT_EQ(scene.picture(), "....AA..");
    EXPECT_EQ(scene.view().areas[0].attributes.uffd, UffdContext::none);
    EXPECT_GT(bug_reached(Bug::watched_copy_merges), 0U);
}

}  // namespace
}  // namespace vmacheck
