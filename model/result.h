// What an operation answers: ok or an errno, as a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmacheck {

enum class Errno : std::uint8_t {
    ok,
    eperm,
    esrch,
    eagain,
    enomem,
    eacces,
    efault,
    eexist,
    enodev,
    einval,
    eoverflow,
    ebadf,
    enoent,
    eopnotsupp,
    ebusy,
    declined,  // The system does not offer the operation: no result at all, nothing is compared.
};
inline constexpr int errno_count = 16;

inline constexpr std::array<std::string_view, errno_count> errno_names = {
    "ok",     "EPERM",  "ESRCH",     "EAGAIN", "ENOMEM", "EACCES",     "EFAULT", "EEXIST",
    "ENODEV", "EINVAL", "EOVERFLOW", "EBADF",  "ENOENT", "EOPNOTSUPP", "EBUSY",  "declined",
};

constexpr std::string_view name_of(Errno error) {
    return errno_names[static_cast<std::size_t>(error)];
}

// `unused`: the step carried a failure, and the operation never came to the point where it strikes.
struct Result {
    Errno error = Errno::ok;
    bool unused = false;
    friend constexpr bool operator==(Result, Result) = default;
};

}  // namespace vmacheck
