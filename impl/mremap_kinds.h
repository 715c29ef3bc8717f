// What kind of mremap this is: impl/mremap.cpp decides what is done, impl/move_vma.cpp moves an
// area.
#pragma once

#include <algorithm>

#include "impl/address_space.h"

namespace vmacheck::impl {

inline bool keeps_old_place(const Mremap& op) {
    return op.old_place == OldPlace::dont_unmap;
}

inline bool implies_new_addr(const Mremap& op) {
    return op.moving == Moving::fixed || keeps_old_place(op);
}

// Of what stays nothing but the range itself changes.
inline bool leaves_the_rest(const Call& call, const Mremap& op) {
    return keeps_old_place(op) && call.world.profile->dontunmap == Dontunmap::range &&
           !call.atomic();
}

// What the commit limit is asked for: where the old place is unmapped its charge moves along.
inline PageCount pages_to_charge(const Mremap& op, const Attributes& attributes) {
    if (!attributes.flags.has(Flag::account)) return {};
    if (keeps_old_place(op)) return op.to.count;
    PageCount pages = op.to.count;
    pages -= std::min(op.from.count, op.to.count);
    return pages;
}

}  // namespace vmacheck::impl
