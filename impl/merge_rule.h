// The merge rule, area by area. Its twin, page by page, is in model/reference.cpp; neither is
// derived from the other.
//
// It answers whether two areas could be one. Whether they become one is decided where boundaries
// move (impl/address_space.cpp): there the close hook of an area that would go, and the three areas
// of a merge on both sides, are looked at.
#pragma once

#include "impl/bugs.h"
#include "impl/vma.h"
#include "model/profile.h"

namespace vmacheck::impl {

// Which of two areas is the range that is new or changes. The other one is its neighbour.
enum class RangeSide : std::uint8_t { left, right };

// The chain of identities (list_is_singular): one without identity has none in it, a forked one has
// those of its parents as well.
inline bool has_singular_chain(const Attributes& at) {
    return !at.fault.none() && !at.forked;
}

// Fault identities (is_mergeable_anon_vma): equal ones, or just one, which then holds for both
// sides. A forked identity does not spread, for its chain would have to be copied.
inline bool can_share_fault(FaultRule rule, const Attributes& range, const Attributes& neighbour) {
    if (range.fault == neighbour.fault) return true;
    if (!range.fault.none() && !neighbour.fault.none()) return false;
    if (rule == FaultRule::singular_neighbour && !has_singular_chain(neighbour)) {
        return has_singular_chain(range) && BUG(singular_chain_of_either_side);
    }
    return !range.forked && !neighbour.forked && !BUG(faulted_unfaulted_never_merge);
}

// What an area without an identity takes over from another whose pages become its own
// (dup_anon_vma).
inline void adopt_fault(Attributes& survivor, const Attributes& other) {
    if (!survivor.fault.none()) return;
    survivor.fault = other.fault;
    survivor.forked = other.forked;
}

// What a merged area has of its parts, though they need not have it in common (VM_STICKY).
inline void adopt_sticky(Attributes& survivor, const Attributes& other) {
    const Flags more = (other.flags & sticky_flags).without(survivor.flags);
    if (!more.empty() && !BUG(sticky_flag_lost_in_merge)) survivor.flags = survivor.flags | more;
}

// What no userfaultfd watches any more (userfaultfd_reset_ctx).
inline Attributes without_uffd(Attributes at) {
    at.flags = at.flags.without(uffd_flags);
    at.uffd = UffdContext::none;
    return at;
}

// Policies are compared by their value (mpol_equal).
inline bool same_policy(const Attributes& left, const Attributes& right) {
    return left.policy == right.policy && left.home_node == right.home_node;
}

// Contexts are compared as pointers are (is_mergeable_vm_userfaultfd_ctx).
inline bool same_uffd(const Attributes& left, const Attributes& right) {
    return left.uffd == right.uffd || BUG(uffd_context_not_compared);
}

// All flags but the sticky ones (VM_IGNORE_MERGE).
inline bool same_flags(Flags left, Flags right) {
    const Flags unlike = left ^ right;
    if (unlike.empty()) return true;
    return unlike.without(sticky_flags).empty() && !BUG(sticky_flag_keeps_areas_apart);
}

// All that two neighbours must have in common. Profiles without fault identity have none anywhere.
inline bool can_merge(const Profile& profile, const Vma& left, const Vma& right, RangeSide side) {
    const bool is_left = side == RangeSide::left;
    const Attributes& range = is_left ? left.attributes : right.attributes;
    const Attributes& neighbour = is_left ? right.attributes : left.attributes;
    const bool special = range.flags.has_any(special_flags) && !profile.maximal;
    return left.end == right.start &&                                    //
           same_flags(left.attributes.flags, right.attributes.flags) &&  //
           left.attributes.file == right.attributes.file &&              //
           left.pgoff_at(left.end) == right.attributes.pgoff &&          //
           same_policy(left.attributes, right.attributes) &&             //
           left.attributes.name == right.attributes.name &&              //
           same_uffd(left.attributes, right.attributes) &&               //
           can_share_fault(profile.fault_rule, range, neighbour) &&      //
           (!special || BUG(special_areas_merge));
}

// Left and right fit the range between them: whether they fit each other, too
// (can_vma_merge_right). Forked identities that may not spread did not fit the range.
inline bool can_meet(const Vma& left, const Vma& right) {
    const FaultId left_fault = left.attributes.fault;
    const FaultId right_fault = right.attributes.fault;
    return left_fault.none() || right_fault.none() || left_fault == right_fault;
}

// The identity of a neighbour may serve a first write fault (anon_vma_compatible and
// reusable_anon_vma): the areas could be one but for their access flags, names
// and contexts.
inline bool can_lend_fault(const Vma& left, const Vma& right, const Vma& lender) {
    const Flags unlike = left.attributes.flags ^ right.attributes.flags;
    return !lender.attributes.fault.none() && !lender.attributes.forked &&  //
           left.end == right.start &&                                       //
           unlike.without(access_flags | sticky_flags).empty() &&           //
           left.attributes.file == right.attributes.file &&                 //
           same_policy(left.attributes, right.attributes) &&                //
           left.pgoff_at(left.end) == right.attributes.pgoff;
}

}  // namespace vmacheck::impl
