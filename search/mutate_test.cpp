// The mutator: each mutation does what its name says and finds something to do it to, programs are
// spliced with their files, and a search with it gets somewhere.
#include "search/mutate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "impl/impl_target.h"
#include "model/text.h"
#include "search/mutate_fields.h"

namespace vmacheck {
namespace {

constexpr std::size_t steps_before = 30;

// A program of the generator with room for more steps.
Candidate drawn_program(std::uint64_t number) {
    RandomSource source(7, number);
    Mutator mutator({});
    Candidate program;
    while (program.steps.size() < steps_before) {
        program = Candidate{};
        mutator.mutate(program, source);
    }
    program.steps.resize(steps_before);
    return program;
}

std::string text_of(const Candidate& program) {
    return print_program(program_of(program.world, program.steps));
}

Candidate program_of_text(std::string_view text) {
    const auto parsed = parse_program(text);
    const auto* const program = std::get_if<Program>(&parsed);
    EXPECT_NE(program, nullptr) << text;
    return program == nullptr ? Candidate{} : Candidate{program->world, program->steps()};
}

std::size_t common_prefix(const std::vector<Step>& one, const std::vector<Step>& other) {
    const std::size_t size = std::min(one.size(), other.size());
    std::size_t at = 0;
    while (at < size && one[at] == other[at]) ++at;
    return at;
}

// Whether `some` is left when steps are taken out of `all`.
bool is_part_of(const std::vector<Step>& some, const std::vector<Step>& all) {
    std::size_t at = 0;
    for (const Step& step : all) {
        if (at < some.size() && some[at] == step) ++at;
    }
    return at == some.size();
}

bool same_but_for(const Step& one, Step other, void (*copy)(const Step& from, Step& to)) {
    copy(one, other);
    return one == other;
}

// The one step that differs does so in what `copy` copies.
bool one_differs(const Candidate& before, const Candidate& after,
                 void (*copy)(const Step& from, Step& to)) {
    if (before.steps.size() != after.steps.size()) return false;
    const std::size_t at = common_prefix(before.steps, after.steps);
    if (at == before.steps.size()) return false;
    const bool same_behind =
        std::equal(before.steps.begin() + static_cast<std::ptrdiff_t>(at) + 1, before.steps.end(),
                   after.steps.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    return same_behind && same_but_for(before.steps[at], after.steps[at], copy);
}

void copy_op(const Step& from, Step& to) {
    if (from.op.index() == to.op.index()) to.op = from.op;
}
void copy_failure(const Step& from, Step& to) {
    to.failure = from.failure;
}
void copy_space(const Step& from, Step& to) {
    to.space = from.space;
}
void copy_all(const Step& from, Step& to) {
    to = from;
}
template <class Type>
void copy_field(const Step& from, Step& to) {
    Step source = from;
    auto* const to_field = find_field<Type>(to.op);
    const auto* const from_field = find_field<Type>(source.op);
    if (to_field != nullptr && from_field != nullptr) *to_field = *from_field;
}
void copy_range_or_backing(const Step& from, Step& to) {
    std::vector<PageRange> ranges;
    for_each_range(from.op, [&](const PageRange& range) { ranges.push_back(range); });
    std::size_t at = 0;
    if (from.op.index() == to.op.index()) {
        for_each_range(to.op, [&](PageRange& range) { range = ranges[at++]; });
    }
    copy_field<Backing>(from, to);
    copy_field<Page>(from, to);
    copy_field<FilePage>(from, to);
}

// What a program that the mutation changed looks like.
bool is_as_named(Mutation mutation, const Candidate& before, const Candidate& after) {
    const std::vector<Step>& old = before.steps;
    const std::vector<Step>& now = after.steps;
    const bool adds_one = now.size() == old.size() + 1 && is_part_of(old, now);
    const auto is_known = [&](const Step& step) {
        return std::find(old.begin(), old.end(), step) != old.end();
    };
    switch (mutation) {
        case Mutation::delete_step: return now.size() + 1 == old.size() && is_part_of(now, old);
        case Mutation::delete_range: return now.size() < old.size() && is_part_of(now, old);
        case Mutation::duplicate_step:
            return adds_one && std::all_of(now.begin(), now.end(), is_known);
        case Mutation::duplicate_range:
            return is_part_of(old, now) && std::all_of(now.begin(), now.end(), is_known);
        case Mutation::swap_steps: return std::is_permutation(old.begin(), old.end(), now.begin());
        case Mutation::cut_tail:
            return now.size() < old.size() && common_prefix(old, now) == now.size();
        case Mutation::nudge_field: return one_differs(before, after, copy_range_or_backing);
        case Mutation::change_field:
        case Mutation::copy_neighbour: return one_differs(before, after, copy_op);
        case Mutation::change_failure:
        case Mutation::fail_at_a_stage: return one_differs(before, after, copy_failure);
        case Mutation::redirect_step: return one_differs(before, after, copy_space);
        case Mutation::insert_touch:
            return adds_one || (now.size() == old.size() + 2 && is_part_of(old, now));
        case Mutation::insert_step:
        case Mutation::close_seam: return adds_one;
        case Mutation::replace_step: return one_differs(before, after, copy_all);
        case Mutation::append_steps:
            return now.size() > old.size() && common_prefix(old, now) == old.size();
        case Mutation::redraw_tail: return now.size() > old.size();
        case Mutation::move_end: return one_differs(before, after, copy_field<PageRange>);
        case Mutation::link_offset: return one_differs(before, after, copy_field<Backing>);
        case Mutation::change_world: return before.world != after.world;
        case Mutation::draw_world: return before.world != after.world && old.size() == now.size();
        case Mutation::draw_program: return true;
    }
    return false;
}

class MutationTest : public testing::TestWithParam<Mutation> {};

TEST_P(MutationTest, does_what_its_name_says) {
    constexpr std::uint64_t programs = 100;
    constexpr std::uint64_t rounds = 4;
    // Many programs map no file at all, so nothing is linear in one, and steps in crowds have what
    // their neighbours have.
    std::size_t required = 75;
    if (GetParam() == Mutation::copy_neighbour) required = 60;
    if (GetParam() == Mutation::link_offset) required = 15;
    Mutator mutator({});
    std::size_t changed = 0;
    for (std::uint64_t number = 0; number < programs; ++number) {
        const Candidate before = drawn_program(number);
        for (std::uint64_t round = 0; round < rounds; ++round) {
            RandomSource source(round, number);
            Candidate after = before;
            const bool done = mutator.apply(GetParam(), after, source);
            ASSERT_TRUE(done || after == before) << text_of(before) << text_of(after);
            if (after == before) continue;
            ++changed;
            ASSERT_TRUE(is_as_named(GetParam(), before, after))
                << text_of(before) << text_of(after);
        }
    }
    EXPECT_GE(100 * changed, required * programs * rounds);
}

std::vector<Mutation> all_mutations() {
    std::vector<Mutation> all;
    for (std::size_t at = 0; at < mutation_count; ++at) all.push_back(static_cast<Mutation>(at));
    return all;
}

INSTANTIATE_TEST_SUITE_P(mutations, MutationTest, testing::ValuesIn(all_mutations()),
                         [](const testing::TestParamInfo<Mutation>& named) {
                             return std::string(name_of(named.param));
                         });

// How many of `tries` mutations of the program make the reference meet the case.
std::size_t hits(Mutation mutation, const Candidate& before, CaseId wanted, std::size_t tries) {
    Mutator mutator({});
    std::size_t found = 0;
    for (std::size_t number = 0; number < tries; ++number) {
        RandomSource source(11, number);
        Candidate after = before;
        mutator.apply(mutation, after, source);
        Cases cases;
        StepLog log;
        Reference reference(cases);
        reference.create(after.world, Cells(after.world.pages));
        for (const Step& step : after.steps) static_cast<void>(reference.apply(step, log));
        found += cases.counts()[wanted] > 0 ? 1U : 0U;
    }
    return found;
}

constexpr std::size_t op_of(std::string_view name) {
    std::size_t op = 0;
    while (op_name(op) != name) ++op;
    return op;
}

//     pages   01234567
//     before  AAbb.AAA   the hole and the seam can be closed from either side
constexpr std::string_view seam_and_hole =
    "vma 1\n"
    "world pages=8 profile=linux-6.18\n"
    "file a driver=mmap_prepare pages=16\n"
    "mmap 0+2 rw- anon private\n"
    "mmap 2+2 r-- anon private\n"
    "mmap 5+3 rw- anon private\n";

TEST(mutator, closes_seams_by_giving_one_side_what_the_other_carries) {
    const Candidate program = program_of_text(seam_and_hole);
    const CaseId changed = case_id(op_of("mprotect"), CaseKind::merge_left);
    const CaseId mapped = case_id(op_of("mmap"), CaseKind::merge_right);
    EXPECT_GT(hits(Mutation::close_seam, program, changed, 200), 10U);
    EXPECT_GT(hits(Mutation::close_seam, program, mapped, 200), 10U);
}

TEST(mutator, makes_a_mapping_like_its_neighbour) {
    const Candidate program = program_of_text(seam_and_hole);
    const CaseId merged = case_id(op_of("mmap"), CaseKind::merge_left);
    EXPECT_GT(hits(Mutation::copy_neighbour, program, merged, 100), 30U);
}

TEST(mutator, makes_offsets_linear) {
    const Candidate program = program_of_text(
        "vma 1\n"
        "world pages=8 profile=linux-6.18\n"
        "file a driver=mmap_prepare pages=16\n"
        "mmap 0+2 rw- file=a@0 private\n"
        "mmap 2+2 rw- file=a@9 private\n");
    const CaseId merged = case_id(op_of("mmap"), CaseKind::merge_left);
    EXPECT_GT(hits(Mutation::link_offset, program, merged, 100), 40U);
}

// Nothing fails before, so each failure strikes.
TEST(mutator, lets_steps_fail_where_they_pass) {
    Candidate program = program_of_text(seam_and_hole);
    Mutator mutator({});
    for (std::uint64_t number = 0; number < 50; ++number) {
        RandomSource source(13, number);
        Candidate after = program;
        ASSERT_TRUE(mutator.apply(Mutation::fail_at_a_stage, after, source));
        Cases cases;
        StepLog log;
        Reference reference(cases);
        reference.create(after.world, Cells(after.world.pages));
        for (const Step& step : after.steps) {
            static_cast<void>(reference.apply(step, log));
            EXPECT_FALSE(log.unused()) << text_of(after);
        }
    }
}

// ---- Splicing. ----

TEST(mutator, splices_steps_with_their_files) {
    const Candidate program = program_of_text(
        "vma 1\n"
        "world pages=8 profile=linux-6.18\n"
        "file a driver=mmap_prepare pages=16\n"
        "file b driver=mmap,close pages=16\n"
        "munmap 0+1\n");
    const Candidate donor = program_of_text(
        "vma 1\n"
        "world pages=16 profile=linux-6.18\n"
        "file x driver=mmap,close pages=16\n"
        "file y driver=mmap,mmap_prepare pages=16\n"
        "mmap 0+1 rw- file=x@3 private\n"
        "mmap 9+1 rw- file=y@4 private\n");
    Mutator mutator({});
    std::size_t both = 0;
    for (std::uint64_t number = 0; number < 50; ++number) {
        RandomSource source(29, number);
        Candidate spliced = program;
        mutator.cross_over(spliced, donor, source);
        EXPECT_EQ(spliced.world.pages, donor.world.pages);
        const std::string text = text_of(spliced);
        // x is b, and y is one more file.
        EXPECT_EQ(text.find("file=a"), std::string::npos) << text;
        const bool has_x = text.find("file=b@3") != std::string::npos;
        const bool has_y = text.find("file=c@4") != std::string::npos;
        EXPECT_TRUE(has_x || has_y) << text;
        EXPECT_EQ(spliced.world.files.size(), has_y ? 3U : 2U);
        both += has_x && has_y ? 1U : 0U;
    }
    EXPECT_GT(both, 5U);
}

// ---- What it is worth. ----

// Keeps each program that meets a case for the first time, and mutates what it has kept.
class GreedySearch {
  public:
    explicit GreedySearch(const Profile& profile) : mutator_({.profile = &profile}) {
        kept_.emplace_back();
    }
    void run_once() {
        Candidate program = kept_[source_.below(kept_.size())];
        if (source_.one_in(16))
            mutator_.cross_over(program, kept_[source_.below(kept_.size())], source_);
        else
            mutator_.mutate(program, source_);
        const auto before = lockstep_.cases().counts();
        const auto finding = run_program(lockstep_, program.world, program.steps);
        ASSERT_FALSE(finding) << finding->what << '\n' << text_of(program);
        const auto& after = lockstep_.cases().counts();
        for (CaseId id = 0; id < case_count; ++id) {
            if (before[id] != 0 || after[id] == 0) continue;
            kept_.push_back(program);
            return;
        }
    }
    [[nodiscard]] bool has_met(CaseId id) const { return lockstep_.cases().counts()[id] != 0; }

  private:
    ImplTarget target_{ImplOptions{.verify = true}};
    Lockstep lockstep_{target_};
    Mutator mutator_;
    RandomSource source_{31, 0};
    std::vector<Candidate> kept_;
};

std::vector<CaseId> expected_but_not_met(const GreedySearch& search, const Profile& profile) {
    std::vector<CaseId> missing;
    for (CaseId id = 0; id < case_count; ++id) {
        if (case_expected(id, profile, steps_for_most_cases) && !search.has_met(id))
            missing.push_back(id);
    }
    return missing;
}

// What needs several rare conditions at once comes late in one profile or another, after up to
// 200,000 runs. From five seeds at most 12 cases of about 400 were missing after 20,000 runs, and
// none in every profile.
TEST(mutator, slow_leads_a_greedy_search_to_every_expected_case) {
    constexpr int runs = 60000;
    constexpr std::size_t missing_max = 15;
    std::map<CaseId, std::size_t> profiles_without;
    std::array<std::size_t, case_count> profiles_with_it_expected{};
    for (const Profile* const profile : all_profiles) {
        GreedySearch search(*profile);
        for (int run = 0; run < runs; ++run) {
            search.run_once();
            if (testing::Test::HasFatalFailure()) return;
        }
        const auto missing = expected_but_not_met(search, *profile);
        EXPECT_LE(missing.size(), missing_max) << profile->name;
        for (const CaseId id : missing) ++profiles_without[id];
        for (CaseId id = 0; id < case_count; ++id)
            profiles_with_it_expected[id] +=
                case_expected(id, *profile, steps_for_most_cases) ? 1U : 0U;
    }
    for (const auto& [id, count] : profiles_without)
        EXPECT_LT(count, profiles_with_it_expected[id]) << case_name(id);
}

}  // namespace
}  // namespace vmacheck
