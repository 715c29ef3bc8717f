// Whatever comes in, and whatever is drawn, a mutated program keeps the limits.
#include "search/mutate_limits.h"

#include <gtest/gtest.h>

#include "model/binary.h"
#include "model/text.h"
#include "search/mutate.h"

namespace vmacheck {
namespace {

std::string text_of(const Candidate& program) {
    return print_program(program_of(program.world, program.steps));
}

void expect_limits(const Candidate& program, const MutateLimits& limits) {
    EXPECT_LE(program.steps.size(), limits.steps_max);
    EXPECT_LE(program.world.pages, limits.pages_max);
    EXPECT_GE(program.world.pages, PageCount{1});
    EXPECT_LE(program.world.files.size(), limits.files_max);
    const auto misfit = binary_misfit(program.world, program.steps);
    EXPECT_FALSE(misfit) << *misfit << '\n' << text_of(program);
    const auto parsed = parse_program(text_of(program));
    const auto* const read = std::get_if<Program>(&parsed);
    ASSERT_NE(read, nullptr) << text_of(program);
    EXPECT_EQ(*read, program_of(program.world, program.steps));
}

// Numbers that bytes can hold, and that lie anywhere but in the world.
Candidate wild_program(std::uint64_t pages, std::size_t steps) {
    RandomSource source(17, pages);
    Candidate program;
    program.world.pages.value = pages;
    program.world.max_map_count = static_cast<std::uint32_t>(source.below(3));
    for (std::size_t at = 0; at < steps; ++at) {
        Step step;
        const PageRange range{Page{source.below(256)}, PageCount{source.below(256)}};
        switch (source.below(4)) {
            case 0: step.op = Touch{range, Access::write}; break;
            case 1: step.op = Fork{SpaceId{3}}; break;
            case 2: step.op = Madvise{range, Advice::dontfork}; break;
            default: step.op = Mmap{range, {}, {}, Sharing::is_shared, Placement::fixed, {}}; break;
        }
        step.space.value = static_cast<std::uint8_t>(source.below(space_count_max));
        step.failure = {Failure::Kind::at_any, Stage::split, binary_failure_k_max};
        program.steps.push_back(step);
    }
    return program;
}

TEST(mutate_limits, keeps_the_limits_of_the_worst_programs) {
    const MutateLimits narrow{.steps_max = 1, .pages_max = PageCount{1}, .files_max = 0};
    const MutateLimits none{.steps_max = 0};
    for (const MutateLimits& limits : {MutateLimits{}, narrow, none}) {
        Mutator mutator(limits);
        for (const std::uint64_t pages : {1U, 2U, 255U}) {
            for (const std::size_t steps : {1U, 64U, 100U}) {
                Candidate program = wild_program(pages, steps);
                RandomSource source(19, steps);
                for (int round = 0; round < 300; ++round) {
                    mutator.mutate(program, source);
                    if (round % 8 == 0) mutator.cross_over(program, wild_program(9, 40), source);
                    expect_limits(program, limits);
                }
            }
        }
    }
}

// Sources that give one choice for ever.
TEST(mutate_limits, comes_to_an_end_whatever_the_choices_are) {
    class Constant final : public Source {
      public:
        explicit Constant(bool last) : last_(last) {}
        [[nodiscard]] std::uint64_t below(std::uint64_t count) override {
            return last_ ? count - 1 : 0;
        }

      private:
        bool last_;
    };
    for (const bool last : {false, true}) {
        Constant source(last);
        Mutator mutator({});
        Candidate program;
        for (int round = 0; round < 200; ++round) {
            mutator.mutate(program, source);
            mutator.cross_over(program, wild_program(64, 64), source);
            expect_limits(program, {});
        }
    }
}

TEST(mutate_limits, drops_areas_that_a_smaller_world_or_a_lost_file_cannot_hold) {
    const auto parsed = parse_program(
        "vma 1\n"
        "world pages=8 profile=linux-6.18\n"
        "file a driver=mmap pages=16\n"
        "area 0+2 rw- anon private\n"
        "area 2+2 rw- file=a@0 private\n"
        "area 6+2 rw- anon private\n"
        "munmap 0+1\n");
    ASSERT_TRUE(std::holds_alternative<Program>(parsed));
    Candidate program{std::get<Program>(parsed).world, std::get<Program>(parsed).steps()};
    fit(program, {.pages_max = PageCount{7}, .files_max = 0});
    ASSERT_EQ(program.world.areas.size(), 1U);
    EXPECT_EQ(program.world.areas[0].range, (PageRange{Page{0}, PageCount{2}}));
}

TEST(mutate_limits, gives_every_program_the_profile_that_is_fixed) {
    Mutator mutator({.profile = &canonical_profile});
    RandomSource source(23, 0);
    Candidate program;
    for (int round = 0; round < 100; ++round) {
        mutator.mutate(program, source);
        ASSERT_EQ(program.world.profile, &canonical_profile);
    }
}

TEST(mutate_limits, have_offsets_at_both_ends_of_a_file) {
    EXPECT_EQ(nearest_stored_offset(7), 7U);
    EXPECT_EQ(nearest_stored_offset(0xff00), 0xfeffU);
    EXPECT_EQ(nearest_stored_offset(file_pages_max - 256), file_pages_max - 255);
    EXPECT_EQ(nearest_stored_offset(file_pages_max - 255), file_pages_max - 255);
    EXPECT_EQ(nearest_stored_offset(page_number_max), file_pages_max);
}

// The names of one letter may be taken, and those that are too long or there already go.
TEST(mutate_limits, give_every_file_a_name_of_its_own) {
    Candidate program;
    for (const char* const name : {"b", "a", "a", "", "a_name_of_13_"}) {
        program.world.files.push_back({name, {.mmap = true}, PageCount{1}, false});
    }
    fit(program, {});
    std::string names;
    for (const File& file : program.world.files) names += file.name + " ";
    EXPECT_EQ(names, "b a c d e ");
}

}  // namespace
}  // namespace vmacheck
