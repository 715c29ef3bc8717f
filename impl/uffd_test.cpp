// Userfaultfds, area by area: what is asked first, where the walk goes, and what it leaves.
#include <gtest/gtest.h>

#include "impl/scene.h"

namespace vmacheck {
namespace {

World uffd_world() {
    World world = world_of(linux_6_18_profile, 8);
    world.files = {file_with({true, false, false})};
    return world;
}

constexpr UffdRegister watch(std::uint64_t first, std::uint64_t count, Uffd uffd, UffdMode mode) {
    return {pages(first, count), uffd, mode};
}

// The contexts of the areas: "a-b".
std::string contexts(const Scene& scene) {
    std::string drawn;
    for (const AreaView& area : scene.view().areas) {
        const UffdContext context = area.attributes.uffd;
        drawn += context == UffdContext::none ? '-' : context == UffdContext::a ? 'a' : 'b';
    }
    return drawn;
}

TEST(uffd, splits_off_what_it_watches_and_merges_it_back) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 8, read_write));
    EXPECT_EQ(scene.run(watch(2, 3, Uffd::a, UffdMode::missing)), Errno::ok);
    EXPECT_EQ(scene.picture(), "AABBBCCC");
    EXPECT_EQ(contexts(scene), "-a-");
    EXPECT_EQ(scene.stages(), "split split");
    EXPECT_EQ(scene.run(UffdUnregister{pages(0, 8), Uffd::a}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAAAAAAA");
    EXPECT_EQ(scene.stages(), "merge");
}

TEST(uffd, goes_on_behind_the_neighbour_that_it_merged_with) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 6, read_write));
    scene.run(watch(2, 2, Uffd::a, UffdMode::missing));
    EXPECT_EQ(scene.run(watch(1, 4, Uffd::a, UffdMode::missing)), Errno::ok);
    EXPECT_EQ(scene.picture(), "ABBBBC..");
    EXPECT_EQ(contexts(scene), "-a-");
}

TEST(uffd, looks_at_all_areas_before_it_changes_one) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 4, read_write));
    scene.run(watch(3, 1, Uffd::b, UffdMode::missing));
    EXPECT_EQ(scene.run(watch(0, 4, Uffd::a, UffdMode::missing)), Errno::ebusy);
    EXPECT_EQ(scene.run(UffdUnregister{pages(0, 4), Uffd::a}), Errno::einval);
    scene.run(map_file(5, 1, read_write, 1, 0));
    EXPECT_EQ(scene.run(watch(0, 6, Uffd::b, UffdMode::missing)), Errno::einval);
    EXPECT_EQ(scene.run(UffdUnregister{pages(0, 6), Uffd::b}), Errno::einval);
    EXPECT_EQ(contexts(scene), "-b-");
    EXPECT_EQ(scene.stages(), "");
}

TEST(uffd, wants_pages_of_the_world_and_some_that_are_mapped) {
    Scene scene(uffd_world());
    scene.run(map_anon(2, 2, read_write));
    EXPECT_EQ(scene.run(watch(2, 0, Uffd::a, UffdMode::missing)), Errno::einval);
    EXPECT_EQ(scene.run(watch(0, 2, Uffd::a, UffdMode::missing)), Errno::einval);
    EXPECT_EQ(scene.run(watch(4, 4, Uffd::a, UffdMode::missing)), Errno::einval);
    EXPECT_EQ(scene.run(watch(2, 7, Uffd::a, UffdMode::missing)), Errno::einval);
    EXPECT_EQ(scene.run(UffdUnregister{pages(4, 4), Uffd::a}), Errno::einval);
    EXPECT_EQ(scene.run(watch(0, 8, Uffd::a, UffdMode::missing)), Errno::ok);
    EXPECT_EQ(contexts(scene), "a");
}

TEST(uffd, leaves_alone_what_is_watched_for_more) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(watch(0, 2, Uffd::a, UffdMode::both));
    scene.run(watch(0, 1, Uffd::a, UffdMode::wp));
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_TRUE(scene.view().areas[0].attributes.flags.has(uffd_flags));
}

TEST(uffd, forgets_a_mode_that_is_not_asked_for_beside_another) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 1, read_write));
    scene.run(watch(0, 1, Uffd::a, UffdMode::missing));
    scene.run(watch(0, 1, Uffd::a, UffdMode::wp));
    EXPECT_EQ(scene.view().areas[0].attributes.flags & uffd_flags, Flags(Flag::uffd_wp));
}

TEST(uffd, close_clears_whole_areas_of_one_context) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 7, read_write));
    scene.run(watch(1, 1, Uffd::a, UffdMode::missing));
    scene.run(watch(2, 2, Uffd::b, UffdMode::missing));
    scene.run(watch(5, 1, Uffd::a, UffdMode::wp));
    EXPECT_EQ(contexts(scene), "-ab-a-");
    EXPECT_EQ(scene.run(UffdClose{Uffd::a}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AABBCCC.");
    EXPECT_EQ(contexts(scene), "-b-");
    EXPECT_EQ(scene.run(UffdClose{Uffd::b}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAAAAAA.");
}

TEST(uffd, stays_unmerged_where_memory_for_that_is_short) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 4, read_write));
    scene.run(watch(2, 2, Uffd::a, UffdMode::missing));
    const UffdUnregister part{pages(2, 1), Uffd::a};
    EXPECT_EQ(scene.run_failing(part, failure_at(Stage::merge, 1)), Errno::enomem);
    EXPECT_EQ(contexts(scene), "-a");
    const UffdUnregister whole{pages(2, 2), Uffd::a};
    EXPECT_EQ(scene.run_failing(whole, failure_at(Stage::merge, 1)), Errno::ok);
    EXPECT_EQ(scene.picture(), "AABB....");
    EXPECT_EQ(contexts(scene), "--");
    scene.run(watch(2, 2, Uffd::a, UffdMode::missing));
    EXPECT_EQ(scene.run_failing(UffdClose{Uffd::a}, failure_at(Stage::merge, 1)), Errno::ok);
    EXPECT_EQ(scene.picture(), "AABB....");
}

TEST(uffd, is_not_inherited) {
    Scene scene(uffd_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(watch(0, 1, Uffd::a, UffdMode::missing));
    EXPECT_EQ(scene.run(Fork{SpaceId{1}}), Errno::ok);
    EXPECT_EQ(scene.picture_of(SpaceId{1}), "AB......");
    for (const AreaView& area : scene.view_of(SpaceId{1}).areas) {
        EXPECT_EQ(area.attributes.uffd, UffdContext::none);
        EXPECT_FALSE(area.attributes.flags.has_any(uffd_flags));
    }
    EXPECT_EQ(contexts(scene), "a-");
}

TEST(uffd, canonical_passes_both_splits_before_it_changes_anything) {
    Scene scene(world_of(canonical_profile, 8));
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(2, 4, read_only));
    const UffdRegister op = watch(1, 3, Uffd::a, UffdMode::missing);
    EXPECT_EQ(scene.run_failing(op, failure_at(Stage::split, 2)), Errno::enomem);
    EXPECT_EQ(scene.stages(), "split split");
    EXPECT_EQ(scene.picture(), "AAbbbb..");
    EXPECT_EQ(scene.run(op), Errno::ok);
    EXPECT_EQ(scene.picture(), "ABccdd..");
    EXPECT_EQ(scene.run(op), Errno::ok);
    EXPECT_EQ(scene.stages(), "");
    EXPECT_EQ(scene.run(UffdClose{Uffd::a}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAbbbb..");
}

}  // namespace
}  // namespace vmacheck
