// Names of the cases, and which of them a profile can show.
#include "model/cases.h"

namespace vmacheck {
namespace {

constexpr std::array<std::string_view, shape_kind_count> shape_names = {
    "merge/left",    "merge/right",       "merge/both",     "merge/left_part", "merge/right_part",
    "refused/flags", "refused/file",      "refused/offset", "refused/fault",   "refused/forked",
    "refused/close", "refused/three_way", "refused/no_op",  "refused/memory",  "split/start",
    "split/end",     "split/both",
};

// Op is the operation's index in the variant, by type.
template <class Wanted, std::size_t index = 0>
constexpr std::size_t op_index() {
    if constexpr (std::is_same_v<std::variant_alternative_t<index, Op>, Wanted>) {
        return index;
    } else {
        return op_index<Wanted, index + 1>();
    }
}

constexpr bool is_any_of(auto value, auto... candidates) {
    return ((value == candidates) || ...);
}

bool shape_possible(std::size_t op, CaseKind kind, const Profile& profile) {
    const bool maps = op == op_index<Mmap>();
    const bool changes = is_any_of(op, op_index<Mprotect>(), op_index<Madvise>());
    using enum CaseKind;
    switch (kind) {
        case merge_left:
        case merge_right:
        case merge_both:
        case refused_flags:
        case refused_file:
        case refused_offset: return maps || changes;
        case merge_left_part:
        case merge_right_part:
        case refused_no_op: return changes;
        case refused_fault: return changes && profile.fault_identity;
        case refused_forked: return (maps || changes) && profile.fault_identity;
        case refused_close: return (maps || changes) && profile.close_hooks;
        case refused_three_way: return (maps || changes) && profile.fault_identity;
        case refused_memory: return maps && !profile.atomic;
        case split_start:
        case split_end:
        case split_both: break;
    }
    return maps || changes || op == op_index<Munmap>();
}

bool errno_possible(std::size_t op, Errno error, const Profile& profile) {
    using enum Errno;
    switch (error) {
        case ok:
        case esrch: return true;
        case enomem: return op != op_index<Touch>();
        case eagain: return op == op_index<Madvise>();
        case eacces: return is_any_of(op, op_index<Mmap>(), op_index<Mprotect>());
        case efault: return op == op_index<Touch>();
        case eexist: return is_any_of(op, op_index<Mmap>(), op_index<Fork>());
        case enodev:
        case eoverflow: return op == op_index<Mmap>();
        case einval:
            return is_any_of(op, op_index<Mmap>(), op_index<Munmap>(), op_index<Madvise>());
        case declined: return op == op_index<Mmap>() && !profile.close_hooks;
        default: return false;
    }
}

bool unwind_possible(std::size_t op, Stage stage, const Profile& profile) {
    const bool changes = is_any_of(op, op_index<Mprotect>(), op_index<Madvise>());
    switch (stage) {
        case Stage::split: return op == op_index<Mmap>() || op == op_index<Munmap>() || changes;
        case Stage::merge: return (op == op_index<Mmap>() || changes) && !profile.atomic;
        case Stage::charge:
            return is_any_of(op, op_index<Mmap>(), op_index<Mprotect>(), op_index<Fork>());
        case Stage::allocation: return is_any_of(op, op_index<Mmap>(), op_index<Fork>());
        case Stage::prepare:
        case Stage::hook:
        case Stage::shmem: break;
    }
    return op == op_index<Mmap>();
}

bool seam_possible(Seam seam, const Profile& profile) {
    return seam != Seam::none && !profile.maximal;
}

}  // namespace

std::string case_name(CaseId id) {
    if (id >= case_count) return "none";
    if (id >= op_count * case_kind_count) {
        return "seam/" + std::string(seam_names[id - op_count * case_kind_count]);
    }
    std::string name(op_name(id / case_kind_count));
    const std::size_t kind = id % case_kind_count;
    if (kind < shape_kind_count) return name + "/" + std::string(shape_names[kind]);
    const std::size_t other = kind - shape_kind_count;
    if (other < errno_count) return name + "/errno/" + std::string(errno_names[other]);
    return name + "/unwind/" + std::string(stage_names[other - errno_count]);
}

bool case_possible(CaseId id, const Profile& profile) {
    if (id >= op_count * case_kind_count) {
        return seam_possible(static_cast<Seam>(id - op_count * case_kind_count), profile);
    }
    const std::size_t op = id / case_kind_count;
    const std::size_t kind = id % case_kind_count;
    if (kind < shape_kind_count) return shape_possible(op, static_cast<CaseKind>(kind), profile);
    const std::size_t other = kind - shape_kind_count;
    if (other < errno_count) return errno_possible(op, static_cast<Errno>(other), profile);
    return unwind_possible(op, static_cast<Stage>(other - errno_count), profile);
}

}  // namespace vmacheck
