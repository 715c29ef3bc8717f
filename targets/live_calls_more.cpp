// The calls for accesses, heaps and pages of files; see live_calls.cpp for the others.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "targets/live_advices.h"
#include "targets/live_calls.h"
#include "targets/live_syscall.h"
#include "targets/live_window.h"

namespace vmacheck {
// A page fault of this process, made by the kernel on its behalf: what user space would get as a
// signal is EFAULT here. All that is ever written is zeros, so the path at any address is empty.
Errno LiveCalls::fault(Page page, Access access) const {
    const std::uint64_t address = live_address(page);
    const long answer = access == Access::write ? syscall(SYS_read, zeros_, address, 1L)
                                                : syscall(SYS_access, address, 0L);
    return answer < 0 && errno == EFAULT ? Errno::efault : Errno::ok;
}

// MADV_POPULATE_* goes page by page through get_user_pages(), makes the faults of an access,
// changes no byte, and stops at the first page that cannot be had: ENOMEM for a hole, EINVAL for a
// missing permission, EFAULT for a guard and behind the end of a file.
Errno LiveCalls::run(const Touch& op) const {
    if (op.through == Through::fault) {
        const Page end = Page{std::min(op.range.end().value, world_->pages.value)};
        Errno error = Errno::ok;
        for (Page page = op.range.start; page < end; page = page + PageCount{1}) {
            error = fault(page, op.access);
            if (error != Errno::ok) return error;
        }
        return !op.range.empty() && op.range.end() > end ? Errno::efault : Errno::ok;
    }
    const Stretch at = stretch_of(op.range, world_->pages);
    const Advice advice =
        op.access == Access::write ? Advice::populate_write : Advice::populate_read;
    const long answer = syscall(SYS_madvise, at.start, at.bytes, live_number_of(advice));
    if (answer == 0) return Errno::ok;
    const int number = errno;
    const bool refused = number == ENOMEM || number == EINVAL || number == EFAULT;
    return refused ? Errno::efault : errno_of("madvise", number);
}

// The break of the process is lent to the step. The end of the world stands for that of the address
// space.
Errno LiveCalls::run(const Brk& op) {
    if (op.to < world_->heap || op.to.value > world_->pages.value) return Errno::enomem;
    if (!heap_.move(live_address(world_->heap), live_address(heap_end_), live_address(op.to)))
        return Errno::enomem;
    heap_end_ = op.to;
    return Errno::ok;
}

Errno LiveCalls::run(const RemapFilePages& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(SYS_remap_file_pages, at.start, at.bytes, 0L, op.offset.value, 0L);
    return answer == 0 ? Errno::ok : errno_of("remap_file_pages", errno);
}

}  // namespace vmacheck
