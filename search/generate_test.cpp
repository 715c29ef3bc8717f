// The generator and the plain driver: deterministic, and they reach what they must.
#include "search/generate.h"

#include <gtest/gtest.h>

#include "impl/impl_target.h"
#include "model/text.h"
#include "search/soak.h"

namespace vmacheck {
namespace {

std::string drawn_text(std::uint64_t seed, std::uint64_t program) {
    const Generator generator(full_alphabet(), linux_6_18_profile, world_pages_default);
    RandomSource source(seed, program);
    Swarm swarm;
    generator.draw_swarm(source, swarm);
    std::vector<Step> steps;
    for (std::uint64_t i = 0; i < swarm.length; ++i) {
        steps.push_back(generator.draw_step(source, swarm, nullptr));
    }
    return print_program(program_of(swarm.world, steps));
}

TEST(generator, draws_the_same_program_from_the_same_choices) {
    EXPECT_EQ(drawn_text(1, 5), drawn_text(1, 5));
    EXPECT_NE(drawn_text(1, 5), drawn_text(1, 6));
    EXPECT_NE(drawn_text(1, 5), drawn_text(2, 5));
}

TEST(generator, makes_a_program_of_any_bytes) {
    const Generator generator(full_alphabet(), linux_6_18_profile, world_pages_default);
    const std::vector<std::uint8_t> bytes(300, 0xff);
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
        BytesSource source(bytes.data(), size);
        Swarm swarm;
        generator.draw_swarm(source, swarm);
        ASSERT_GE(swarm.length, 1U);
        ASSERT_LE(swarm.length, steps_per_program_max);
        const Step step = generator.draw_step(source, swarm, nullptr);
        const std::string text = print_program(program_of(swarm.world, {step}));
        EXPECT_TRUE(std::holds_alternative<Program>(parse_program(text))) << text;
    }
}

// Who else runs, and what ran before, changes nothing about a program.
TEST(soak, runs_program_i_alike_alone_and_in_a_row) {
    const auto first_steps = [](std::uint64_t from, std::uint64_t program) {
        ImplTarget target(ImplOptions{.verify = true});
        Soak soak({.seed = 3}, target, nullptr);
        for (std::uint64_t i = from; i < program; ++i) EXPECT_FALSE(soak.run(i));
        const std::uint64_t before = soak.lockstep().step_count();
        EXPECT_FALSE(soak.run(program));
        return soak.lockstep().step_count() - before;
    };
    EXPECT_EQ(first_steps(0, 40), first_steps(40, 40));
}

struct Scope {
    const Profile* profile;
    const Alphabet* alphabet;
};

class RequiredCases : public testing::TestWithParam<Scope> {};

// As many steps as a run must have made to be held to what it has not seen.
TEST_P(RequiredCases, happen_and_nothing_is_found) {
    const auto [profile, alphabet] = GetParam();
    ImplTarget target(ImplOptions{.verify = true});
    Soak soak({.seed = 1, .alphabet = alphabet, .profile = profile}, target, nullptr);
    for (std::uint64_t i = 0; soak.lockstep().step_count() < steps_for_most_cases; ++i) {
        const std::optional<SoakFind> find = soak.run(i);
        ASSERT_FALSE(find) << bucket_name(find->finding.bucket) << ": " << find->finding.what;
    }
    for (CaseId id = 0; id < case_count; ++id) {
        if (!case_expected(id, *profile, steps_for_most_cases) || !alphabet_allows(*alphabet, id))
            continue;
        EXPECT_GT(soak.lockstep().cases().counts()[id], 0U) << case_name(id);
    }
}

// A run of a minute, which no test has the time for, has to come back from every stage.
TEST(cases, expect_more_of_a_longer_run) {
    const CaseId rare = case_id(op_index<HomeNode>(), unwind_case(Stage::may_split));
    const CaseId rarer = case_id(op_index<Brk>(), CaseKind::refused_offset);
    const CaseId often = case_id(op_index<Mmap>(), unwind_case(Stage::charge));
    const CaseId never = case_id(op_index<Munmap>(), unwind_case(Stage::hook));
    const Profile& profile = linux_6_18_profile;
    EXPECT_FALSE(case_expected(often, profile, steps_for_most_cases - 1));
    EXPECT_TRUE(case_expected(often, profile, steps_for_most_cases));
    EXPECT_FALSE(case_expected(rare, profile, steps_for_every_stage - 1));
    EXPECT_TRUE(case_expected(rare, profile, steps_for_every_stage));
    for (const CaseId id : {rarer, never})
        EXPECT_FALSE(case_expected(id, profile, steps_for_every_stage)) << case_name(id);
    std::size_t stages = 0;
    for (CaseId id = 0; id < case_count; ++id) {
        const bool later = case_expected(id, profile, steps_for_every_stage) &&
                           !case_expected(id, profile, steps_for_most_cases);
        stages += later ? 1U : 0U;
        if (later) {
            EXPECT_NE(case_name(id).find("/unwind/"), std::string::npos) << case_name(id);
        }
    }
    EXPECT_GT(stages, 5U);
}

INSTANTIATE_TEST_SUITE_P(scopes, RequiredCases,
                         testing::Values(Scope{&linux_6_18_profile, &full_alphabet()},
                                         Scope{&linux_6_18_profile, &core_alphabet()},
                                         Scope{&canonical_profile, &full_alphabet()},
                                         Scope{&canonical_profile, &core_alphabet()}));

// A case that a profile cannot show never happens there, else the table of cases lies.
TEST_P(RequiredCases, never_happen_where_they_are_impossible) {
    const auto [profile, alphabet] = GetParam();
    ImplTarget target(ImplOptions{.verify = false});
    Soak soak({.seed = 2, .alphabet = alphabet, .profile = profile}, target, nullptr);
    for (std::uint64_t i = 0; soak.lockstep().step_count() < 200000; ++i) ASSERT_FALSE(soak.run(i));
    for (CaseId id = 0; id < case_count; ++id) {
        if (case_possible(id, *profile) && alphabet_allows(*alphabet, id)) continue;
        EXPECT_EQ(soak.lockstep().cases().counts()[id], 0U) << case_name(id);
    }
}

}  // namespace
}  // namespace vmacheck
