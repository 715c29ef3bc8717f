// The filters; see the header.
#include "cli/required.h"

#include <algorithm>

namespace vmacheck::cli {
namespace {

bool failure_struck(CaseId id) {
    return id < op_count * case_kind_count &&
           id % case_kind_count >= shape_kind_count + errno_count;
}

// The kinds of cases, whatever the operation.
bool is_kind(CaseId id, CaseKind kind) {
    return id < op_count * case_kind_count &&
           id % case_kind_count == static_cast<std::size_t>(kind);
}

// Only injected failures lead there.
bool needs_failure(CaseId id) {
    for (const Seam seam :
         {Seam::merge_out_of_memory, Seam::merge_given_up, Seam::split_left_behind}) {
        if (id == case_id(seam)) return true;
    }
    return failure_struck(id) || is_kind(id, CaseKind::refused_memory);
}

// Only a world with small limits, with initial areas, with keys, or with files of any hooks leads
// there.
bool needs_world(CaseId id) {
    for (const Seam seam :
         {Seam::given, Seam::close_hook, Seam::flags_after_merge, Seam::special_areas}) {
        if (id == case_id(seam)) return true;
    }
    for (const CaseKind kind :
         {CaseKind::refused_close, CaseKind::refused_special, CaseKind::refused_pkey,
          CaseKind::merge_after_hook, CaseKind::merge_set_file}) {
        if (is_kind(id, kind)) return true;
    }
    // RLIMIT_MEMLOCK.
    const bool of_lock = id == case_id(op_index<Mmap>(), errno_case(Errno::eagain)) ||
                         id == case_id(op_index<Mremap>(), errno_case(Errno::eagain)) ||
                         id == case_id(op_index<RemapFilePages>(), errno_case(Errno::eagain)) ||
                         id == case_id(op_index<Mlock>(), errno_case(Errno::eperm)) ||
                         id == case_id(op_index<Mlockall>(), errno_case(Errno::eperm)) ||
                         id == case_id(op_index<Mlockall>(), errno_case(Errno::enomem));
    return of_lock || id == case_id(op_index<Mmap>(), errno_case(Errno::enodev));
}

// Whether operations that the case takes are there: its own, and what names, policies,
// userfaultfds and seals come from.
bool offered(CaseId id, const Sight& sight) {
    if (id == case_id(Seam::unlocked_after_merge)) return sight.offers(op_index<Mlockall>());
    if (id >= op_count * case_kind_count) return true;
    if (is_kind(id, CaseKind::refused_name) && !sight.offers(op_index<AnonName>())) return false;
    if (is_kind(id, CaseKind::refused_policy) && !sight.offers(op_index<Mbind>())) return false;
    if (is_kind(id, CaseKind::refused_uffd) && !sight.offers(op_index<UffdRegister>()))
        return false;
    if (is_kind(id, errno_case(Errno::eperm)) && !sight.offers(op_index<Mseal>())) return false;
    return sight.offers(id / case_kind_count);
}

// Rare but in worlds that begin with areas that have identities.
bool needs_crowd(CaseId id) {
    const bool identities =
        is_kind(id, CaseKind::refused_three_way) || is_kind(id, CaseKind::refused_forked);
    return identities && id / case_kind_count > op_index<Fork>();
}

// A failure or a small limit leads there.
bool needs_failure_or_world(CaseId id) {
    return id == case_id(op_index<Munmap>(), errno_case(Errno::enomem)) ||
           id == case_id(op_index<Fork>(), errno_case(Errno::enomem)) ||
           id == case_id(op_index<RemapFilePages>(), errno_case(Errno::enomem)) ||
           id == case_id(op_index<Madvise>(), errno_case(Errno::eagain)) ||
           id == case_id(op_index<AnonName>(), errno_case(Errno::eagain)) ||
           id == case_id(op_index<Mbind>(), errno_case(Errno::enomem)) ||
           id == case_id(op_index<HomeNode>(), errno_case(Errno::enomem));
}

}  // namespace

bool case_required(CaseId id, const SoakOptions& options, const Sight& sight, std::uint64_t steps) {
    if (!case_expected(id, *options.profile, steps)) return false;
    if (!offered(id, sight)) return false;
    if (!sight.failures && needs_failure(id)) return false;
    if (!sight.any_world && (needs_world(id) || needs_crowd(id))) return false;
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
    const std::uint64_t steps = std::max(totals.steps, steps_for_most_cases);
    for (CaseId id = 0; id < case_count; ++id) {
        if (totals.cases[id] == 0 && case_required(id, options, sight, steps))
            missing.push_back(case_name(id));
    }
    return missing;
}

}  // namespace vmacheck::cli
