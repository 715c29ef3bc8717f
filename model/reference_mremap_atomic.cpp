// The reference's mremap where it changes everything or nothing.
#include <algorithm>

#include "model/reference_move.h"
#include "model/reference_walk.h"

namespace vmacheck {

// Profile `canonical`: everything is checked and paid for before anything moves. Memory is asked
// for once, whatever has to be cut.
Errno Reference::remap_at_once(const Mremap& op) {
    const std::vector<Mremap> parts = moves_areas(op) ? parts_of(op) : std::vector<Mremap>{op};
    if (parts.empty()) return Errno::efault;
    for (const Mremap& part : parts) {
        if (moves_areas(op) && has_uffd(part) && part.from != op.from) return Errno::efault;
        if (const Errno error = refusal_of_area(part); error != Errno::ok) return error;
    }
    if (!names_place(op) && !grows(op)) {
        return op.from.count == op.to.count ? Errno::ok : run(Munmap{tail_of(op)});
    }
    const bool in_place = can_grow_in_place(op);
    const bool keeps = op.old_place == OldPlace::dont_unmap;
    bool charges = false;
    PageCount copied;
    for (const Mremap& part : parts) {
        const Errno error = in_place ? Errno::ok : refusal_at_once(part);
        if (error != Errno::ok) return error;
        const Attributes& first = cells()[layout_.index(part.from.start)].attributes;
        // What the new place will lose is not taken off.
        copied += part.from.count;
        if (keeps && !may_expand(first.flags, copied)) return Errno::enomem;
        charges = charges || asks_for_charge(part, first);
    }
    if (charges && log_->fails(Stage::charge)) return Errno::enomem;
    if (log_->fails(Stage::allocation)) return Errno::enomem;

    for (const Mremap& part : parts) {
        const Piece old = inside_world(part.from);
        const Attributes& there = cells()[old.start].attributes;
        if (in_place) {
            Attributes first = there;
            first.pgoff += part.from.count.value;
            const Piece added{old.end, layout_.index(part.from.start + part.to.count)};
            join_new_range(added, first, fit_of_new_range(added, first, Extends::prev));
            continue;
        }
        const Piece place = inside_world(part.to);
        const Attributes first = without_uffd(moved_to(part.to.start, there));
        erase(place);
        join_new_range(place, first, fit_of_new_range(place, first));
        move_guards({part.from.start, std::min(part.from.count, part.to.count)}, part.to.start);
        const Piece left = inside_world(part.from);
        if (!keeps) erase(left);
        for (std::size_t cell = left.start; keeps && cell < left.end; ++cell) {
            Flags& flags = cells()[cell].attributes.flags;
            flags = flags.without(locked_flags);
        }
    }
    return Errno::ok;
}

// What refuses the place of one area, in the order in which the kernel would come to it.
Errno Reference::refusal_at_once(const Mremap& op) const {
    if (const Errno error = refusal_to_move(op); error != Errno::ok) return error;
    if (op.moving == Moving::fixed && any_sealed(inside_world(op.to))) return Errno::eperm;
    if (op.to.count < op.from.count) {
        if (op.from.end().value > world_->pages.value) return Errno::einval;
        if (any_sealed(inside_world(tail_of(op)))) return Errno::eperm;
    }
    // Nothing is left to be mapped a second time.
    if (op.moving == Moving::fixed)
        return op.to.contains(op.from.start) ? Errno::efault : Errno::ok;
    return is_free(op.to) ? Errno::ok : Errno::eexist;
}

}  // namespace vmacheck
