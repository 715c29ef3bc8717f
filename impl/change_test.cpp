#include <gtest/gtest.h>

#include "impl/scene.h"

namespace vmacheck {
namespace {

World linux_world() {
    World world = world_of(linux_6_18_profile, 8);
    world.files = {file_with({true, false, false})};
    return world;
}

TEST(mprotect, splits_and_heals) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 8, read_write));
    EXPECT_EQ(scene.run(Mprotect{pages(2, 3), no_access}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAbbbCCC");
    EXPECT_EQ(scene.stages(), "split split");
    EXPECT_EQ(scene.run(Mprotect{pages(2, 3), read_write}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAAAAAAA");
    EXPECT_EQ(scene.stages(), "charge merge");
}

TEST(mprotect, goes_on_behind_the_neighbour_that_it_merged_with) {
    Scene scene(linux_world());
    scene.run(map_file(0, 3, read_write, 1, 0));
    scene.run(Mprotect{pages(1, 1), read_only});
    EXPECT_EQ(scene.picture(), "AbC.....");
    EXPECT_EQ(scene.run(Mprotect{pages(0, 3), read_only}), Errno::ok);
    EXPECT_EQ(scene.picture(), "aaa.....");
}

TEST(mprotect, stops_at_a_hole_and_keeps_what_it_did) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(3, 2, read_write));
    EXPECT_EQ(scene.run(Mprotect{pages(0, 5), read_only}), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aa.BB...");
    EXPECT_EQ(scene.run(Mprotect{pages(2, 3), read_only}), Errno::enomem);
    EXPECT_EQ(scene.run(Mprotect{pages(4, 9), read_only}), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aa.Bc...");
    EXPECT_EQ(scene.run(Mprotect{pages(2, 0), read_only}), Errno::ok);
}

TEST(mprotect, is_refused_what_the_file_was_not_opened_for) {
    World world = linux_world();
    world.files[0].read_only = true;
    Scene scene(world);
    Mmap shared = map_file(2, 2, read_only, 1, 0);
    shared.sharing = Sharing::is_shared;
    scene.run(map_anon(0, 2, read_only));
    scene.run(shared);
    EXPECT_EQ(scene.run(Mprotect{pages(0, 4), read_write}), Errno::eacces);
    EXPECT_EQ(scene.picture(), "AAbb....");
}

TEST(mprotect, returns_the_charge_of_memory_never_written_to) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    scene.run(Mprotect{pages(0, 2), read_only});
    EXPECT_EQ(scene.machine().committed, 2U);
    scene.run(Touch{pages(2, 1), Access::write});
    scene.run(Mprotect{pages(2, 2), read_only});
    EXPECT_EQ(scene.machine().committed, 2U);
    EXPECT_EQ(scene.picture(), "aabb....");
    EXPECT_EQ(scene.run(Mprotect{pages(0, 4), read_write}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAAA....");
    EXPECT_EQ(scene.machine().committed, 4U);
}

TEST(mprotect, returns_the_charge_when_the_change_fails) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_only));
    const Mprotect op{pages(1, 2), read_write};
    EXPECT_EQ(scene.run_failing(op, failure_at(Stage::split, 2)), Errno::enomem);
    EXPECT_EQ(scene.stages(), "charge split split");
    EXPECT_EQ(scene.picture(), "abbb....");
    EXPECT_EQ(scene.machine().committed, 0U);
}

TEST(mprotect, meets_the_count_limit_at_each_split) {
    World world = linux_world();
    world.max_map_count = 2;
    Scene scene(world);
    scene.run(map_anon(0, 4, read_write));
    EXPECT_EQ(scene.run(Mprotect{pages(1, 2), read_only}), Errno::enomem);
    EXPECT_EQ(scene.stages(), "split");
    EXPECT_EQ(scene.picture(), "ABBB....");
}

TEST(mprotect, does_not_heal_a_seam_when_nothing_changes) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_only));
    static_cast<void>(scene.run_failing(Munmap{pages(1, 2)}, failure_at(Stage::split, 2)));
    EXPECT_EQ(scene.picture(), "abbb....");
    EXPECT_EQ(scene.run(Mprotect{pages(0, 4), read_only}), Errno::ok);
    EXPECT_EQ(scene.picture(), "abbb....");
    EXPECT_EQ(scene.stages(), "");
}

TEST(mprotect, prefers_left_when_three_areas_have_two_identities) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(2, 1, read_write));
    scene.run(Touch{pages(0, 1), Access::write});
    scene.run(Touch{pages(2, 1), Access::write});
    EXPECT_EQ(scene.run(map_anon(1, 1, read_write)), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAB.....");
}

TEST(madvise, walks_over_holes_and_tells_of_them_in_the_end) {
    Scene scene(linux_world());
    scene.run(map_anon(1, 2, read_write));
    scene.run(map_anon(4, 2, read_write));
    EXPECT_EQ(scene.run(Madvise{pages(0, 8), Advice::dontdump}), Errno::enomem);
    for (const AreaView& area : scene.view().areas) {
        EXPECT_TRUE(area.attributes.flags.has(Flag::dont_dump));
    }
    EXPECT_EQ(scene.run(Madvise{pages(1, 2), Advice::dodump}), Errno::ok);
    EXPECT_EQ(scene.run(Madvise{pages(0, 8), Advice::dontneed}), Errno::enomem);
    EXPECT_EQ(scene.run(Madvise{pages(0, 0), Advice::dontneed}), Errno::ok);
}

TEST(madvise, answers_eagain_when_memory_is_short) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    const Madvise op{pages(1, 2), Advice::dontfork};
    EXPECT_EQ(scene.run_failing(op, failure_at(Stage::split, 1)), Errno::eagain);
    EXPECT_EQ(scene.picture(), "AAAA....");
    EXPECT_EQ(scene.run(op), Errno::ok);
    EXPECT_EQ(scene.picture(), "ABBC....");
}

TEST(madvise, wipes_only_anonymous_private_memory) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_file(1, 1, read_write, 1, 0));
    EXPECT_EQ(scene.run(Madvise{pages(0, 2), Advice::wipeonfork}), Errno::einval);
    EXPECT_TRUE(scene.view().areas[0].attributes.flags.has(Flag::wipe_on_fork));
    EXPECT_FALSE(scene.view().areas[1].attributes.flags.has(Flag::wipe_on_fork));
}

TEST(madvise, advices_of_a_kind_replace_each_other) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 1, read_write));
    const Flags before = scene.view().areas[0].attributes.flags;
    scene.run(Madvise{pages(0, 1), Advice::sequential});
    scene.run(Madvise{pages(0, 1), Advice::random});
    scene.run(Madvise{pages(0, 1), Advice::hugepage});
    scene.run(Madvise{pages(0, 1), Advice::nohugepage});
    EXPECT_EQ(scene.view().areas[0].attributes.flags,
              before | Flag::rand_read | Flag::no_huge_page);
}

TEST(madvise, leaves_shared_memory_unmergeable_without_a_word) {
    Scene scene(linux_world());
    Mmap shared = map_anon(0, 1, read_write);
    shared.sharing = Sharing::is_shared;
    scene.run(shared);
    EXPECT_EQ(scene.run(Madvise{pages(0, 1), Advice::mergeable}), Errno::ok);
    EXPECT_FALSE(scene.view().areas[0].attributes.flags.has(Flag::mergeable));
}

TEST(canonical, a_failed_change_changes_nothing_over_several_areas) {
    Scene scene(world_of(canonical_profile, 8));
    scene.run(map_anon(0, 2, read_only));
    scene.run(map_anon(2, 2, no_access));
    scene.run(map_anon(5, 3, no_access));
    EXPECT_EQ(scene.run(Mprotect{pages(1, 6), read_write}), Errno::enomem);
    EXPECT_EQ(scene.stages(), "charge charge");
    EXPECT_EQ(scene.run(Madvise{pages(1, 6), Advice::dontdump}), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aabb.ccc");
    EXPECT_EQ(scene.run_failing(Mprotect{pages(1, 3), read_write}, failure_at(Stage::charge, 2)),
              Errno::enomem);
    EXPECT_EQ(scene.picture(), "aabb.ccc");
    EXPECT_EQ(scene.run(Mprotect{pages(1, 3), read_write}), Errno::ok);
    EXPECT_EQ(scene.stages(), "charge charge split");
    EXPECT_EQ(scene.picture(), "aBBB.ccc");
}

}  // namespace
}  // namespace vmacheck
