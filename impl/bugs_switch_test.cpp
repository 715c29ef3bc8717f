// Each seeded bug, reached by about the shortest program that shows it, and what it does wrong
// there.
#include <gtest/gtest.h>

#include "impl/bugs.h"
#include "impl/scene.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define WITH_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define WITH_ADDRESS_SANITIZER 0
#endif

namespace vmacheck {
namespace {

World linux_world() {
    World world = world_of(linux_6_18_profile, 8);
    world.files = {file_with({true, false, false}), file_with({true, false, true})};
    return world;
}
constexpr std::uint32_t plain_file = 1;
constexpr std::uint32_t closing_file = 2;

constexpr Prot all_access{Flag::read | Flag::write | Flags(Flag::exec)};

// Without `verify`: a bug in the counters would end in a CHECK.
class SeededBug : public testing::Test {
  public:
    SeededBug() : scene(linux_world(), ImplOptions{false}) {}
    ~SeededBug() override { disable_bugs(); }

    // From here on the bug is in.
    void seed(Bug seeded) {
        disable_bugs();
        ASSERT_TRUE(enable_bug(seeded));
        bug = seeded;
    }
    [[nodiscard]] bool reached() const { return bug_reached(bug) > 0; }

    Scene scene;
    Bug bug = Bug::leak;
};

TEST_F(SeededBug, merge_down_keeps_old_pgoff) {
    scene.run(map_file(4, 2, read_only, plain_file, 4));
    seed(Bug::merge_down_keeps_old_pgoff);
    scene.run(map_file(3, 1, read_only, plain_file, 3));
    EXPECT_EQ(scene.view().areas[0].attributes.pgoff, 4U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, case8_skips_attribute_update) {
    scene.run(map_anon(0, 2, read_only));
    scene.run(Madvise{pages(1, 1), Advice::dontdump});
    seed(Bug::case8_skips_attribute_update);
    scene.run(Madvise{pages(0, 1), Advice::dontdump});
    EXPECT_EQ(scene.picture(), "aa......");
    EXPECT_FALSE(scene.view().areas[0].attributes.flags.has(Flag::dont_dump));
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, loop_cursor_stale_after_merge_with_next) {
    scene.run(map_file(0, 3, read_write, plain_file, 0));
    scene.run(Mprotect{pages(1, 1), read_only});
    seed(Bug::loop_cursor_stale_after_merge_with_next);
    EXPECT_EQ(scene.run(Mprotect{pages(0, 3), read_only}), Errno::enomem);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, faulted_unfaulted_never_merge) {
    scene.run(map_anon(0, 1, read_write));
    scene.run(Touch{pages(0, 1), Access::write});
    seed(Bug::faulted_unfaulted_never_merge);
    scene.run(map_anon(1, 1, read_write));
    EXPECT_EQ(scene.picture(), "AB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, singular_chain_of_either_side) {
    Scene older(world_of(linux_6_12_profile, 8), ImplOptions{true});
    older.run(map_anon(0, 2, read_write));
    older.run(Madvise{pages(1, 1), Advice::dontdump});
    older.run(Touch{pages(0, 1), Access::write});
    seed(Bug::singular_chain_of_either_side);
    older.run(Madvise{pages(0, 1), Advice::dontdump});
    EXPECT_EQ(older.picture(), "AA......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, prev_is_wrong_when_range_starts_inside) {
    scene.run(map_file(0, 1, read_only, plain_file, 0));
    scene.run(map_file(1, 2, no_access, plain_file, 1));
    seed(Bug::prev_is_wrong_when_range_starts_inside);
    EXPECT_EQ(scene.run(Mprotect{pages(2, 1), read_only}), Errno::ok);
    EXPECT_EQ(scene.picture(), "aaa.....");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, split_keeps_parent_offset) {
    scene.run(map_file(0, 3, read_only, plain_file, 0));
    seed(Bug::split_keeps_parent_offset);
    scene.run(Munmap{pages(0, 1)});
    EXPECT_EQ(scene.view().areas[0].attributes.pgoff, 0U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, default_flag_set_after_merge_check) {
    World world = linux_world();
    world.memory_merge = true;
    Scene other(world, ImplOptions{true});
    seed(Bug::default_flag_set_after_merge_check);
    other.run(map_anon(0, 1, read_write));
    other.run(map_anon(1, 1, read_write));
    EXPECT_EQ(other.picture(), "AB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, real_error_overwritten) {
    World world = linux_world();
    world.files[0].read_only = true;
    Scene other(world, ImplOptions{true});
    Mmap shared = map_file(0, 1, read_only, plain_file, 0);
    shared.sharing = Sharing::is_shared;
    other.run(shared);
    seed(Bug::real_error_overwritten);
    EXPECT_EQ(other.run(Mprotect{pages(0, 1), read_write}), Errno::enomem);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, late_failure_after_driver_hook) {
    scene.run(map_anon(0, 3, read_only));
    seed(Bug::late_failure_after_driver_hook);
    EXPECT_EQ(scene.run_failing(map_anon(1, 1, read_write), failure_at(Stage::charge, 1)),
              Errno::enomem);
    EXPECT_EQ(scene.picture(), "a.b.....");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, removes_vma_that_has_close_hook) {
    scene.run(map_file(0, 2, read_only, closing_file, 0));
    scene.run(Mprotect{pages(0, 1), no_access});
    seed(Bug::removes_vma_that_has_close_hook);
    scene.run(Mprotect{pages(1, 1), no_access});
    EXPECT_EQ(scene.picture(), "aa......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, munmap_failure_leaves_detached_and_counters) {
    scene.run(map_anon(0, 2, read_write));
    scene.run(map_anon(2, 2, read_only));
    seed(Bug::munmap_failure_leaves_detached_and_counters);
    EXPECT_EQ(scene.run_failing(Munmap{pages(0, 3)}, failure_at(Stage::split, 1)), Errno::enomem);
    EXPECT_EQ(scene.picture(), "..aa....");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, close_called_twice_or_not_at_all) {
    seed(Bug::close_called_twice_or_not_at_all);
    scene.run_failing(map_file(0, 1, read_only, closing_file, 0), failure_at(Stage::hook, 1));
    EXPECT_EQ(scene.hooks(), "mmap 0+1 close 0+1");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uncharges_what_was_never_charged) {
    scene.run(map_anon(4, 2, read_write));
    seed(Bug::uncharges_what_was_never_charged);
    scene.run_failing(map_anon(0, 1, read_only), failure_at(Stage::allocation, 1));
    EXPECT_EQ(scene.machine().committed, 1U);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, error_path_returns_zero) {
    scene.run(map_anon(0, 1, read_only));
    seed(Bug::error_path_returns_zero);
    EXPECT_EQ(scene.run_failing(map_anon(0, 1, read_write), failure_at(Stage::allocation, 1)),
              Errno::ok);
    EXPECT_EQ(scene.picture(), "........");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, map_over_partial_overlap_drops_remainder) {
    scene.run(map_anon(0, 3, read_only));
    seed(Bug::map_over_partial_overlap_drops_remainder);
    scene.run(map_anon(1, 1, all_access));
    EXPECT_EQ(scene.picture(), "aB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uffd_context_not_compared) {
    scene.run(map_anon(0, 2, read_write));
    scene.run(UffdRegister{pages(0, 1), Uffd::a, UffdMode::missing});
    seed(Bug::uffd_context_not_compared);
    scene.run(UffdRegister{pages(1, 1), Uffd::b, UffdMode::missing});
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uffd_unregister_leaves_modes) {
    scene.run(map_anon(0, 1, read_write));
    scene.run(UffdRegister{pages(0, 1), Uffd::a, UffdMode::wp});
    seed(Bug::uffd_unregister_leaves_modes);
    scene.run(UffdUnregister{pages(0, 1), Uffd::a});
    EXPECT_TRUE(scene.view().areas[0].attributes.flags.has(Flag::uffd_wp));
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uffd_checks_first_area_alone) {
    scene.run(map_anon(0, 1, read_write));
    scene.run(map_file(1, 1, read_write, plain_file, 0));
    seed(Bug::uffd_checks_first_area_alone);
    EXPECT_EQ(scene.run(UffdRegister{pages(0, 2), Uffd::a, UffdMode::wp}), Errno::ok);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uffd_close_never_merges) {
    scene.run(map_anon(0, 2, read_write));
    scene.run(UffdRegister{pages(0, 1), Uffd::a, UffdMode::wp});
    seed(Bug::uffd_close_never_merges);
    scene.run(UffdClose{Uffd::a});
    EXPECT_EQ(scene.picture(), "AB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, uffd_clear_fails_without_merge) {
    scene.run(map_anon(0, 2, read_write));
    scene.run(UffdRegister{pages(0, 1), Uffd::a, UffdMode::wp});
    seed(Bug::uffd_clear_fails_without_merge);
    const UffdUnregister op{pages(0, 1), Uffd::a};
    EXPECT_EQ(scene.run_failing(op, failure_at(Stage::merge, 1)), Errno::enomem);
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, sticky_flag_lost_in_merge) {
    scene.run(map_anon(0, 1, read_only));
    scene.run(map_anon(1, 1, read_write));
    scene.run(Madvise{pages(1, 1), Advice::guard_install});
    seed(Bug::sticky_flag_lost_in_merge);
    scene.run(Mprotect{pages(0, 1), read_write});
    EXPECT_EQ(scene.picture(), "AA......");
    EXPECT_FALSE(scene.view().areas[0].attributes.flags.has(Flag::maybe_guard));
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, sticky_flag_keeps_areas_apart) {
    scene.run(map_anon(0, 1, read_write));
    scene.run(Madvise{pages(0, 1), Advice::guard_install});
    seed(Bug::sticky_flag_keeps_areas_apart);
    scene.run(map_anon(1, 1, read_write));
    EXPECT_EQ(scene.picture(), "AB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, guard_install_splits) {
    scene.run(map_anon(0, 2, read_write));
    seed(Bug::guard_install_splits);
    scene.run(Madvise{pages(0, 1), Advice::guard_install});
    EXPECT_EQ(scene.picture(), "AB......");
    EXPECT_TRUE(reached());
}

TEST_F(SeededBug, unmapping_leaves_guards) {
    scene.run(map_anon(0, 1, read_write));
    scene.run(Madvise{pages(0, 1), Advice::guard_install});
    seed(Bug::unmapping_leaves_guards);
    scene.run(map_anon(0, 1, read_write));
    EXPECT_EQ(scene.run(Touch{pages(0, 1)}), Errno::efault);
    EXPECT_TRUE(reached());
}

using SeededBugDeathTest = SeededBug;

TEST_F(SeededBugDeathTest, crash_on_three_way_merge) {
    scene.run(map_anon(0, 1, read_only));
    scene.run(map_anon(2, 1, read_only));
    seed(Bug::crash_on_three_way_merge);
    EXPECT_DEATH(scene.run(map_anon(1, 1, read_only)), "CHECK failed");
}

#if WITH_ADDRESS_SANITIZER
TEST_F(SeededBugDeathTest, out_of_bounds_write) {
    scene.run(map_anon(0, 2, read_only));
    seed(Bug::out_of_bounds_write);
    EXPECT_DEATH(scene.run(Munmap{pages(0, 1)}), "heap-buffer-overflow");
}
#else
TEST_F(SeededBug, out_of_bounds_write) {
    scene.run(map_anon(0, 2, read_only));
    seed(Bug::out_of_bounds_write);
    EXPECT_EQ(scene.run(Munmap{pages(0, 1)}), Errno::ok);
    EXPECT_TRUE(reached());
}
// Where LeakSanitizer is, it would see this at the end of all tests.
TEST_F(SeededBug, leak) {
    seed(Bug::leak);
    EXPECT_EQ(scene.run(Munmap{pages(0, 1)}), Errno::ok);
    EXPECT_TRUE(reached());
}
#endif

}  // namespace
}  // namespace vmacheck
