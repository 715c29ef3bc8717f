// The protection keys of the running kernel.
#pragma once

#include <cstdint>

namespace vmacheck {

enum class LivePkeys : std::uint8_t {
    no_call,  // There is no pkey_mprotect().
    none,     // There is, and the processor has no keys, not even the default one.
    there,    // What they permit differs from what a world without keys permits.
};

// Tries the default key on a page.
[[nodiscard]] LivePkeys live_pkeys();

}  // namespace vmacheck
