// The window of the target `live`: the addresses that the pages of a world stand for.
//
// They lie far from everything that a process has (its program, heap, libraries and stack, and a
// sanitizer's shadow), with free addresses on both sides, so that nothing outside can merge with
// what is inside. The page behind the world is a hole: what leaves the world meets it.
#pragma once

#include <cstdint>

#include "model/page.h"

namespace vmacheck {

inline constexpr std::uint64_t live_page_bytes = 4096;
inline constexpr std::uint64_t live_window_start = std::uint64_t{1} << 45;
// Below the size of a huge page: a read fault in one would give an area a fault identity.
inline constexpr PageCount live_pages_max{256};
// Free before and behind the window.
inline constexpr std::uint64_t live_margin_bytes = std::uint64_t{1} << 30;

constexpr std::uint64_t live_address(Page page) {
    return live_window_start + page.value * live_page_bytes;
}

}  // namespace vmacheck
