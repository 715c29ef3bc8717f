// The advices of madvise as the running kernel has them.
#pragma once

#include "model/op.h"

namespace vmacheck {

// The MADV_* of an advice.
[[nodiscard]] long live_number_of(Advice advice);

// Whether the kernel does what its profile says of the advice. Some depend on how it was built, or
// came to its series in the middle.
[[nodiscard]] bool live_follows(Advice advice);

}  // namespace vmacheck
