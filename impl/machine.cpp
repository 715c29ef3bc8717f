// Which space a step goes to.
#include "impl/machine.h"

#include <type_traits>
#include <variant>

#include "impl/bugs.h"
#include "model/check_macro.h"

namespace vmacheck::impl {

void Machine::create(const World& world) {
    world_ = &world;
    ledger_.create(world.files.size());
    for (std::size_t i = 0; i < spaces_.size(); ++i) {
        spaces_[i].create(SpaceId{static_cast<std::uint8_t>(i)}, world.heap,
                          i == 0 && world.memory_merge);
        exists_[i] = i == 0;
    }
    StepLog unheard;
    Call call{world, ledger_, unheard, true};
    for (const InitialArea& area : world.areas) spaces_[0].add_initial(call, area);
    if (world.profile->maximal) spaces_[0].merge_all(call);
}

bool Machine::has_space(SpaceId id) const {
    return id.value < exists_.size() && exists_[id.value];
}

const AddressSpace& Machine::space(SpaceId id) const {
    CHECK(has_space(id));
    return spaces_[id.value];
}

Errno Machine::apply(const Step& step, StepLog& log) {
    CHECK(world_ != nullptr);
    if (!has_space(step.space)) return Errno::esrch;
    Call call{*world_, ledger_, log, false};
    AddressSpace& space = spaces_[step.space.value];
    return std::visit(
        [&](const auto& op) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(op)>, Fork>) {
                return run_fork(call, space, op);
            } else {
                return space.run(call, op);
            }
        },
        step.op);
}

Errno Machine::run_fork(Call& call, AddressSpace& parent, const Fork& op) {
    if (op.child.value >= spaces_.size()) return Errno::einval;
    if (has_space(op.child)) return Errno::eexist;
    AddressSpace& child = spaces_[op.child.value];
    const Errno error = parent.dup_mmap(call, child);
    exists_[op.child.value] = error == Errno::ok || BUG(fork_copy_failure_exposes_partial_tree);
    return error;
}

}  // namespace vmacheck::impl
