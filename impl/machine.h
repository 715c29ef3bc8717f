// Machine: all address spaces of a program, and what they share. A value: copying it copies the
// whole state. It works without exceptions and recursion, and once its memory has grown without
// allocation.
#pragma once

#include <array>

#include "impl/address_space.h"
#include "impl/ledger.h"
#include "model/program.h"
#include "model/step_log.h"
#include "model/target.h"

namespace vmacheck::impl {

class Machine {
  public:
    // Starts anew with space 0 and the initial areas. Memory is kept; `world` outlives its use.
    void create(const World& world);

    [[nodiscard]] Errno apply(const Step& step, StepLog& log);

    [[nodiscard]] bool has_space(SpaceId id) const;
    [[nodiscard]] const AddressSpace& space(SpaceId id) const;
    void observe(MachineView& view) const { ledger_.observe(view); }

    // The full walk: CHECKs every invariant of impl/address_space.h in every space, and the
    // counters that spaces share.
    void verify() const;

  private:
    [[nodiscard]] Errno run_fork(Call& call, AddressSpace& parent, const Fork& op);

    const World* world_ = nullptr;
    std::array<AddressSpace, space_count_max> spaces_;
    std::array<bool, space_count_max> exists_{};
    Ledger ledger_;
    mutable Ledger recounted_;  // Only memory for verify().
};

}  // namespace vmacheck::impl
