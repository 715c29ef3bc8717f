// The filters; see the header.
#include "cli/required.h"

namespace vmacheck::cli {
namespace {

constexpr std::size_t op_number(std::string_view name) {
    std::size_t op = 0;
    while (op_name(op) != name) ++op;
    return op;
}

bool failure_struck(CaseId id) {
    return id < op_count * case_kind_count &&
           id % case_kind_count >= shape_kind_count + errno_count;
}

// Only injected failures lead there.
bool needs_failure(CaseId id) {
    if (id == case_id(Seam::merge_out_of_memory) || id == case_id(Seam::split_left_behind))
        return true;
    return failure_struck(id) || id == case_id(op_number(Mmap::name), CaseKind::refused_memory);
}

// Only a world with small limits, with initial areas, or with files of any hooks leads there.
bool needs_world(CaseId id) {
    for (const Seam seam : {Seam::given, Seam::close_hook, Seam::flags_after_merge}) {
        if (id == case_id(seam)) return true;
    }
    for (std::size_t op = 0; op < op_count; ++op) {
        if (id == case_id(op, CaseKind::refused_close)) return true;
    }
    return id == case_id(op_number(Mmap::name), errno_case(Errno::enodev));
}

// A failure or a small limit leads there.
bool needs_failure_or_world(CaseId id) {
    return id == case_id(op_number(Munmap::name), errno_case(Errno::enomem)) ||
           id == case_id(op_number(Fork::name), errno_case(Errno::enomem)) ||
           id == case_id(op_number(Madvise::name), errno_case(Errno::eagain));
}

}  // namespace

bool case_required(CaseId id, const SoakOptions& options, const Sight& sight) {
    if (!case_possible(id, *options.profile)) return false;
    if (!sight.failures && needs_failure(id)) return false;
    if (!sight.any_world && needs_world(id)) return false;
    if (!sight.failures && !sight.any_world && needs_failure_or_world(id)) return false;
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
