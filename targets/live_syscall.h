// What the bare calls of the target `live` have in common. Only targets/live_*.cpp include this.
#pragma once

#include <cstdint>

#include "model/page.h"
#include "model/result.h"

namespace vmacheck {

// The errno of a call that failed. One that no operation knows is no answer: something stands in
// the way of the system calls (a filter, say), and the program ends here.
[[nodiscard]] Errno errno_of(const char* call, int number);

// A range as a call takes it. One that leaves the world is cut off behind the page that follows it,
// which is a hole.
struct Stretch {
    std::uint64_t start;
    std::uint64_t bytes;
};
[[nodiscard]] Stretch stretch_of(PageRange range, PageCount world);

}  // namespace vmacheck
