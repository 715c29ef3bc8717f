// The adapter between Target and Machine.
#include "impl/impl_target.h"

namespace vmacheck {

void ImplTarget::create(const World& world) {
    machine_.create(world);
    if (options_.verify) machine_.verify();
}

Errno ImplTarget::apply(const Step& step, StepLog& log) {
    const Errno error = machine_.apply(step, log);
    if (options_.verify) machine_.verify();
    return error;
}

bool ImplTarget::has_space(SpaceId space) const {
    return machine_.has_space(space);
}

void ImplTarget::observe(SpaceId space, SpaceView& view) const {
    machine_.space(space).observe(view);
}

void ImplTarget::observe(MachineView& view) const {
    machine_.observe(view);
}

}  // namespace vmacheck
