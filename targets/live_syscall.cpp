// See the header.
#include "targets/live_syscall.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "targets/live_window.h"

namespace vmacheck {

Errno errno_of(const char* call, int number) {
    constexpr std::array<std::pair<int, Errno>, 14> known = {{
        {EPERM, Errno::eperm},
        {ESRCH, Errno::esrch},
        {EAGAIN, Errno::eagain},
        {ENOMEM, Errno::enomem},
        {EACCES, Errno::eacces},
        {EFAULT, Errno::efault},
        {EEXIST, Errno::eexist},
        {ENODEV, Errno::enodev},
        {EINVAL, Errno::einval},
        {EOVERFLOW, Errno::eoverflow},
        {EBADF, Errno::ebadf},
        {ENOENT, Errno::enoent},
        {EOPNOTSUPP, Errno::eopnotsupp},
        {EBUSY, Errno::ebusy},
    }};
    for (const auto& [theirs, ours] : known) {
        if (theirs == number) return ours;
    }
    std::fprintf(stderr, "CHECK failed: %s answered %s\n", call, strerrorname_np(number));
    std::abort();
}

Stretch stretch_of(PageRange range, PageCount world) {
    const std::uint64_t start = std::min(range.start.value, world.value);
    std::uint64_t pages = range.count.value;
    if (range.start.value >= world.value) pages = std::min<std::uint64_t>(pages, 1);
    pages = std::min(pages, world.value + 1 - start);
    return {live_address(Page{start}), pages * live_page_bytes};
}

}  // namespace vmacheck
