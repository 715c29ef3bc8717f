// LiveTarget: the running kernel as a system under test, by system calls and /proc.
//
// It works on the very process that it is in, so it may only be used in a child that was made for
// it (targets/child.h): create() CHECKs that the process dies with its parent. There is one window,
// so one LiveTarget at a time is in use.
//
// What the kernel does not show is withheld in sight(), with the reasons.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/target.h"
#include "targets/live_calls.h"
#include "targets/live_kernel.h"
#include "targets/live_spaces.h"

namespace vmacheck {

class LiveTarget final : public Target {
  public:
    LiveTarget();

    [[nodiscard]] std::string_view name() const override { return "live"; }
    [[nodiscard]] const Sight& sight() const override { return sight_; }

    void create(const World& world) override;
    [[nodiscard]] std::string_view refusal() const override { return refusal_; }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override;
    [[nodiscard]] bool has_space(SpaceId space) const override { return spaces_.has(space); }
    void observe(SpaceId space, SpaceView& view) const override;
    void observe(MachineView& view) const override;

  private:
    void enter_process();
    void empty_window();
    [[nodiscard]] std::string make_world();
    [[nodiscard]] std::string make_areas();
    [[nodiscard]] bool make_area(const InitialArea& area);
    [[nodiscard]] FileId identity_of(const LiveArea& area) const;

    Sight sight_;
    const World* world_ = nullptr;
    std::string refusal_;
    LiveCalls calls_;
    LiveSpaces spaces_;
    bool entered_ = false;
    // The objects behind shared anonymous mappings, by their inodes, in the order of appearance.
    mutable std::vector<std::uint64_t> objects_;
};

}  // namespace vmacheck
