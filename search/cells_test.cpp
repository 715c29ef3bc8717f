// A world of cells is the world of pages: generated programs, run with a cell a page and with the
// cells that they are cut into, reach the same.
#include "model/cells.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/claims.h"
#include "model/reference.h"
#include "model/text.h"
#include "search/generate.h"

namespace vmacheck {
namespace {

// What differs in the end, or nothing.
std::string difference(const Reference& paged, const Reference& cut) {
    Reference::Census expected;
    Reference::Census found;
    paged.count(expected);
    cut.count(found);
    if (!(expected.machine == found.machine)) return "counters of the machine";
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        if (paged.has_space(space) != cut.has_space(space)) return "spaces";
        if (!paged.has_space(space)) continue;
        if (!(expected.spaces[number] == found.spaces[number])) return "counters of a space";
        if (!(areas_of(paged, space) == areas_of(cut, space))) return "areas";
    }
    return "";
}

// Runs `steps` both ways; adds the mremaps that went well to `moves`.
void compare(const World& world, const std::vector<Step>& steps, std::size_t& moves) {
    Cases cases;
    Reference paged(cases);
    Reference cut(cases);
    paged.create(world, Cells(world.pages));
    cut.create(world, Cells(world, steps));
    ASSERT_LT(cut.layout().count(), paged.layout().count());
    StepLog paged_log;
    StepLog cut_log;
    for (const Step& step : steps) {
        const Errno expected = paged.apply(step, paged_log);
        ASSERT_EQ(cut.apply(step, cut_log), expected) << print_program(program_of(world, steps));
        moves += std::holds_alternative<Mremap>(step.op) && expected == Errno::ok ? 1U : 0U;
    }
    ASSERT_EQ(difference(paged, cut), "") << print_program(program_of(world, steps));
}

// A page of the generated program is so many here, of which no other step needs to cut any.
constexpr std::uint64_t wide = 67;
static_assert(world_pages_default.value * wide > cell_per_page_max.value);

PageRange widened(PageRange range) {
    return {Page{range.start.value * wide}, PageCount{range.count.value * wide}};
}

void compare_generated(const Profile& profile) {
    const Generator generator(full_alphabet(), profile, world_pages_default);
    std::size_t moves = 0;
    for (std::uint64_t program = 0; program < 1000 && !testing::Test::HasFatalFailure();
         ++program) {
        RandomSource source(1, program);
        Swarm swarm;
        generator.draw_swarm(source, swarm);
        for (InitialArea& area : swarm.world.areas) area.range = widened(area.range);
        std::vector<Step> steps;
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(swarm.length, 60); ++i) {
            steps.push_back(generator.draw_step(source, swarm, nullptr));
            for_each_range(steps.back().op, [](PageRange& range) { range = widened(range); });
        }
        swarm.world.pages.value *= wide;
        compare(swarm.world, steps, moves);
    }
    EXPECT_GT(moves, 100U);
}

TEST(cells, are_as_good_as_pages) {
    compare_generated(linux_6_18_profile);
}

TEST(cells, are_as_good_as_pages_in_a_canonical_world) {
    compare_generated(canonical_profile);
}

}  // namespace
}  // namespace vmacheck
