// Laws about the mutator: a function of what it is given, and nothing comes out that an engine
// could not keep.
#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

// With all that a text can say of a world: areas at offsets of 52 bits, too.
Candidate draw_any(LawCase& law) {
    const Program program = *draw_program(law.setting());
    return {program.world, program.steps()};
}

// Mostly as an engine has them, at times as narrow as can be.
MutateLimits draw_limits(Source& source) {
    MutateLimits limits;
    if (source.one_in(4)) limits.steps_max = source.below(4);
    if (source.one_in(4)) limits.pages_max.value = 1 + source.below(8);
    if (source.one_in(4)) limits.files_max = source.below(3);
    if (source.one_in(4)) limits.profile = all_profiles[source.below(all_profiles.size())];
    return limits;
}

void check_limits(const LawSubject& subject, const Candidate& candidate,
                  const MutateLimits& limits) {
    const World& world = candidate.world;
    RC_ASSERT(candidate.steps.size() <= limits.steps_max);
    RC_ASSERT(world.pages <= limits.pages_max);
    RC_ASSERT(world.files.size() <= limits.files_max);
    RC_ASSERT(limits.profile == nullptr || world.profile == limits.profile);
    RC_ASSERT(!subject.misfit(candidate).has_value());
    RC_ASSERT(subject.decode(subject.encode(candidate), *world.profile) == candidate);
    // What can be printed and read again is well-formed.
    const Program program = program_of(world, candidate.steps);
    const auto read = subject.parse(subject.print(program));
    RC_ASSERT(std::holds_alternative<Program>(read));
    RC_ASSERT(std::get<Program>(read) == program);
}

}  // namespace

void mutating_is_pure(LawCase& law) {
    RcSource choices;
    const MutateLimits limits = draw_limits(choices);
    const Candidate before = draw_any(law);
    law.is_about(before);
    const Candidate other = draw_any(law);
    const std::uint64_t seed = choices.below(std::uint64_t{1} << 32);
    const auto mutated = [&](Mutator& mutator, const Candidate& from) {
        RandomSource source(seed, 0);
        Candidate program = from;
        law.subject().mutate(mutator, program, source);
        return program;
    };
    Mutator fresh(limits);
    Mutator used(limits);
    static_cast<void>(mutated(used, other));
    const Candidate after = mutated(fresh, before);
    RC_ASSERT(mutated(used, before) == after);
    law.count_steps(after.steps.size());
    law.count_interesting(after == before ? 0 : 1);
}

// One after the other, as in a search.
void mutating_keeps_the_limits(LawCase& law) {
    RcSource choices;
    const MutateLimits limits = draw_limits(choices);
    Candidate candidate = draw_any(law);
    Mutator mutator(limits);
    constexpr int mutations = 3;
    for (int made = 0; made < mutations; ++made) {
        law.is_about(candidate);
        const Candidate before = candidate;
        law.subject().mutate(mutator, candidate, choices);
        check_limits(law.subject(), candidate, limits);
        law.count_steps(candidate.steps.size());
        law.count_interesting(candidate == before ? 0 : 1);
    }
}

void splicing_keeps_the_limits(LawCase& law) {
    RcSource choices;
    const MutateLimits limits = draw_limits(choices);
    Candidate candidate = draw_any(law);
    const Candidate donor = draw_any(law);
    law.is_about(candidate);
    Mutator mutator(limits);
    const std::vector<Step> before = candidate.steps;
    law.subject().cross_over(mutator, candidate, donor, choices);
    check_limits(law.subject(), candidate, limits);
    law.count_steps(candidate.steps.size());
    const auto is_new = [&](const Step& step) {
        return std::find(before.begin(), before.end(), step) == before.end() &&
               std::find(donor.steps.begin(), donor.steps.end(), step) != donor.steps.end();
    };
    const bool any = std::any_of(candidate.steps.begin(), candidate.steps.end(), is_new);
    law.count_interesting(any ? 1 : 0);
}

}  // namespace vmacheck::laws
