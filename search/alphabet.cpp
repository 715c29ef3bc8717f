// The alphabets, and which cases a run over one of them can meet.
#include "search/generate.h"

namespace vmacheck {
namespace {

// What an alphabet without failures, forks and shared memory cannot lead to: it has one file, which
// may be written and has the usual driver, no bad argument, no limit, and one address space.
bool core_can_meet(CaseId id) {
    if (id >= op_count * case_kind_count) {
        // Failures leave D11 and D12 behind, forks D5 and D6, drivers D8 and D9, KSM D16.
        const auto seam = static_cast<Seam>(id - op_count * case_kind_count);
        return seam == Seam::two_identities || seam == Seam::three_way ||
               seam == Seam::unfaulted_neighbour;
    }
    const std::size_t op = id / case_kind_count;
    const std::size_t kind = id % case_kind_count;
    const std::string_view name = op_name(op);
    if (op >= op_index<Fork>()) return false;
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
        case CaseKind::refused_special:
        case CaseKind::refused_policy:
        case CaseKind::refused_name:
        case CaseKind::refused_uffd:
        case CaseKind::refused_memory:
        case CaseKind::refused_guard:
        case CaseKind::refused_pkey:
        case CaseKind::merge_sticky:
        case CaseKind::merge_after_hook:
        case CaseKind::merge_set_file: return false;
        default: return true;
    }
}

}  // namespace

const Alphabet& core_alphabet() {
    static const Alphabet alphabet{
        "core",
        false,
        false,
        false,
        {{read_write_flags}, {Flag::read}, {read_write_flags | Flag::exec}, {}},
        {Advice::dontdump, Advice::dodump, Advice::dontneed},
    };
    return alphabet;
}

const Alphabet& full_alphabet() {
    static const Alphabet alphabet = [] {
        Alphabet full{"full", true, true, true, {}, {}};
        for (std::uint32_t bits : {3U, 1U, 7U, 0U, 5U, 2U}) full.prots.push_back({Flags::of(bits)});
        // Those about pages belong to the families.
        constexpr auto last = static_cast<std::size_t>(Advice::dontneed);
        for (std::size_t advice = 0; advice <= last; ++advice) {
            full.advices.push_back(static_cast<Advice>(advice));
        }
        return full;
    }();
    return alphabet;
}

const Alphabet* find_alphabet(std::string_view name) {
    for (const Alphabet* alphabet : {&core_alphabet(), &full_alphabet()}) {
        if (alphabet->name == name) return alphabet;
    }
    return nullptr;
}

bool alphabet_allows(const Alphabet& alphabet, CaseId id) {
    return &alphabet == &full_alphabet() || core_can_meet(id);
}

}  // namespace vmacheck
