#include <gtest/gtest.h>

#include "impl/scene.h"

namespace vmacheck {
namespace {

World linux_world() {
    World world = world_of(linux_6_18_profile, 8);
    world.files = {file_with({true, false, false}), file_with({true, false, true}),
                   file_with({false, true, false}), file_with({false, false, false})};
    return world;
}
constexpr std::uint32_t mmap_file = 1;
constexpr std::uint32_t closing_file = 2;
constexpr std::uint32_t prepared_file = 3;
constexpr std::uint32_t file_without_hooks = 4;

TEST(mmap, fills_the_hole_between_equal_neighbours) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(3, 2, read_write));
    EXPECT_EQ(scene.picture(), "AA.BB...");
    EXPECT_EQ(scene.run(map_anon(2, 1, read_write)), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAAAA...");
    EXPECT_EQ(scene.stages(), "charge merge");
}

TEST(mmap, goes_its_own_way_when_the_merge_has_no_memory) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    EXPECT_EQ(scene.run_failing(map_anon(2, 1, read_write), failure_at(Stage::merge, 1)),
              Errno::ok);
    EXPECT_EQ(scene.picture(), "AAB.....");
    EXPECT_EQ(scene.stages(), "charge merge allocation");
}

TEST(mmap, grows_an_area_downwards_with_its_offset) {
    Scene scene(linux_world());
    scene.run(map_file(4, 2, read_only, mmap_file, 7));
    scene.run(map_file(2, 2, read_only, mmap_file, 5));
    EXPECT_EQ(scene.picture(), "..aaaa..");
    EXPECT_EQ(scene.view().areas[0].attributes.pgoff, 5U);
    EXPECT_EQ(scene.machine().files[0].references, 1U);
}

TEST(mmap, checks_in_the_kernels_order) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 2, read_write));
    EXPECT_EQ(scene.run(map_anon(0, 0, read_write)), Errno::einval);
    EXPECT_EQ(scene.run(map_anon(7, 2, read_write)), Errno::enomem);
    Mmap hinted = map_file(1, 2, read_write, file_without_hooks, 0);
    hinted.placement = Placement::noreplace;
    EXPECT_EQ(scene.run(hinted), Errno::eexist);
    hinted.placement = Placement::fixed;
    EXPECT_EQ(scene.run(hinted), Errno::enodev);
    hinted.backing.offset = file_pages_max - 1;
    EXPECT_EQ(scene.run(hinted), Errno::eoverflow);
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_EQ(scene.stages(), "");
}

TEST(mmap, may_pass_the_count_limit_by_one) {
    World world = linux_world();
    world.max_map_count = 1;
    Scene scene(world);
    EXPECT_EQ(scene.run(map_anon(0, 1, read_write)), Errno::ok);
    EXPECT_EQ(scene.run(map_anon(2, 1, read_write)), Errno::ok);
    EXPECT_EQ(scene.run(map_anon(4, 1, read_write)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "A.B.....");
}

TEST(mmap, leaves_splits_before_and_a_gap_after_the_point_of_no_return) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 8, read_only));
    const Mmap over = map_anon(2, 3, read_write);
    EXPECT_EQ(scene.run_failing(over, failure_at(Stage::charge, 1)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aabbbccc");
    EXPECT_EQ(scene.run_failing(over, failure_at(Stage::allocation, 1)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aa...bbb");
    EXPECT_EQ(scene.machine().committed, 0U);
}

TEST(mmap, returns_the_whole_charge_of_what_it_replaced_where_that_is_mended) {
    World world = linux_world();
    world.profile = &linux_7_3_profile;
    Scene scene(world);
    scene.run(map_anon(0, 4, read_write));
    EXPECT_EQ(scene.machine().committed, 4U);
    const Mmap over = map_file(1, 3, read_write, mmap_file, 0);
    EXPECT_EQ(scene.run_failing(over, failure_at(Stage::hook, 1)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "A.......");
    EXPECT_EQ(scene.machine().committed, 1U);
    EXPECT_EQ(scene.machine().files[0].references, 0U);
}

TEST(mmap, keeps_the_charge_of_what_it_replaced) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 4, read_write));
    const Mmap over = map_file(1, 3, read_write, mmap_file, 0);
    EXPECT_EQ(scene.run_failing(over, failure_at(Stage::hook, 1)), Errno::enomem);
    EXPECT_EQ(scene.machine().committed, 4U);
    scene.run(Munmap{pages(0, 8)});
    EXPECT_EQ(scene.machine().committed, 3U);
}

TEST(mmap, keeps_the_charge_of_what_the_prepare_hook_refused) {
    Scene scene(linux_world());
    const Mmap map = map_file(1, 3, read_write, prepared_file, 0);
    EXPECT_EQ(scene.run_failing(map, failure_at(Stage::prepare, 1)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "........");
    EXPECT_EQ(scene.machine().committed, 3U);
}

TEST(mmap, closes_old_areas_before_the_new_hook) {
    Scene scene(linux_world());
    scene.run(map_file(0, 4, read_only, closing_file, 0));
    EXPECT_EQ(scene.run(map_file(1, 2, read_only, mmap_file, 0)), Errno::ok);
    EXPECT_EQ(scene.hooks(), "open 0+1 open 3+1 close 1+2 mmap 1+2");
    EXPECT_EQ(scene.picture(), "abbc....");
}

TEST(mmap, asks_the_prepare_hook_before_it_merges_and_the_mmap_hook_only_if_it_did_not) {
    Scene scene(linux_world());
    scene.run(map_file(0, 2, read_only, prepared_file, 0));
    EXPECT_EQ(scene.stages(), "prepare allocation");
    scene.run(map_file(2, 2, read_only, prepared_file, 2));
    EXPECT_EQ(scene.stages(), "prepare merge");
    scene.run(map_file(4, 1, read_only, mmap_file, 4));
    EXPECT_EQ(scene.stages(), "allocation hook");
    scene.run(map_file(5, 1, read_only, mmap_file, 5));
    EXPECT_EQ(scene.stages(), "merge");
    EXPECT_EQ(scene.picture(), "aaaabb..");
}

TEST(mmap, gives_each_shared_anonymous_mapping_an_object_of_its_own) {
    Scene scene(linux_world());
    Mmap shared = map_anon(0, 2, read_write);
    shared.sharing = Sharing::is_shared;
    scene.run(shared);
    EXPECT_EQ(scene.stages(), "allocation shmem");
    shared.range = pages(2, 2);
    shared.reserve = Reserve::noreserve;
    scene.run(shared);
    EXPECT_EQ(scene.picture(), "AABB....");
    EXPECT_EQ(scene.machine().objects, 2U);
    EXPECT_EQ(scene.machine().committed, 2U);
    scene.run(Munmap{pages(0, 1)});
    EXPECT_EQ(scene.machine().committed, 2U);
    scene.run(Munmap{pages(0, 3)});
    EXPECT_EQ(scene.machine().objects, 1U);
    EXPECT_EQ(scene.machine().committed, 0U);
}

TEST(mmap, takes_the_default_flag_of_memory_merge_early_or_late) {
    World world = linux_world();
    world.memory_merge = true;
    Scene scene(world);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(1, 1, read_write));
    scene.run(map_file(3, 1, read_only, mmap_file, 0));
    scene.run(map_file(4, 1, read_only, mmap_file, 1));
    scene.run(map_file(6, 1, read_only, prepared_file, 0));
    scene.run(map_file(7, 1, read_only, prepared_file, 1));
    EXPECT_EQ(scene.picture(), "AA.bc.dd");
    for (const AreaView& area : scene.view().areas) {
        EXPECT_TRUE(area.attributes.flags.has(Flag::mergeable));
    }
}

TEST(mmap, counts_writable_mappings_of_files) {
    World world = linux_world();
    world.files.push_back(file_with({true, false, false}));
    world.files[4].read_only = true;
    Scene scene(world);
    Mmap shared = map_file(0, 2, read_only, mmap_file, 0);
    shared.sharing = Sharing::is_shared;
    scene.run(shared);
    shared.range = pages(2, 2);
    shared.backing.file = FileId{5};
    scene.run(shared);
    EXPECT_EQ(scene.machine().files[0], (FileCounters{1, 1}));
    EXPECT_EQ(scene.machine().files[4], (FileCounters{1, 0}));
    shared.prot = read_write;
    EXPECT_EQ(scene.run(shared), Errno::eacces);
}

TEST(munmap, takes_any_pages_and_leaves_the_rest) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 3, read_write));
    scene.run(map_anon(4, 4, read_only));
    EXPECT_EQ(scene.run(Munmap{pages(2, 4)}), Errno::ok);
    EXPECT_EQ(scene.stages(), "split split detach clear");
    EXPECT_EQ(scene.picture(), "AA....bb");
    EXPECT_EQ(scene.run(Munmap{pages(2, 4)}), Errno::ok);
    EXPECT_EQ(scene.run(Munmap{pages(2, 0)}), Errno::einval);
    EXPECT_EQ(scene.run(Munmap{pages(2, 7)}), Errno::einval);
}

TEST(munmap, leaves_the_first_split_when_the_second_fails) {
    Scene scene(linux_world());
    scene.run(map_anon(0, 8, read_only));
    EXPECT_EQ(scene.run_failing(Munmap{pages(2, 3)}, failure_at(Stage::split, 2)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "aabbbbbb");
}

TEST(munmap, is_limited_only_where_it_cuts_an_area_in_two) {
    World world = linux_world();
    world.max_map_count = 2;
    Scene scene(world);
    scene.run(map_anon(0, 4, read_write));
    scene.run(map_anon(4, 4, read_only));
    EXPECT_EQ(scene.run(Munmap{pages(1, 1)}), Errno::enomem);
    EXPECT_EQ(scene.stages(), "");
    EXPECT_EQ(scene.run(Munmap{pages(3, 2)}), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAA..bbb");
}

TEST(munmap, closes_every_area_once_in_order) {
    Scene scene(linux_world());
    scene.run(map_file(0, 4, read_only, closing_file, 0));
    scene.run(Mprotect{pages(2, 2), no_access});
    EXPECT_EQ(scene.hooks(), "open 0+2");
    scene.run(Munmap{pages(1, 7)});
    EXPECT_EQ(scene.hooks(), "open 0+1 close 1+1 close 2+2");
    EXPECT_EQ(scene.machine().files[1].references, 1U);
}

TEST(canonical, a_failed_mapping_changes_nothing) {
    World world = world_of(canonical_profile, 8);
    world.files = {file_with({true, false, false}), file_with({true, false, true})};
    Scene scene(world);
    scene.run(map_anon(0, 8, read_only));
    const Mmap over = map_file(2, 3, read_write, 1, 0);
    for (const Stage stage : {Stage::split, Stage::charge, Stage::allocation, Stage::hook}) {
        EXPECT_EQ(scene.run_failing(over, failure_at(stage, 1)), Errno::enomem);
        EXPECT_EQ(scene.picture(), "aaaaaaaa");
        EXPECT_EQ(scene.machine().committed, 0U);
    }
    EXPECT_EQ(scene.run(over), Errno::ok);
    EXPECT_EQ(scene.stages(), "split split charge allocation hook");
    EXPECT_EQ(scene.picture(), "aaBBBccc");
    EXPECT_EQ(scene.run(map_file(6, 1, read_only, 2, 0)), Errno::declined);
}

TEST(canonical, a_mapping_merges_through_what_it_replaces) {
    Scene scene(world_of(canonical_profile, 8));
    scene.run(map_anon(0, 8, read_write));
    EXPECT_EQ(scene.run(map_anon(2, 3, read_write)), Errno::ok);
    EXPECT_EQ(scene.stages(), "split split");
    EXPECT_EQ(scene.picture(), "AAAAAAAA");
}

}  // namespace
}  // namespace vmacheck
