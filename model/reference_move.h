// What the two kinds of mremap ask of its arguments. Only model/reference*.cpp include this.
#pragma once

#include "model/reference.h"

namespace vmacheck {

// MREMAP_FIXED and MREMAP_DONTUNMAP name a new place; else pages move only if they must.
inline bool names_place(const Mremap& op) {
    return op.moving == Moving::fixed || op.old_place == OldPlace::dont_unmap;
}

// The pages of the old place that a smaller new one leaves over.
inline PageRange tail_of(const Mremap& op) {
    return range_between(op.from.start + op.to.count, op.from.end());
}

inline bool grows(const Mremap& op) {
    return op.to.count > op.from.count;
}

// Nothing but the place changes. Then several areas may be taken along.
inline bool only_moves(const Mremap& op) {
    return op.moving == Moving::fixed && op.from.count == op.to.count;
}

// The pages that there will be more of have to be paid for, if they are of that kind.
inline bool asks_for_charge(const Mremap& op, const Attributes& first) {
    const bool keeps = op.old_place == OldPlace::dont_unmap;
    return first.flags.has(Flag::account) && (keeps || grows(op));
}

// Anonymous memory that was never written to belongs where it lies (copy_vma()).
inline Attributes moved_to(Page start, Attributes first) {
    if (first.file.none() && first.fault.none()) first.pgoff = start.value;
    return first;
}

}  // namespace vmacheck
