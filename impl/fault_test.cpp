#include <gtest/gtest.h>

#include "impl/scene.h"

namespace vmacheck {
namespace {

constexpr SpaceId child{1};
constexpr SpaceId grandchild{2};

World linux_world() {
    World world = world_of(linux_6_18_profile, 8);
    world.files = {file_with({true, false, false}), file_with({true, false, true})};
    return world;
}

Touch write_to(std::uint64_t first, std::uint64_t count) {
    return {pages(first, count), Access::write};
}

TEST(touch, gives_a_private_area_an_identity_once) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    EXPECT_EQ(scene.run(Touch{pages(0, 4), Access::read}), Errno::ok);
    EXPECT_TRUE(scene.view().areas[0].attributes.fault.none());
    EXPECT_EQ(scene.run(write_to(1, 1)), Errno::ok);
    const FaultId first = scene.view().areas[0].attributes.fault;
    EXPECT_FALSE(first.none());
    scene.run(write_to(2, 1));
    EXPECT_EQ(scene.view().areas[0].attributes.fault, first);
}

TEST(touch, stops_at_the_first_page_that_refuses) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(2, 2, read_only));
    EXPECT_EQ(scene.run(write_to(1, 2)), Errno::efault);
    EXPECT_FALSE(scene.view().areas[0].attributes.fault.none());
    EXPECT_EQ(scene.run(Touch{pages(3, 2), Access::read}), Errno::efault);
    EXPECT_EQ(scene.run(Touch{pages(9, 1), Access::read}), Errno::efault);
    EXPECT_EQ(scene.run(Touch{pages(9, 0), Access::read}), Errno::ok);
}

TEST(touch, fails_behind_the_end_of_a_file_but_leaves_an_identity) {
    World world = linux_world();
    world.files[0].pages = PageCount{3};
    Scene scene(world);
    scene.run(map_file(0, 4, read_write, 1, 1));
    EXPECT_EQ(scene.run(Touch{pages(0, 2), Access::read}), Errno::ok);
    EXPECT_EQ(scene.run(write_to(2, 1)), Errno::efault);
    EXPECT_FALSE(scene.view().areas[0].attributes.fault.none());
}

TEST(touch, borrows_from_a_neighbour_that_differs_in_access_only) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    scene.run(Mprotect{pages(2, 2), {Flag::read | Flag::write | Flags(Flag::exec)}});
    scene.run(write_to(2, 1));
    scene.run(write_to(0, 1));
    const SpaceView seen = scene.view();
    EXPECT_EQ(seen.areas[0].attributes.fault, seen.areas[1].attributes.fault);
    scene.run(Mprotect{pages(2, 2), read_write});
    EXPECT_EQ(scene.picture(), "AAAA....");
}

TEST(touch, faulted_and_unfaulted_areas_merge) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(Mprotect{pages(1, 1), {Flag::read | Flag::write | Flags(Flag::exec)}});
    scene.run(write_to(1, 1));
    scene.run(Mprotect{pages(1, 1), read_write});
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_FALSE(scene.view().areas[0].attributes.fault.none());
}

TEST(fork, copies_areas_counters_and_charges) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(2, 2, read_only));
    scene.run(Madvise{pages(2, 1), Advice::dontfork});
    EXPECT_EQ(scene.run(Fork{child}), Errno::ok);
    EXPECT_EQ(scene.stages(), "charge allocation clear allocation");
    EXPECT_EQ(scene.picture_of(child), "AA.b....");
    EXPECT_EQ(scene.view_of(child).counters.map_count, 2U);
    EXPECT_EQ(scene.machine().committed, 4U);
    EXPECT_EQ(scene.run(Fork{child}), Errno::eexist);
    EXPECT_EQ(scene.run(Fork{SpaceId{}}), Errno::eexist);
    EXPECT_EQ(scene.run_in(grandchild, Fork{child}), Errno::esrch);
}

TEST(fork, gives_the_child_identities_that_never_meet_again) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    scene.run(write_to(0, 4));
    scene.run(Mprotect{pages(2, 2), read_only});
    scene.run(Fork{child});
    const SpaceView seen = scene.view_of(child);
    EXPECT_TRUE(seen.areas[0].attributes.forked);
    EXPECT_NE(seen.areas[0].attributes.fault, seen.areas[1].attributes.fault);
    scene.run(Mprotect{pages(2, 2), read_write});
    scene.run_in(child, Mprotect{pages(2, 2), read_write});
    EXPECT_EQ(scene.picture(), "AAAA....");
    EXPECT_EQ(scene.picture_of(child), "AABB....");
    EXPECT_FALSE(scene.view().areas[0].attributes.forked);
}

TEST(fork, a_forked_area_does_not_merge_with_a_new_one) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(write_to(0, 1));
    scene.run(Fork{child});
    scene.run(map_anon(2, 1, read_write));
    scene.run_in(child, map_anon(2, 1, read_write));
    EXPECT_EQ(scene.picture(), "AAA.....");
    EXPECT_EQ(scene.picture_of(child), "AAB.....");
}

TEST(fork, wiped_areas_come_up_unfaulted) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(write_to(0, 2));
    scene.run(Madvise{pages(0, 2), Advice::wipeonfork});
    scene.run(Fork{child});
    EXPECT_TRUE(scene.view_of(child).areas[0].attributes.fault.none());
    EXPECT_FALSE(scene.view_of(child).areas[0].attributes.forked);
}

TEST(fork, that_fails_leaves_no_child_and_closes_what_it_opened) {
    Scene scene(linux_world());
    scene.run(map_file(0, 2, read_write, 2, 0));
    scene.run(map_anon(4, 2, read_write));
    EXPECT_EQ(scene.run_failing(Fork{child}, failure_at(Stage::allocation, 2)), Errno::enomem);
    EXPECT_EQ(scene.hooks(), "open 0+2 close 0+2");
    EXPECT_FALSE(scene.has_space(child));
    EXPECT_EQ(scene.machine().committed, 4U);
    EXPECT_EQ(scene.machine().files[1].references, 1U);
    EXPECT_EQ(scene.run(Fork{child}), Errno::ok);
    EXPECT_EQ(scene.hooks(), "open 0+2");
}

TEST(fork, keeps_objects_alive_in_the_child) {
    Scene scene(linux_world());
    Mmap shared = map_anon(0, 2, read_write);
    shared.sharing = Sharing::is_shared;
    scene.run(shared);
    scene.run(Fork{child});
    scene.run(Munmap{pages(0, 2)});
    EXPECT_EQ(scene.machine().objects, 1U);
    scene.run_in(child, Munmap{pages(0, 2)});
    EXPECT_EQ(scene.machine().objects, 0U);
    EXPECT_EQ(scene.machine().committed, 0U);
}

}  // namespace
}  // namespace vmacheck
