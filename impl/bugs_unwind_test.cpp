// The seeded bugs of references, counters and unwinding that are not in bugs_switch_test.cpp, each
// reached by about the shortest program that shows it.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "impl/bugs.h"
#include "impl/scene.h"

namespace vmacheck {
namespace {

constexpr Driver prepares{.mmap_prepare = true};
constexpr Driver prepares_other{.mmap_prepare = true, .set_file = true};

class SeededUnwindBug : public testing::Test {
  public:
    ~SeededUnwindBug() override { disable_bugs(); }

    // An empty world with the rules that the bug is a mistake in, and without `verify`: a bug in
    // the counters would end in a CHECK.
    Scene& scene_with(Bug bug, const std::vector<Driver>& drivers = {},
                      std::vector<InitialArea> areas = {}) {
        World world = world_of(profile_with_bug(bug), 8);
        for (const Driver& driver : drivers) world.files.push_back(file_with(driver));
        world.areas = std::move(areas);
        scene_.emplace(world, ImplOptions{false});
        disable_bugs();
        EXPECT_TRUE(enable_bug(bug));
        bug_ = bug;
        return *scene_;
    }
    [[nodiscard]] bool reached() const { return bug_reached(bug_) > 0; }

  private:
    std::optional<Scene> scene_;
    Bug bug_ = Bug::leak;
};

Failure at(Stage stage) {
    return {Failure::Kind::at_stage, stage, 1};
}
std::uint64_t references(const Scene& scene, std::size_t file) {
    return scene.machine().files[file - 1].references;
}

TEST_F(SeededUnwindBug, puts_original_file_after_hook_swapped_it) {
    const Driver hooks{.mmap = true, .dont_dump = true, .set_file = true};
    InitialArea first{pages(0, 1), {}};
    first.attributes.flags = may_access_flags | Flag::read | Flag::dont_dump;
    first.attributes.file = FileId{1};
    Scene& scene =
        scene_with(Bug::puts_original_file_after_hook_swapped_it, {hooks, {.mmap = true}}, {first});
    EXPECT_EQ(scene.run(map_file(1, 1, read_only, 1, 1)), Errno::ok);
    EXPECT_EQ(scene.picture(), "aa......");
    EXPECT_EQ(references(scene, 1), 0U);
    EXPECT_EQ(references(scene, 2), 1U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, set_file_leaks_on_failure) {
    Scene& scene = scene_with(Bug::set_file_leaks_on_failure, {prepares_other, prepares});
    const Mmap mmap = map_file(0, 1, read_only, 1, 0);
    EXPECT_EQ(scene.run_failing(mmap, at(Stage::allocation)), Errno::enomem);
    EXPECT_EQ(references(scene, 2), 1U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, driver_adds_flag_after_merge_compare) {
    Scene& scene = scene_with(Bug::driver_adds_flag_after_merge_compare,
                              {{.mmap_prepare = true, .dont_dump = true}});
    scene.run(map_file(0, 1, read_only, 1, 0));
    scene.run(map_file(1, 1, read_only, 1, 1));
    EXPECT_EQ(scene.picture(), "ab......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, dontunmap_accounting_hits_neighbour) {
    Scene& scene = scene_with(Bug::dontunmap_accounting_hits_neighbour);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(4, 2, read_write));
    const Mremap move{pages(0, 1), pages(6, 1), Moving::fixed, OldPlace::dont_unmap};
    EXPECT_EQ(scene.run(move), Errno::ok);
    EXPECT_EQ(scene.picture(), "A...BBB.");
    EXPECT_EQ(scene.machine().committed, 6U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, merge_size_underflow) {
    Scene& scene = scene_with(Bug::merge_size_underflow);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(2, 2, read_write));
    scene.run(map_anon(1, 1, read_write));
    EXPECT_EQ(scene.picture(), "AAAA....");
    EXPECT_EQ(scene.view().counters.total, 2U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, unlocks_whole_vma_for_partial_move) {
    Scene& scene = scene_with(Bug::unlocks_whole_vma_for_partial_move);
    scene.run(map_anon(0, 3, read_write));
    scene.run(Mlock{pages(0, 3), LockMode::on_fault});
    const Mremap move{pages(1, 1), pages(6, 1), Moving::fixed, OldPlace::dont_unmap};
    EXPECT_EQ(scene.run(move), Errno::ok);
    EXPECT_EQ(scene.picture(), "AAA...B.");
    EXPECT_FALSE(scene.view().areas[0].attributes.flags.has(Flag::locked));
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, fork_copy_failure_exposes_partial_tree) {
    Scene& scene = scene_with(Bug::fork_copy_failure_exposes_partial_tree);
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_anon(2, 1, read_write));
    const Failure second{Failure::Kind::at_stage, Stage::allocation, 2};
    EXPECT_EQ(scene.run_failing(Fork{SpaceId{1}}, second), Errno::enomem);
    ASSERT_TRUE(scene.has_space(SpaceId{1}));
    EXPECT_EQ(scene.picture_of(SpaceId{1}), "A.......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, iterator_not_reset_after_merge_oom) {
    Scene& scene = scene_with(Bug::iterator_not_reset_after_merge_oom);
    scene.run(map_anon(0, 3, read_write));
    scene.run(UffdRegister{pages(1, 1), Uffd::a, UffdMode::missing});
    scene.run(UffdRegister{pages(2, 1), Uffd::a, UffdMode::wp});
    EXPECT_EQ(scene.run_failing(UffdClose{Uffd::a}, at(Stage::merge)), Errno::ok);
    EXPECT_EQ(scene.picture(), "ABC.....");
    EXPECT_EQ(scene.view().areas[1].attributes.uffd, UffdContext::none);
    EXPECT_EQ(scene.view().areas[2].attributes.uffd, UffdContext::a);
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, mremap_error_after_clearing_target) {
    Scene& scene = scene_with(Bug::mremap_error_after_clearing_target);
    scene.run(map_anon(4, 1, read_write));
    const Mremap move{pages(0, 2), pages(4, 1), Moving::fixed, OldPlace::unmap};
    EXPECT_EQ(scene.run(move), Errno::efault);
    EXPECT_EQ(scene.picture(), "........");
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, mremap_unchecked_unmap) {
    Scene& scene = scene_with(Bug::mremap_unchecked_unmap);
    scene.run(map_anon(0, 2, read_write));
    const Mremap move{pages(0, 2), pages(4, 1), Moving::fixed, OldPlace::unmap};
    EXPECT_EQ(scene.run_failing(move, at(Stage::split)), Errno::ok);
    EXPECT_EQ(scene.picture(), ".A..B...");
    EXPECT_TRUE(reached());
}

TEST_F(SeededUnwindBug, range_walk_ends_with_null_cursor) {
    Scene& scene = scene_with(Bug::range_walk_ends_with_null_cursor, {prepares});
    Mmap shared = map_file(0, 2, read_only, 1, 0);
    shared.sharing = Sharing::is_shared;
    scene.run(shared);
    EXPECT_EQ(scene.run(RemapFilePages{pages(0, 1), {3}}), Errno::einval);
    scene.run(map_anon(4, 1, read_write));
    EXPECT_EQ(scene.run(RemapFilePages{pages(0, 1), {3}}), Errno::ok);
    EXPECT_TRUE(reached());
}

using SeededUnwindBugDeathTest = SeededUnwindBug;

TEST_F(SeededUnwindBugDeathTest, brk_assumes_heap_vma_exists) {
    Scene& scene = scene_with(Bug::brk_assumes_heap_vma_exists);
    scene.run(Brk{Page{2}});
    scene.run(Munmap{pages(0, 2)});
    EXPECT_DEATH(scene.run(Brk{Page{1}}), "CHECK failed");
}

}  // namespace
}  // namespace vmacheck
