// Laws about the minimizer.
//
// What fails here is not a target: a program "fails" if the reference meets a given case in it, so
// every case that a program happens to contain is a bug to be minimized.
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "model/reference.h"
#include "model/text.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

// Calls `visit(step, cases before, cases after)` for each step, until it answers false.
template <class Visit>
void walk_cases(const Candidate& candidate, const Visit& visit) {
    Cases cases;
    StepLog log;
    Reference reference(cases);
    reference.create(candidate.world, Cells(candidate.world, candidate.steps));
    for (std::size_t at = 0; at < candidate.steps.size(); ++at) {
        const auto before = cases.counts();
        static_cast<void>(reference.apply(candidate.steps[at], log));
        if (!visit(at, before, cases.counts())) return;
    }
}

struct Aim {
    std::size_t op;
    CaseId case_id;
};

// The cases of a program that are worth a failure: not just that a step answered.
std::vector<Aim> aims_of(const Candidate& candidate) {
    std::vector<Aim> aims;
    walk_cases(candidate, [&](std::size_t at, const auto& before, const auto& after) {
        const std::size_t op = candidate.steps[at].op.index();
        for (std::size_t kind = 0; kind < shape_kind_count; ++kind) {
            const CaseId id = case_id(op, static_cast<CaseKind>(kind));
            if (before[id] == 0 && after[id] != 0) aims.push_back({op, id});
        }
        return true;
    });
    return aims;
}

std::optional<Finding> find_case(const Candidate& candidate, const Aim& aim) {
    std::optional<Finding> finding;
    walk_cases(candidate, [&](std::size_t at, const auto& before, const auto& after) {
        if (before[aim.case_id] == after[aim.case_id]) return true;
        finding.emplace();
        finding->bucket = {Verdict::wrong_pages, aim.op, aim.case_id, std::nullopt};
        finding->step = at;
        return false;
    });
    return finding;
}

struct Failure {
    Candidate candidate;
    Finding finding;
    Predicate predicate;
};

// A short program, one of its cases, and the predicate that looks for it.
std::optional<Failure> draw_failure(LawCase& law) {
    constexpr double length = 0.4;
    const Candidate candidate = *rc::gen::scale(length, draw_candidate(law.setting()));
    law.is_about(candidate);
    const std::vector<Aim> aims = aims_of(candidate);
    if (aims.empty()) return std::nullopt;
    RcSource source;
    const Aim aim = aims[source.below(aims.size())];
    Predicate predicate = [aim](const Candidate& tried) { return find_case(tried, aim); };
    const std::optional<Finding> finding = predicate(candidate);
    RC_ASSERT(finding.has_value());
    return Failure{candidate, *finding, std::move(predicate)};
}

std::string text_of(const Candidate& candidate) {
    return print_program(program_of(candidate.world, candidate.steps));
}

}  // namespace

void minimizing_makes_smaller(LawCase& law) {
    const auto failure = draw_failure(law);
    if (!failure) return;
    Size best = size_of(failure->candidate);
    std::uint64_t kept = 0;
    const Progress progress = [&](const Candidate& candidate, std::uint64_t) {
        RC_ASSERT(size_of(candidate) < best);
        const auto finding = failure->predicate(candidate);
        RC_ASSERT(finding.has_value());
        RC_ASSERT(finding->bucket == failure->finding.bucket);
        best = size_of(candidate);
        ++kept;
    };
    const Minimized result =
        law.subject().minimize(failure->candidate, failure->finding, failure->predicate, progress);
    RC_ASSERT(result.finished);
    RC_ASSERT(size_of(result.candidate) == best);
    const auto finding = failure->predicate(result.candidate);
    RC_ASSERT(finding.has_value());
    RC_ASSERT(finding->bucket == failure->finding.bucket);
    RC_ASSERT(result.finding.bucket == finding->bucket);
    RC_ASSERT(result.finding.step == finding->step);
    RC_ASSERT(finding->step + 1 == result.candidate.steps.size());
    law.count_steps(result.tries);
    law.count_interesting(kept);
}

void minimizing_tries_nothing_twice(LawCase& law) {
    const auto failure = draw_failure(law);
    if (!failure) return;
    std::unordered_set<std::string> tried;
    Size best = size_of(failure->candidate);
    const Predicate watched = [&](const Candidate& candidate) {
        RC_ASSERT(tried.insert(text_of(candidate)).second);
        RC_ASSERT(size_of(candidate) < best);
        return failure->predicate(candidate);
    };
    const Progress progress = [&](const Candidate& candidate, std::uint64_t) {
        best = size_of(candidate);
    };
    const Minimized result =
        law.subject().minimize(failure->candidate, failure->finding, watched, progress);
    RC_ASSERT(result.tries == tried.size());
    law.count_steps(result.tries);
    law.count_interesting(result.tries);
}

void minimizing_is_idempotent(LawCase& law) {
    const auto failure = draw_failure(law);
    if (!failure) return;
    const Progress quiet;
    const auto minimize = [&](const Candidate& candidate, const Finding& finding) {
        return law.subject().minimize(candidate, finding, failure->predicate, quiet);
    };
    const Minimized once = minimize(failure->candidate, failure->finding);
    const Minimized twice = minimize(once.candidate, once.finding);
    RC_ASSERT(text_of(twice.candidate) == text_of(once.candidate));
    RC_ASSERT(twice.candidate == once.candidate);
    law.count_steps(once.tries + twice.tries);
    law.count_interesting(once.candidate == failure->candidate ? 0 : 1);
}

}  // namespace vmacheck::laws
