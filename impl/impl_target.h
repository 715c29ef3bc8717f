// ImplTarget: impl as a system under test, behind the same door as every other.
#pragma once

#include <string_view>

#include "impl/machine.h"
#include "model/target.h"

namespace vmacheck {

struct ImplOptions {
    bool verify = false;  // After each step, the full walk: a broken invariant aborts at once.
};

class ImplTarget final : public Target {
  public:
    explicit ImplTarget(ImplOptions options) : options_(options) {}

    [[nodiscard]] std::string_view name() const override { return "impl"; }
    // Shows everything.
    [[nodiscard]] const Sight& sight() const override { return sight_; }

    void create(const World& world) override;
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override;
    [[nodiscard]] bool has_space(SpaceId space) const override;
    void observe(SpaceId space, SpaceView& view) const override;
    void observe(MachineView& view) const override;

  private:
    ImplOptions options_;
    Sight sight_;
    impl::Machine machine_;
};

}  // namespace vmacheck
