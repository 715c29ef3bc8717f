// Points that can fail; see the header.
#include "search/count_points.h"

namespace vmacheck {

std::optional<Finding> count_points(Lockstep& lockstep, const World& world,
                                    const std::vector<Step>& steps,
                                    std::vector<std::size_t>& points) {
    points.clear();
    lockstep.begin(world, Cells(world, steps));
    for (const Step& step : steps) {
        if (std::optional<Finding> finding = lockstep.step(step)) return finding;
        points.push_back(lockstep.points());
    }
    return lockstep.finish();
}

}  // namespace vmacheck
