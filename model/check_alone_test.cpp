// Tests of the invariants of a target's own state: each of the list in check.h is shown to fire on
// a view that breaks it and nothing else.
#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "model/check.h"

namespace vmacheck {

namespace {

// Private anonymous memory, rw-, that nothing is charged for.
AreaView anonymous(std::uint64_t start, std::uint64_t count) {
    AreaView area;
    area.range = {{start}, {count}};
    area.attributes.pgoff = start;
    area.attributes.flags = read_write_flags | may_access_flags;
    return area;
}

AreaView of_file(std::uint64_t start, std::uint64_t count, std::uint32_t file) {
    AreaView area = anonymous(start, count);
    area.attributes.file = FileId{file};
    area.attributes.flags = area.attributes.flags | Flag::shared | Flag::may_share;
    return area;
}

// A view of these areas, each private memory or shared.
SpaceView view_of(std::vector<AreaView> areas) {
    SpaceView view;
    for (const AreaView& area : areas) {
        const std::uint64_t pages = area.range.count.value;
        view.counters.map_count += 1;
        view.counters.total += pages;
        if (!area.attributes.flags.has(Flag::shared)) view.counters.data += pages;
    }
    view.areas = std::move(areas);
    return view;
}

struct Seen {
    World world;
    std::vector<SpaceView> views;
    MachineView machine;

    // Space 0 with these areas, in a world of 8 pages.
    explicit Seen(std::vector<AreaView> areas, const Profile& profile = linux_6_18_profile)
        : views{view_of(std::move(areas))} {
        world.profile = &profile;
        world.pages = PageCount{8};
        world.files.resize(1);
        machine.files.resize(1);
    }
    AreaView& area(std::size_t index) { return views[0].areas.at(index); }
    [[nodiscard]] std::string_view broken() const {
        return name_of_broken(check_alone(world, views, machine));
    }
    [[nodiscard]] std::string_view broken_structure() const {
        return name_of_broken(check_structure(world, views[0]));
    }
    static std::string_view name_of_broken(const std::optional<Violation>& violation) {
        if (!violation) return "none";
        return invariant_names[static_cast<std::size_t>(violation->invariant)];
    }
};

void expect_structure(const std::vector<AreaView>& areas, std::string_view invariant) {
    EXPECT_EQ(Seen(areas).broken_structure(), invariant);
    EXPECT_EQ(Seen(areas).broken(), invariant);
}

}  // namespace

TEST(check_alone, finds_nothing_in_a_sound_view) {
    expect_structure({}, "none");
    expect_structure({anonymous(0, 2), anonymous(3, 5)}, "none");
}

TEST(check_alone, sees_areas_outside_of_the_world) {
    expect_structure({anonymous(7, 2)}, "inside_world");
    expect_structure({anonymous(9, 0)}, "inside_world");
}

TEST(check_alone, sees_empty_areas) {
    expect_structure({anonymous(0, 1), anonymous(3, 0)}, "not_empty");
}

TEST(check_alone, sees_areas_that_overlap_or_are_not_sorted) {
    expect_structure({anonymous(0, 3), anonymous(2, 2)}, "sorted_without_overlap");
    expect_structure({anonymous(4, 2), anonymous(0, 2)}, "sorted_without_overlap");
}

TEST(check_alone, sees_identities_out_of_bounds) {
    AreaView area = anonymous(0, 1);
    area.attributes.fault.value = identity_max;
    expect_structure({area}, "none");
    area.attributes.fault.value = identity_max + 1;
    expect_structure({area}, "identity_in_bounds");
    expect_structure({of_file(0, 1, identity_max + 1)}, "identity_in_bounds");
}

TEST(check_alone, says_where_an_invariant_is_broken) {
    const Seen seen({anonymous(0, 1), anonymous(6, 3)});
    const auto violation = check_structure(seen.world, seen.views[0]);
    ASSERT_TRUE(violation.has_value());
    EXPECT_TRUE(violation->where == (PageRange{{6}, {3}}));
}

TEST(check_alone, sees_unfaulted_memory_with_a_foreign_offset) {
    Seen seen({anonymous(2, 1)});
    seen.world.profile = &linux_7_3_profile;
    seen.area(0).attributes.pgoff = 1;
    EXPECT_EQ(seen.broken(), "anonymous_offset");
    seen.area(0).attributes.fault = FaultId{1};
    EXPECT_EQ(seen.broken(), "none");
    // In a child it may be what is left of a page that was written to.
    seen.area(0).attributes.fault = FaultId{};
    seen.views.insert(seen.views.begin(), SpaceView{});
    EXPECT_EQ(seen.broken(), "none");
    seen.views.erase(seen.views.begin());
    EXPECT_EQ(seen.broken(), "anonymous_offset");
    // The old place of a move may keep its offset there.
    seen.area(0).attributes.fault = FaultId{};
    seen.world.profile = &linux_6_18_profile;
    EXPECT_EQ(seen.broken(), "none");
}

TEST(check_alone, sees_shared_memory_with_a_fault_identity) {
    Seen seen({of_file(0, 2, 2)});
    seen.machine.objects = 1;
    EXPECT_EQ(seen.broken(), "none");
    seen.area(0).attributes.fault = FaultId{1};
    EXPECT_EQ(seen.broken(), "shared_unfaulted");
}

TEST(check_alone, sees_access_that_is_not_permitted) {
    for (const Flag may : {Flag::may_read, Flag::may_write}) {
        Seen seen({anonymous(0, 1)});
        seen.area(0).attributes.flags = seen.area(0).attributes.flags.without(may);
        EXPECT_EQ(seen.broken(), "access_permitted");
    }
}

TEST(check_alone, sees_a_userfaultfd_without_a_mode_and_a_mode_without_one) {
    Seen seen({anonymous(0, 1)});
    seen.area(0).attributes.uffd = UffdContext::b;
    EXPECT_EQ(seen.broken(), "uffd_has_modes");
    seen.area(0).attributes.flags = seen.area(0).attributes.flags | Flag::uffd_wp;
    EXPECT_EQ(seen.broken(), "none");
    seen.area(0).attributes.uffd = UffdContext::none;
    EXPECT_EQ(seen.broken(), "uffd_has_modes");
}

TEST(check_alone, sees_neighbours_that_could_be_one_where_areas_are_maximal) {
    const std::vector<AreaView> neighbours = {anonymous(0, 2), anonymous(2, 1)};
    EXPECT_EQ(Seen(neighbours, canonical_profile).broken(), "maximal");
    EXPECT_EQ(Seen(neighbours, linux_6_18_profile).broken(), "none");
    const std::vector<AreaView> apart = {anonymous(0, 2), anonymous(3, 1)};
    EXPECT_EQ(Seen(apart, canonical_profile).broken(), "none");
}

TEST(check_alone, sees_counters_that_are_not_the_sum_of_the_areas) {
    for (std::uint64_t SpaceCounters::*const counter :
         {&SpaceCounters::map_count, &SpaceCounters::total, &SpaceCounters::data,
          &SpaceCounters::exec}) {
        Seen seen({anonymous(0, 2)});
        seen.views[0].counters.*counter += 1;
        EXPECT_EQ(seen.broken(), "counters");
    }
    Seen seen({anonymous(0, 2)});
    seen.area(0).attributes.flags = Flag::exec | may_access_flags;
    seen.views[0].counters = {1, 2, 0, 2};
    EXPECT_EQ(seen.broken(), "none");
}

TEST(check_alone, sees_counters_of_files_that_are_not_the_sum_of_the_areas) {
    Seen seen({of_file(0, 2, 1)});
    seen.machine.files[0] = {1, 1};
    EXPECT_EQ(seen.broken(), "none");
    seen.machine.files[0] = {2, 1};
    EXPECT_EQ(seen.broken(), "counters");
    seen.machine.files[0] = {1, 0};
    EXPECT_EQ(seen.broken(), "counters");
}

// What the objects behind shared anonymous memory are charged is not to be seen in the areas.
TEST(check_alone, sees_a_commit_charge_that_the_areas_do_not_explain) {
    const Profile* const exact =
        find_profile("linux-7.3,stack_charge:accounted,source_charge:returned");
    ASSERT_NE(exact, nullptr);
    Seen seen({anonymous(0, 2)}, *exact);
    seen.area(0).attributes.flags = seen.area(0).attributes.flags | Flag::account;
    EXPECT_EQ(seen.broken(), "counters");
    seen.machine.committed = 2;
    EXPECT_EQ(seen.broken(), "none");
    seen.machine.committed = 3;
    EXPECT_EQ(seen.broken(), "counters");
    seen.machine.objects = 1;
    EXPECT_EQ(seen.broken(), "none");
    seen.machine.committed = 1;
    EXPECT_EQ(seen.broken(), "counters");
}

// In the profiles of Linux some charges are never given back.
TEST(check_alone, takes_a_charge_that_may_have_stayed) {
    Seen seen({anonymous(0, 2)});
    seen.area(0).attributes.flags = seen.area(0).attributes.flags | Flag::account;
    seen.machine.committed = 3;
    EXPECT_EQ(seen.broken(), "none");
    seen.machine.committed = 1;
    EXPECT_EQ(seen.broken(), "counters");
}

TEST(check_alone, sees_keys_that_nobody_has_allocated) {
    AreaView area = anonymous(0, 1);
    area.attributes.flags = area.attributes.flags | flags_of_pkey(1);
    Seen seen({area});
    EXPECT_EQ(seen.broken(), "pkey_allocated");
    seen.world.pkeys = 2;
    EXPECT_EQ(seen.broken(), "none");
    // The next one is that of execute-only memory alone.
    seen.world.pkeys = 1;
    EXPECT_EQ(seen.broken(), "pkey_allocated");
}

}  // namespace vmacheck
