// FNV-1a of 64 bits: names for texts and states that are the same on every machine. No defence
// against anybody.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmacheck {

constexpr std::uint64_t fnv1a(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char byte : bytes) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    }
    return hash;
}

}  // namespace vmacheck
