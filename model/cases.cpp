// Names of the cases, and which of them a profile can show.
#include "model/cases.h"

#include <algorithm>
#include <initializer_list>

namespace vmacheck {
namespace {

constexpr std::array<std::string_view, shape_kind_count> shape_names = {
    "merge/left",        "merge/right",     "merge/both",        "merge/left_part",
    "merge/right_part",  "refused/flags",   "refused/file",      "refused/offset",
    "refused/policy",    "refused/name",    "refused/uffd",      "refused/fault",
    "refused/forked",    "refused/special", "refused/unfaulted", "refused/close",
    "refused/three_way", "refused/no_op",   "refused/memory",    "refused/guard",
    "refused/pkey",      "merge/sticky",    "merge/after_hook",  "merge/set_file",
    "split/start",       "split/end",       "split/both",
};

template <class... Ops>
constexpr bool is_one_of(std::size_t op) {
    return ((op == op_index<Ops>()) || ...);
}

// Operations that give other attributes to pieces of areas, and those that do so to whole ones.
constexpr bool changes_pieces(std::size_t op) {
    return is_one_of<Mprotect, Madvise, Mlock, Munlock, Mseal, AnonName, Mbind, HomeNode,
                     UffdRegister, UffdUnregister>(op);
}
constexpr bool changes_areas(std::size_t op) {
    return is_one_of<Mlockall, Munlockall, UffdClose>(op);
}
constexpr bool is_of_uffd(std::size_t op) {
    return is_one_of<UffdRegister, UffdUnregister, UffdClose>(op);
}
// Operations on anonymous memory alone, which has no hook.
constexpr bool is_of_anonymous(std::size_t op) {
    return op == op_index<AnonName>() || is_of_uffd(op);
}
// Operations that answer EINVAL only where a driver will not have its area cut.
constexpr bool refuses_for_driver_alone(std::size_t op) {
    return is_one_of<Mlock, Munlock, Mseal, Mbind, HomeNode>(op);
}
// Operations that take a context away, and go on where memory for the merge is short.
constexpr bool clears_uffd(std::size_t op) {
    return is_one_of<UffdUnregister, UffdClose>(op);
}

// Whether there are identities that do not go over to a neighbour without one.
bool faults_stay(const Profile& profile) {
    return profile.fault_identity && profile.fault_rule == FaultRule::singular_neighbour;
}

// Whether guards give identities to shared memory, too.
bool guards_give_identities(const Profile& profile) {
    return profile.guard_regions && !profile.guard_flag;
}

bool shape_possible(std::size_t op, CaseKind kind, const Profile& profile) {
    const bool maps = is_one_of<Mmap, Mremap, RemapFilePages>(op);
    const bool heap = op == op_index<Brk>();
    const bool remaps = op == op_index<RemapFilePages>();
    const bool changes = changes_pieces(op) || changes_areas(op);
    using enum CaseKind;
    switch (kind) {
        case merge_left:
        case refused_flags:
        case refused_file:
        case refused_policy:
        case refused_name:
        case refused_offset: return maps || changes || heap;
        case merge_right:
        case merge_both: return maps || changes;
        // What is new or cleared has no context, and beside it its flags differ before that does.
        case refused_uffd: return (changes && !clears_uffd(op)) || op == op_index<Mremap>();
        case merge_left_part:
        case merge_right_part: return changes_pieces(op);
        case refused_no_op: return changes || op == op_index<MemoryMerge>();
        // A new mapping has no identity yet.
        case refused_fault: return (changes || op == op_index<Mremap>()) && profile.fault_identity;
        // What is mapped once more is shared. That has no identity, unless it is from guards.
        case refused_forked:
            return (changes || heap || is_one_of<Mmap, Mremap>(op) ||
                    (remaps && guards_give_identities(profile))) &&
                   profile.fault_identity;
        case refused_special: {
            const bool changes_files =
                is_one_of<Mprotect, Madvise, Mseal, Mbind, HomeNode, Mremap>(op);
            const bool maps_file = is_one_of<Mmap, RemapFilePages>(op) && profile.prepare_hooks;
            return (changes_files || maps_file) && !profile.maximal;
        }
        case refused_unfaulted:
            return (changes || op == op_index<Mremap>()) && faults_stay(profile);
        case refused_close:
            return (maps || (changes && !is_of_anonymous(op))) && profile.close_hooks;
        case refused_three_way:
            return (changes || is_one_of<Mmap, Mremap>(op) ||
                    (remaps && guards_give_identities(profile))) &&
                   profile.fault_identity;
        case refused_memory: return (maps || clears_uffd(op)) && !profile.atomic;
        case refused_guard: {
            // In canonical mlock makes nothing present.
            const bool makes_present = op != op_index<Mlock>() || !profile.atomic;
            return is_one_of<Touch, Madvise, Mlock, Mlockall, Mprotect>(op) && makes_present &&
                   profile.guard_regions;
        }
        case refused_pkey:
            // In canonical neither mlock nor mremap makes anything present.
            return is_one_of<Touch, Mmap, Mlockall, RemapFilePages>(op) ||
                   (is_one_of<Mlock, Mremap>(op) && !profile.atomic);
        case merge_sticky:
            return (maps || changes || heap) && profile.guard_flag && !profile.maximal;
        case merge_set_file: return is_one_of<Mmap, RemapFilePages>(op) && profile.prepare_hooks;
        case merge_after_hook: return is_one_of<Mmap, RemapFilePages>(op) && profile.second_merge;
        case split_start:
        case split_end:
        case split_both: break;
    }
    return maps || heap || changes_pieces(op) || op == op_index<Munmap>();
}

bool errno_possible(std::size_t op, Errno error) {
    using enum Errno;
    switch (error) {
        case ok:
        case esrch: return true;
        case enomem: return !is_one_of<Touch, Munlockall, UffdClose, MemoryMerge>(op);
        case eagain: return is_one_of<Mmap, Madvise, AnonName, Mremap, RemapFilePages>(op);
        case eacces: return is_one_of<Mmap, Mprotect, Madvise, RemapFilePages>(op);
        case eperm:
            return is_one_of<Mmap, Munmap, Mprotect, Madvise, Mlock, Mlockall, Mremap,
                             RemapFilePages>(op);
        case efault: return is_one_of<Touch, Mbind, Mremap, Madvise>(op);
        case eexist: return is_one_of<Mmap, Fork, Mremap>(op);
        case declined:
        case enodev:
        case eoverflow: return is_one_of<Mmap, RemapFilePages>(op);
        case einval:
            return is_one_of<Mmap, Munmap, Mprotect, Madvise, Mlockall, Mremap, UffdRegister,
                             UffdUnregister, RemapFilePages>(op) ||
                   refuses_for_driver_alone(op);
        case ebadf: return op == op_index<AnonName>();
        case enoent:
        case eopnotsupp: return op == op_index<HomeNode>();
        case ebusy: return op == op_index<UffdRegister>();
    }
    return false;  // Unreached: the errnos are all named.
}

bool unwind_possible(std::size_t op, Stage stage, const Profile& profile) {
    const bool changes = changes_pieces(op) || (changes_areas(op) && stage == Stage::merge);
    const bool maps = is_one_of<Mmap, Mremap, RemapFilePages, Brk>(op);
    const bool grows = op == op_index<Touch>() && !profile.maximal;  // A stack.
    switch (stage) {
        case Stage::split: return maps || op == op_index<Munmap>() || changes;
        case Stage::merge: return (maps || changes) && !profile.atomic;
        case Stage::charge: return is_one_of<Mmap, Mprotect, Fork, Mremap, Brk>(op) || grows;
        case Stage::allocation: return maps || op == op_index<Fork>() || grows;
        case Stage::move: return op == op_index<Mremap>() && !profile.atomic;
        case Stage::prepare: return is_one_of<Mmap, RemapFilePages>(op) && profile.prepare_hooks;
        case Stage::hook:
        case Stage::writable: return is_one_of<Mmap, RemapFilePages>(op);
        case Stage::policy: return maps || changes_pieces(op) || is_one_of<Munmap, Fork>(op);
        case Stage::anon: {
            // What is mapped once more is shared. That has no identity, unless it is from guards.
            const bool shared =
                op == op_index<RemapFilePages>() && !guards_give_identities(profile);
            const bool has_areas =
                maps || changes || changes_areas(op) || is_one_of<Munmap, Fork>(op);
            return has_areas && !shared && profile.fault_identity;
        }
        case Stage::name: return op == op_index<AnonName>();
        case Stage::may_split:
            return maps || op == op_index<Munmap>() || (changes_pieces(op) && !is_of_anonymous(op));
        case Stage::detach: return (maps || op == op_index<Munmap>()) && !profile.atomic;
        case Stage::clear: return is_one_of<Munmap, Mremap, Brk, Fork>(op) && !profile.atomic;
        case Stage::link: return op == op_index<Mremap>() && !profile.atomic;
        case Stage::shmem: break;
    }
    return op == op_index<Mmap>();
}

bool seam_possible(Seam seam, const Profile& profile) {
    if (profile.maximal) return false;
    switch (seam) {
        case Seam::none: return false;
        case Seam::forked_and_unfaulted:
        case Seam::two_identities:
        case Seam::three_way: return profile.fault_identity;
        case Seam::unfaulted_neighbour: return faults_stay(profile);
        case Seam::close_hook: return profile.close_hooks;
        case Seam::old_place_unfaulted: return profile.fault_identity;
        case Seam::copy_of_neighbour: return profile.dontunmap == Dontunmap::range;
        case Seam::changed_by_move:
        case Seam::given:
        case Seam::special_areas:
        case Seam::stack_growth:
        case Seam::heap_start:
        case Seam::unlocked_after_merge:
        case Seam::fork_copies_seams:
        case Seam::split_left_behind:
        case Seam::merge_out_of_memory:
        case Seam::merge_given_up:
        case Seam::flags_after_merge: break;
    }
    return true;
}

bool is_unwind(CaseId id) {
    return id < op_count * case_kind_count &&
           id % case_kind_count >= shape_kind_count + errno_count;
}

// What takes a chain of steps that is seldom drawn.
bool is_rare(CaseId id, const Profile& profile) {
    const std::size_t op = id / case_kind_count;
    const auto is_one = [id, op](std::initializer_list<CaseKind> kinds) {
        return std::any_of(kinds.begin(), kinds.end(),
                           [=](CaseKind kind) { return id == case_id(op, kind); });
    };
    using enum CaseKind;
    constexpr CaseKind of_policy = unwind_case(Stage::policy);
    constexpr CaseKind of_may_split = unwind_case(Stage::may_split);
    constexpr CaseKind of_anon = unwind_case(Stage::anon);
    // Without identities offsets differ where pieces of a shared object moved out of their order,
    // and a copy has no userfaultfd; a place that is cut out is seldom asked for twice.
    const bool moves = op == op_index<Mremap>();
    if (profile.maximal && is_of_uffd(op) && is_one({refused_offset})) return true;
    if (profile.maximal && moves && is_one({refused_uffd, of_policy, of_may_split})) return true;
    if (moves && is_one({refused_three_way})) return true;
    // Memory with another offset has to move to where the heap ends, and the heap has neither a
    // driver nor a policy but what other operations bring there.
    if (op == op_index<Brk>()) return is_one({refused_offset, of_policy, of_may_split});
    // What is mapped once more is shared. Its file is one that could be mapped before, unless
    // another hook set it, and has room for what was mapped.
    if (op == op_index<RemapFilePages>()) {
        return is_one({refused_forked, refused_three_way, merge_after_hook, merge_set_file,
                       errno_case(Errno::declined), errno_case(Errno::eacces),
                       errno_case(Errno::enodev), of_policy, of_may_split, of_anon,
                       unwind_case(Stage::detach)});
    }
    if (refuses_for_driver_alone(op) && is_one({errno_case(Errno::einval), of_may_split}))
        return true;
    // Few areas that are watched, locked or sealed have a policy.
    const bool seldom = is_one_of<UffdUnregister, Munlock, Mseal>(op);
    if (seldom && is_one({of_policy})) return true;
    // An identity goes over to a neighbour only now and then.
    return changes_areas(op) && is_one({of_anon});
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
    if (other < errno_count) return errno_possible(op, static_cast<Errno>(other));
    return unwind_possible(op, static_cast<Stage>(other - errno_count), profile);
}

bool case_expected(CaseId id, const Profile& profile, std::uint64_t steps) {
    if (steps < steps_for_most_cases || !case_possible(id, profile)) return false;
    if (steps >= steps_for_every_stage && is_unwind(id)) return true;
    return !is_rare(id, profile);
}

}  // namespace vmacheck
