// Userfaultfds as operations name them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/attributes.h"
#include "model/flags.h"

namespace vmacheck {

// A userfaultfd of the space, and what it is registered for: UFFDIO_REGISTER_MODE_MISSING, _WP.
enum class Uffd : std::uint8_t { a, b };
inline constexpr std::array<std::string_view, 2> uffd_names = {"a", "b"};
constexpr UffdContext context_of(Uffd uffd) {
    return uffd == Uffd::a ? UffdContext::a : UffdContext::b;
}
enum class UffdMode : std::uint8_t { missing, wp, both };
inline constexpr std::array<std::string_view, 3> uffd_mode_names = {"missing", "wp", "missing+wp"};
inline constexpr std::array<Flags, 3> uffd_mode_flags = {Flag::uffd_missing, Flag::uffd_wp,
                                                         uffd_flags};
constexpr Flags flags_of(UffdMode mode) {
    return uffd_mode_flags[static_cast<std::size_t>(mode)];
}

// What an area is registered with: it has a context, and the flags of one of the modes.
constexpr Uffd uffd_of(UffdContext context) {
    return context == UffdContext::b ? Uffd::b : Uffd::a;
}
constexpr UffdMode mode_of(Flags flags) {
    if (!flags.has(Flag::uffd_wp)) return UffdMode::missing;
    return flags.has(Flag::uffd_missing) ? UffdMode::both : UffdMode::wp;
}

}  // namespace vmacheck
