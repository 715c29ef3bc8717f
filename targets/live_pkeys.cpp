// A look at one page; see the header.
#include "targets/live_pkeys.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "targets/live_window.h"

namespace vmacheck {
namespace {

LivePkeys look() {
    void* const page =
        mmap(nullptr, live_page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return LivePkeys::no_call;
    LivePkeys found = LivePkeys::there;
    if (syscall(SYS_pkey_mprotect, page, live_page_bytes, static_cast<long>(PROT_READ), 0L) != 0) {
        found = errno == EINVAL ? LivePkeys::none : LivePkeys::no_call;
    }
    munmap(page, live_page_bytes);
    return found;
}

}  // namespace

LivePkeys live_pkeys() {
    static const LivePkeys found = look();
    return found;
}

}  // namespace vmacheck
