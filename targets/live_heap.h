// The heap of the process, lent to a step: brk() moves the break of a process, and that of this one
// belongs to malloc().
//
// For the time of one call the break is where the program has it (PR_SET_MM_MAP, which needs no
// privilege as long as the executable stays), and then it is back where it was.
#pragma once

#include <sys/prctl.h>

#include <cstdint>

namespace vmacheck {

class LiveHeap {
  public:
    // Learns where the process has its memory. False if the kernel does not lend the break.
    [[nodiscard]] bool open();

    // Moves the break from `end` to `to` in a heap that starts at `start`. Whether it moved.
    [[nodiscard]] bool move(std::uint64_t start, std::uint64_t end, std::uint64_t to) const;

  private:
    [[nodiscard]] static bool set(prctl_mm_map map);

    prctl_mm_map own_{};
};

}  // namespace vmacheck
