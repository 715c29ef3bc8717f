// The filters; see the header.
#include "cli/required.h"

#include <algorithm>
#include <initializer_list>

namespace vmacheck::cli {
namespace {

// What an alphabet without failures, forks and shared memory cannot lead to: it has one file, which
// may be written and has `mmap_prepare` alone, no bad argument, no limit, and one address space.
bool core_can_meet(CaseId id) {
    if (id >= op_count * case_kind_count) {
        // Failures leave D11 and D12 behind, forks D5 and D6, close hooks D9, KSM D16.
        const auto seam = static_cast<Seam>(id - op_count * case_kind_count);
        return seam == Seam::two_identities || seam == Seam::three_way;
    }
    const std::size_t op = id / case_kind_count;
    const std::size_t kind = id % case_kind_count;
    const std::string_view name = op_name(op);
    if (name == Fork::name) return false;
    if (kind >= shape_kind_count + errno_count) return false;  // Failures that struck.
    if (kind >= shape_kind_count) {
        // Only holes and what is mapped already can be refused.
        switch (static_cast<Errno>(kind - shape_kind_count)) {
            case Errno::ok: return true;
            case Errno::eexist: return name == Mmap::name;
            case Errno::enomem: return name == Mprotect::name || name == Madvise::name;
            case Errno::efault: return name == Touch::name;
            default: return false;
        }
    }
    switch (static_cast<CaseKind>(kind)) {
        case CaseKind::refused_forked:
        case CaseKind::refused_close:
        case CaseKind::refused_memory: return false;
        default: return true;
    }
}

bool failure_struck(CaseId id) {
    return id < op_count * case_kind_count &&
           id % case_kind_count >= shape_kind_count + errno_count;
}

}  // namespace

bool case_required(CaseId id, const SoakOptions& options, const Sight& sight) {
    if (!case_possible(id, *options.profile)) return false;
    if (!sight.failures && failure_struck(id)) return false;
    return options.alphabet == &full_alphabet() || core_can_meet(id);
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
