// The filters; see the header.
#include "cli/required.h"

namespace vmacheck::cli {
namespace {

bool failure_struck(CaseId id) {
    return id < op_count * case_kind_count &&
           id % case_kind_count >= shape_kind_count + errno_count;
}

}  // namespace

bool case_required(CaseId id, const SoakOptions& options, const Sight& sight) {
    if (!case_possible(id, *options.profile)) return false;
    if (!sight.failures && failure_struck(id)) return false;
    return alphabet_allows(*options.alphabet, id);
}

std::vector<std::pair<std::string, std::uint64_t>> happened_cases(const SoakTotals& totals) {
    std::vector<std::pair<std::string, std::uint64_t>> happened;
    for (CaseId id = 0; id < case_count; ++id) {
        if (totals.cases[id] > 0) happened.emplace_back(case_name(id), totals.cases[id]);
    }
    return happened;
}

std::vector<std::string> missing_cases(const SoakTotals& totals, const SoakOptions& options,
                                       const Sight& sight) {
    std::vector<std::string> missing;
    for (CaseId id = 0; id < case_count; ++id) {
        if (totals.cases[id] == 0 && case_required(id, options, sight))
            missing.push_back(case_name(id));
    }
    return missing;
}

}  // namespace vmacheck::cli
