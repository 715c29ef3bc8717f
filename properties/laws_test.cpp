// Every law holds for impl in every profile, and every law can fail: a mistake that it is about
// breaks it. A law that never meets its interesting case does not pass either.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "impl/impl_target.h"
#include "properties/mutant_target.h"
#include "properties/run_law.h"

namespace vmacheck {
namespace {

std::unique_ptr<Target> make_impl() {
    return std::make_unique<ImplTarget>(ImplOptions{.verify = true});
}

TargetFactory mutant(Mistake mistake) {
    return [mistake] { return std::make_unique<MutantTarget>(make_impl(), mistake); };
}

LawOptions options_for(const Profile& profile, int cases) {
    LawOptions options;
    options.seed = 1;
    options.cases = cases;
    options.setting.profile = &profile;
    return options;
}

std::string identifier(std::string_view text) {
    std::string name(text);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

struct Case {
    const Law* law;
    const Profile* profile;
};

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const Law& law : all_laws()) {
        for (const Profile* const profile : all_profiles) cases.push_back({&law, profile});
    }
    return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return std::string(info.param.law->name) + "_in_" + identifier(info.param.profile->name);
}

class LawTest : public testing::TestWithParam<Case> {};

TEST_P(LawTest, holds) {
    const auto& [law, profile] = GetParam();
    LawSubject subject;
    subject.target = make_impl;
    const LawResult result = run_law(*law, subject, options_for(*profile, 300));
    EXPECT_TRUE(result.passed());
    std::cout << describe(*law, result);
}

INSTANTIATE_TEST_SUITE_P(laws, LawTest, testing::ValuesIn(all_cases()), name_of_case);

// The law is broken by the mistake, and not without it.
void expect_caught(std::string_view name, Mistake mistake, const Profile& profile) {
    const Law* const law = find_law(name);
    ASSERT_NE(law, nullptr) << name;
    LawSubject subject;
    subject.target = mutant(mistake);
    const LawResult result = run_law(*law, subject, options_for(profile, 400));
    EXPECT_EQ(result.outcome, LawOutcome::broken) << describe(*law, result);
    ASSERT_TRUE(result.counterexample.has_value());
    EXPECT_LE(result.counterexample->steps.size(), result.first_failure->steps.size());
    subject.target = mutant(Mistake::none);
    const LawResult good = run_law(*law, subject, options_for(profile, 400));
    EXPECT_TRUE(good.passed()) << describe(*law, good);
}

TEST(law, agreement_is_broken_by_a_lost_neighbour) {
    expect_caught("agrees_with_reference", Mistake::munmap_takes_neighbour, linux_6_18_profile);
    expect_caught("agrees_with_reference", Mistake::munmap_takes_neighbour, canonical_profile);
}

TEST(law, invariants_are_broken_by_a_wrong_count) {
    expect_caught("invariants_hold_alone", Mistake::counts_one_too_many, linux_6_18_profile);
    expect_caught("invariants_hold_alone", Mistake::cuts_at_mprotect, canonical_profile);
}

TEST(law, split_then_merge_is_broken_by_a_seam_that_stays) {
    expect_caught("split_then_merge_is_identity", Mistake::cuts_at_mprotect, canonical_profile);
    expect_caught("split_then_merge_is_identity", Mistake::cuts_at_mprotect, linux_6_18_profile);
}

TEST(law, undoing_a_change_is_broken_by_a_seam_that_stays) {
    expect_caught("change_undone_restores_layout", Mistake::cuts_at_mprotect, canonical_profile);
    expect_caught("change_undone_restores_layout", Mistake::cuts_at_mprotect, linux_6_18_profile);
}

TEST(law, unmapping_what_was_mapped_is_broken_by_a_lost_neighbour) {
    expect_caught("mapping_unmapped_restores_layout", Mistake::munmap_takes_neighbour,
                  canonical_profile);
    expect_caught("mapping_unmapped_restores_layout", Mistake::munmap_takes_neighbour,
                  linux_6_18_profile);
}

TEST(law, unmapping_twice_is_broken_by_an_error_for_nothing) {
    expect_caught("unmap_is_idempotent", Mistake::second_unmap_fails, canonical_profile);
    expect_caught("unmap_is_idempotent", Mistake::second_unmap_fails, linux_6_18_profile);
}

TEST(law, doing_nothing_is_broken_by_a_cut) {
    expect_caught("no_op_changes_nothing", Mistake::cuts_at_mprotect, canonical_profile);
    expect_caught("no_op_changes_nothing", Mistake::cuts_at_mprotect, linux_6_18_profile);
}

TEST(law, commuting_is_broken_by_a_memory_of_the_last_operation) {
    expect_caught("disjoint_operations_commute", Mistake::remembers_last_range, canonical_profile);
    expect_caught("disjoint_operations_commute", Mistake::remembers_last_range, linux_6_18_profile);
}

TEST(law, shifting_is_broken_by_a_fixed_page) {
    expect_caught("shifting_shifts", Mistake::drops_distant_pages, canonical_profile);
    expect_caught("shifting_shifts", Mistake::drops_distant_pages, linux_6_18_profile);
}

TEST(law, failing_is_broken_by_pages_that_go) {
    expect_caught("failed_operation_leaves_what_the_rules_say", Mistake::failure_unmaps,
                  canonical_profile);
    expect_caught("failed_operation_leaves_what_the_rules_say", Mistake::failure_unmaps,
                  linux_6_18_profile);
}

TEST(law, systematic_failure_is_broken_by_pages_that_go) {
    expect_caught("systematic_failure", Mistake::failure_unmaps, canonical_profile);
    expect_caught("systematic_failure", Mistake::failure_unmaps, linux_6_18_profile);
}

// The laws that are not about a target: `spoil` replaces what they are about.
template <class Spoil>
void expect_caught_tool(std::string_view name, const Spoil& spoil) {
    const Law* const law = find_law(name);
    ASSERT_NE(law, nullptr) << name;
    LawSubject subject;
    subject.target = make_impl;
    spoil(subject);
    const LawResult result = run_law(*law, subject, options_for(linux_6_18_profile, 200));
    EXPECT_EQ(result.outcome, LawOutcome::broken) << describe(*law, result);
}

TEST(law, texts_are_broken_by_a_printer_that_loses_failures) {
    const auto forget_failures = [](LawSubject& subject) {
        subject.print = [](Program program) {
            for (Line& line : program.lines) {
                if (auto* step = std::get_if<StepLine>(&line.content)) step->step.failure = {};
            }
            return print_program(program);
        };
    };
    expect_caught_tool("print_parse_round_trip", forget_failures);
}

TEST(law, texts_are_broken_by_a_parser_that_loses_a_comment) {
    const auto forget_comments = [](LawSubject& subject) {
        subject.parse = [](std::string_view text) {
            auto result = parse_program(text);
            if (auto* program = std::get_if<Program>(&result)) program->end_comments.clear();
            return result;
        };
    };
    expect_caught_tool("print_parse_round_trip", forget_comments);
    expect_caught_tool("printing_is_a_fixpoint", forget_comments);
}

TEST(law, records_are_broken_by_a_decoder_that_keeps_areas_that_overlap) {
    expect_caught_tool("any_records_are_a_program", [](LawSubject& subject) {
        subject.decode = [](const std::vector<std::uint8_t>& bytes, const Profile& profile) {
            Candidate candidate = decode_candidate(bytes, profile);
            for (InitialArea& area : candidate.world.areas) area.range.count.value += 1;
            return candidate;
        };
    });
}

TEST(law, records_are_broken_by_a_form_that_is_not_canonical) {
    expect_caught_tool("any_records_are_a_program", [](LawSubject& subject) {
        subject.encode = [](const Candidate& candidate) {
            std::vector<std::uint8_t> bytes = encode_candidate(candidate);
            // One step more, every time that it is encoded.
            bytes.resize(bytes.size() + record_size);
            return bytes;
        };
    });
}

TEST(law, binary_form_is_broken_by_an_encoder_that_loses_failures) {
    expect_caught_tool("binary_form_is_lossless", [](LawSubject& subject) {
        subject.encode = [](Candidate candidate) {
            for (Step& step : candidate.steps) step.failure = {};
            return encode_candidate(candidate);
        };
    });
}

TEST(law, binary_form_is_broken_by_a_refusal_without_need) {
    const auto refuse_large_worlds = [](LawSubject& subject) {
        subject.misfit = [](const Candidate& candidate) -> std::optional<std::string> {
            if (candidate.world.pages.value < 64) return std::nullopt;
            return "64 pages, more than 63";
        };
    };
    expect_caught_tool("binary_form_is_lossless", refuse_large_worlds);
    expect_caught_tool("binary_form_refuses_what_does_not_fit", refuse_large_worlds);
}

TEST(law, binary_form_is_broken_by_a_misfit_that_nobody_sees) {
    expect_caught_tool("binary_form_refuses_what_does_not_fit", [](LawSubject& subject) {
        subject.misfit = [](Candidate candidate) {
            for (Step& step : candidate.steps) step.failure = {};
            return binary_misfit(candidate.world, candidate.steps);
        };
    });
}

// Programs that depend on how many were drawn before.
void count_programs(LawSubject& subject) {
    subject.generate = [count = std::make_shared<int>(0)](Source& source,
                                                          const LawSetting& setting) {
        Candidate candidate = generate_candidate(source, setting);
        if (++*count % 7 == 0) candidate.steps.emplace_back();
        return candidate;
    };
}

TEST(law, generation_is_broken_by_a_hidden_state) {
    expect_caught_tool("same_choices_same_program", count_programs);
    expect_caught_tool("program_of_a_seed_is_pure", count_programs);
}

TEST(law, bytes_are_broken_by_a_step_that_cannot_be_printed) {
    expect_caught_tool("any_bytes_are_a_program", [](LawSubject& subject) {
        subject.generate = [](Source& source, const LawSetting& setting) {
            Candidate candidate = generate_candidate(source, setting);
            candidate.steps.back().failure.k = 2;
            return candidate;
        };
    });
}

TEST(law, bytes_are_broken_by_work_without_end) {
    expect_caught_tool("any_bytes_are_a_program", [](LawSubject& subject) {
        subject.generate = [](Source& source, const LawSetting& /*setting*/) {
            Candidate candidate;
            while (source.below(256) != 1) candidate.steps.emplace_back();
            return candidate;
        };
    });
}

TEST(law, mutating_is_broken_by_a_hidden_state) {
    expect_caught_tool("mutating_is_pure", [](LawSubject& subject) {
        subject.mutate = [count = std::make_shared<int>(0)](Mutator& mutator, Candidate& program,
                                                            Source& source) {
            mutator.mutate(program, source);
            if (++*count % 7 == 0) program.world.memory_merge = !program.world.memory_merge;
        };
    });
}

TEST(law, mutating_is_broken_by_a_range_that_no_byte_holds) {
    expect_caught_tool("mutating_keeps_the_limits", [](LawSubject& subject) {
        subject.mutate = [](Mutator& mutator, Candidate& program, Source& source) {
            mutator.mutate(program, source);
            for (Step& step : program.steps) {
                auto* const touch = std::get_if<Touch>(&step.op);
                if (touch != nullptr) touch->range.start.value += binary_pages_max.value;
            }
        };
    });
}

TEST(law, mutating_is_broken_by_a_step_too_many) {
    expect_caught_tool("mutating_keeps_the_limits", [](LawSubject& subject) {
        subject.mutate = [](Mutator& mutator, Candidate& program, Source& source) {
            mutator.mutate(program, source);
            program.steps.emplace_back();
        };
    });
}

TEST(law, splicing_is_broken_by_a_file_of_the_donor) {
    expect_caught_tool("splicing_keeps_the_limits", [](LawSubject& subject) {
        subject.cross_over = [](Mutator&, Candidate& program, const Candidate& donor, Source&) {
            program.steps.insert(program.steps.end(), donor.steps.begin(), donor.steps.end());
        };
    });
}

using MinimizeFunction = decltype(LawSubject::minimize);

TEST(law, minimizing_is_broken_by_another_bucket) {
    expect_caught_tool("minimizing_makes_smaller", [](LawSubject& subject) {
        subject.minimize = [](const Candidate& candidate, const Finding& finding,
                              const Predicate& predicate, const Progress& progress) {
            MinimizeOptions options;
            Minimized result = minimize(candidate, finding, predicate, options, progress);
            if (!result.candidate.steps.empty()) result.candidate.steps.pop_back();
            return result;
        };
    });
}

TEST(law, minimizing_is_broken_by_a_second_try) {
    expect_caught_tool("minimizing_tries_nothing_twice", [](LawSubject& subject) {
        const MinimizeFunction good = subject.minimize;
        subject.minimize = [good](const Candidate& candidate, const Finding& finding,
                                  const Predicate& predicate, const Progress& progress) {
            const Predicate twice = [&](const Candidate& tried) {
                static_cast<void>(predicate(tried));
                return predicate(tried);
            };
            return good(candidate, finding, twice, progress);
        };
    });
}

TEST(law, minimizing_is_broken_by_an_early_end) {
    expect_caught_tool("minimizing_is_idempotent", [](LawSubject& subject) {
        subject.minimize = [](const Candidate& candidate, const Finding& finding,
                              const Predicate& predicate, const Progress& progress) {
            MinimizeOptions options;
            options.tries_max = 20;
            return minimize(candidate, finding, predicate, options, progress);
        };
    });
}

TEST(law, that_never_meets_its_case_does_not_pass) {
    static constexpr auto do_nothing = [](LawCase& /*law*/) {};
    const Law law{"nothing", "Nothing is tried.", "events", 1, true, do_nothing};
    LawSubject subject;
    subject.target = make_impl;
    const LawResult result = run_law(law, subject, options_for(canonical_profile, 50));
    EXPECT_EQ(result.outcome, LawOutcome::vacuous);
    EXPECT_EQ(result.cases, 50U);
    EXPECT_FALSE(result.passed());
}

TEST(law, is_not_called_vacuous_for_bad_luck) {
    Law law{"nothing", "Nothing is tried.", "events", 20, true, [](LawCase& /*law*/) {}};
    EXPECT_EQ(required_interesting(law, 5), 1U);
    EXPECT_EQ(required_interesting(law, 2000), 340U);  // 400, and sqrt(400) is 20.
}

TEST(law, gives_the_same_result_again) {
    const Law& law = *find_law("agrees_with_reference");
    LawSubject subject;
    subject.target = mutant(Mistake::munmap_takes_neighbour);
    const LawOptions options = options_for(linux_6_18_profile, 400);
    const LawResult first = run_law(law, subject, options);
    const LawResult second = run_law(law, subject, options);
    EXPECT_EQ(describe(law, first), describe(law, second));
    EXPECT_TRUE(first.counterexample == second.counterexample);
    EXPECT_EQ(first.reproduce, second.reproduce);
}

TEST(law, shows_each_program_before_it_runs) {
    const Law& law = *find_law("agrees_with_reference");
    LawSubject subject;
    subject.target = make_impl;
    LawOptions options = options_for(linux_6_18_profile, 20);
    std::size_t shown = 0;
    options.journal = [&shown](const Candidate& /*candidate*/) { ++shown; };
    EXPECT_EQ(run_law(law, subject, options).cases, shown);
}

TEST(law, leaves_out_what_begins_too_late) {
    const Law& law = *find_law("agrees_with_reference");
    LawSubject subject;
    subject.target = make_impl;
    LawOptions options = options_for(linux_6_18_profile, 1000000);
    options.seconds_max = 0.2;
    const LawResult result = run_law(law, subject, options);
    EXPECT_LT(result.cases, 1000000U);
}

}  // namespace
}  // namespace vmacheck
