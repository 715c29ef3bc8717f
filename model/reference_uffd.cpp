// The reference's userfaultfds (Linux: userfaultfd_register() and userfaultfd_unregister() in
// fs/userfaultfd.c, userfaultfd_register_range(), userfaultfd_clear_vma() and
// userfaultfd_release_all() in mm/userfaultfd.c). The twin, area by area, is impl/uffd.cpp.
#include "model/check_macro.h"
#include "model/reference_walk.h"

namespace vmacheck {

// Every page of the range is looked at before anything is changed. Holes are welcome, but not a
// range that is one. What another userfaultfd watches is `of_another`, and what this one watches is
// EBUSY if it has one of the modes that would be dropped.
Errno Reference::refusal_of_uffd(PageRange range, Uffd uffd, Errno of_another,
                                 Flags dropped) const {
    // validate_range(): what lies behind the world is no address of a process.
    if (range.empty() || range.end().value > world_->pages.value) return Errno::einval;
    const Piece piece = inside_world(range);
    if (!any_mapped(piece)) return Errno::einval;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (!mapped(cell)) continue;
        const Attributes& at = cells()[cell].attributes;
        // vma_can_userfault(): anonymous memory, shared or not, but not what may be thrown away;
        // the driver of a file does not know such faults. Behind that the kernel asks for the right
        // to write, which anonymous memory never lacks.
        if (world_->file(at.file) != nullptr || at.flags.has(Flag::droppable)) return Errno::einval;
        const bool own = at.uffd == context_of(uffd);
        if (!own && at.uffd != UffdContext::none && of_another != Errno::ok) return of_another;
        if (own && at.flags.has_any(dropped)) return Errno::ebusy;
    }
    return Errno::ok;
}

// An area that has all of the modes keeps the others that it may have; else it loses these.
Errno Reference::run(const UffdRegister& op) {
    const Flags modes = flags_of(op.mode);
    const bool wp_stays = world_->profile->uffd_wp == UffdWp::stays;
    const Flags dropped = wp_stays ? Flags(Flag::uffd_wp).without(modes) : Flags{};
    const Errno refused = refusal_of_uffd(op.range, op.uffd, Errno::ebusy, dropped);
    if (refused != Errno::ok) return refused;
    const UffdContext context = context_of(op.uffd);
    return change_pieces(op.range, {Holes::skip}, [&](std::size_t cell) {
        Change wanted{Errno::ok, cells()[cell].attributes};
        if (wanted.to.uffd == context && wanted.to.flags.has(modes)) return wanted;
        wanted.to.uffd = context;
        wanted.to.flags = wanted.to.flags.without(uffd_flags) | modes;
        return wanted;
    });
}

Errno Reference::run(const UffdUnregister& op) {
    const bool anybody = world_->profile->uffd_unregister == UnregisterBy::anybody;
    const Errno of_another = anybody ? Errno::ok : Errno::einval;
    const Errno refused = refusal_of_uffd(op.range, op.uffd, of_another, {});
    if (refused != Errno::ok) return refused;
    return change_pieces(op.range, {Holes::skip},
                         [&](std::size_t cell) { return uffd_cleared(cell); });
}

// Every area of the context as a whole. Nothing keeps a file from being closed.
Errno Reference::run(const UffdClose& op) {
    for (std::size_t cell = 0; cell < layout_.count();) {
        if (!mapped(cell)) {
            ++cell;
            continue;
        }
        const Piece area{cell, area_end(cell)};
        if (cells()[cell].attributes.uffd == context_of(op.uffd))
            CHECK(change(area, uffd_cleared(cell)) == Errno::ok);
        else
            cases_->hit(CaseKind::refused_no_op);
        cell = area_end(area.end - 1);
    }
    return Errno::ok;
}

// userfaultfd_clear_vma(): what is there as a whole needs no memory to be cleared, and is left
// beside its like if there is none to merge them.
Reference::Change Reference::uffd_cleared(std::size_t cell) const {
    Change wanted{Errno::ok, without_uffd(cells()[cell].attributes)};
    wanted.may_stay_apart = true;
    return wanted;
}

}  // namespace vmacheck
