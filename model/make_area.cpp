// See the header.
#include "model/make_area.h"

#include "model/advices.h"

namespace vmacheck {

std::vector<Op> operations_that_make(const World& world, const InitialArea& area) {
    const PageRange range = area.range;
    const Attributes& at = area.attributes;
    Mmap mmap;
    mmap.range = range;
    mmap.prot = {at.flags & access_flags};
    if (!at.file.none()) mmap.backing = {at.file, at.pgoff};
    if (at.flags.has(Flag::may_share)) mmap.sharing = Sharing::is_shared;
    if (at.flags.has(Flag::droppable)) mmap.sharing = Sharing::droppable;
    if (at.flags.has(Flag::grows_down)) mmap.stack = StackKind::grows_down;
    if (at.flags.has(Flag::noreserve)) mmap.reserve = Reserve::noreserve;

    std::vector<Op> ops{mmap};
    const bool execute_only = mmap.prot.flags == Flags(Flag::exec);
    const unsigned pkey = pkey_of(at.flags);
    if (pkey != (execute_only ? world.execute_only_pkey() : 0)) {
        ops.emplace_back(Mprotect{range, mmap.prot, Reach::range, pkey_named(pkey)});
    }
    for (const AdviceOfFlag& row : advices_of_flags) {
        if (at.flags.has(row.flag)) ops.emplace_back(Madvise{range, row.sets});
    }
    const bool on_fault = at.flags.has(Flag::lock_on_fault);
    const LockMode mode = on_fault ? LockMode::on_fault : LockMode::populate;
    if (at.flags.has(Flag::locked)) ops.emplace_back(Mlock{range, mode});
    if (at.policy != Policy::none) ops.emplace_back(Mbind{range, at.policy});
    if (at.home_node) ops.emplace_back(HomeNode{range});
    if (at.name != AreaName::none) ops.emplace_back(AnonName{range, at.name});
    if (!at.fault.none()) ops.emplace_back(Touch{range});
    if (at.uffd != UffdContext::none) {
        ops.emplace_back(UffdRegister{range, uffd_of(at.uffd), mode_of(at.flags)});
    }
    if (at.flags.has(Flag::sealed)) ops.emplace_back(Mseal{range});
    return ops;
}

}  // namespace vmacheck
