// The bare calls: addresses are numbers here, offsets have no sign, and no library or sanitizer
// stands between. Each argument is as wide as a register; see the header.
#include "targets/live_calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "model/check_macro.h"
#include "targets/live_window.h"

namespace vmacheck {
namespace {

// Newer than the headers of some systems.
constexpr long advice_populate_read = 22;
constexpr long advice_populate_write = 23;
constexpr long map_fixed_noreplace = 0x100000;

constexpr std::array<long, advice_names.size()> advice_numbers = {
    MADV_NORMAL,      MADV_SEQUENTIAL, MADV_RANDOM,     MADV_DONTFORK, MADV_DOFORK,
    MADV_WIPEONFORK,  MADV_KEEPONFORK, MADV_DONTDUMP,   MADV_DODUMP,   MADV_MERGEABLE,
    MADV_UNMERGEABLE, MADV_HUGEPAGE,   MADV_NOHUGEPAGE, MADV_DONTNEED,
};

// The errno of a call that failed. One that no operation knows is no answer: something stands in
// the way of the system calls (a filter, say), and the program ends here.
Errno errno_of(const char* call, int number) {
    constexpr std::array<std::pair<int, Errno>, 10> known = {{
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
    }};
    for (const auto& [theirs, ours] : known) {
        if (theirs == number) return ours;
    }
    std::fprintf(stderr, "CHECK failed: %s answered %s\n", call, strerrorname_np(number));
    std::abort();
}

long protection_of(Prot prot) {
    return (prot.flags.has(Flag::read) ? PROT_READ : 0) |
           (prot.flags.has(Flag::write) ? PROT_WRITE : 0) |
           (prot.flags.has(Flag::exec) ? PROT_EXEC : 0);
}

// A range as a call takes it. One that leaves the world is cut off behind the page that follows it,
// which is a hole.
struct Stretch {
    std::uint64_t start;
    std::uint64_t bytes;
};
Stretch stretch_of(PageRange range, PageCount world) {
    const std::uint64_t start = std::min(range.start.value, world.value);
    std::uint64_t pages = range.count.value;
    if (range.start.value >= world.value) pages = std::min<std::uint64_t>(pages, 1);
    pages = std::min(pages, world.value + 1 - start);
    return {live_address(Page{start}), pages * live_page_bytes};
}

bool playable(const File& file, const World& world, const LiveKernel& kernel) {
    if (file.driver.close || file.driver.mmap == file.driver.mmap_prepare) return false;
    // Else the two hooks cannot be told apart.
    return !world.memory_merge || file.driver.mmap_prepare == kernel.memory_file_flag_early;
}

// A memory file of this size, opened as the file of the world is; -1 if there is none.
int make_file(const File& file) {
    const int number = memfd_create("vmacheck", MFD_CLOEXEC);
    if (number < 0) return -1;
    const bool sized =
        ftruncate(number, static_cast<off_t>(file.pages.value * live_page_bytes)) == 0;
    if (sized && !file.read_only) return number;
    const std::string path = "/proc/self/fd/" + std::to_string(number);
    const int again = sized ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1;
    close(number);
    return again;
}

}  // namespace

LiveCalls::~LiveCalls() {
    close_files();
}

void LiveCalls::close_files() {
    for (const OpenFile& file : files_) {
        if (file.number >= 0) close(file.number);
    }
    files_.clear();
}

bool LiveCalls::empty_window() {
    return syscall(SYS_munmap, live_window_start, live_pages_max.value * live_page_bytes) == 0;
}

bool LiveCalls::begin(const World& world, const LiveKernel& kernel) {
    close_files();
    world_ = &world;
    CHECK(world.pages <= live_pages_max);
    CHECK(world.files.size() <= live_files_max);
    for (const File& file : world.files) {
        OpenFile& made = files_.emplace_back();
        if (!playable(file, world, kernel)) continue;
        made.number = make_file(file);
        struct stat about {};
        if (made.number < 0 || fstat(made.number, &about) != 0) return false;
        made.device = about.st_dev;
        made.inode = about.st_ino;
    }
    return true;
}

FileId LiveCalls::file_of(std::uint64_t device, std::uint64_t inode) const {
    for (std::size_t at = 0; at < files_.size(); ++at) {
        const OpenFile& file = files_[at];
        const bool same = file.device == device && file.inode == inode;
        if (file.number >= 0 && same) return FileId{static_cast<std::uint32_t>(at + 1)};
    }
    return FileId{};
}

// The end of the world stands for the end of the address space, which the window does not reach.
// Without `fixed` the range has to be free: MAP_FIXED_NOREPLACE asks the kernel just that.
Errno LiveCalls::run(const Mmap& op) const {
    long file = -1;
    if (!op.backing.file.none()) {
        file = files_[op.backing.file.value - 1].number;
        if (file < 0) return Errno::declined;
    }
    const bool leaves = !op.range.empty() && op.range.end().value > world_->pages.value;
    if (leaves) return Errno::enomem;
    long flags = op.sharing == Sharing::is_shared ? MAP_SHARED : MAP_PRIVATE;
    flags |= op.placement == Placement::fixed ? MAP_FIXED : map_fixed_noreplace;
    if (file < 0) flags |= MAP_ANONYMOUS;
    if (op.reserve == Reserve::noreserve) flags |= MAP_NORESERVE;
    const Stretch at = stretch_of(op.range, world_->pages);
    const long mapped = syscall(SYS_mmap, at.start, at.bytes, protection_of(op.prot), flags, file,
                                op.backing.offset * live_page_bytes);
    if (mapped == -1) return errno_of("mmap", errno);
    CHECK(static_cast<std::uint64_t>(mapped) == live_address(op.range.start));
    return Errno::ok;
}

Errno LiveCalls::run(const Munmap& op) const {
    const bool leaves = op.range.end().value > world_->pages.value;
    if (leaves) return Errno::einval;
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(SYS_munmap, at.start, at.bytes);
    return answer == 0 ? Errno::ok : errno_of("munmap", errno);
}

Errno LiveCalls::run(const Mprotect& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(SYS_mprotect, at.start, at.bytes, protection_of(op.prot));
    return answer == 0 ? Errno::ok : errno_of("mprotect", errno);
}

Errno LiveCalls::run(const Madvise& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long advice = advice_numbers[static_cast<std::size_t>(op.advice)];
    const long answer = syscall(SYS_madvise, at.start, at.bytes, advice);
    return answer == 0 ? Errno::ok : errno_of("madvise", errno);
}

// MADV_POPULATE_* goes page by page through get_user_pages(), makes the faults of an access,
// changes no byte, and stops at the first page that cannot be had: ENOMEM for a hole, EINVAL for a
// missing permission, EFAULT behind the end of a file.
Errno LiveCalls::run(const Touch& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long advice = op.access == Access::write ? advice_populate_write : advice_populate_read;
    if (syscall(SYS_madvise, at.start, at.bytes, advice) == 0) return Errno::ok;
    const int number = errno;
    const bool refused = number == ENOMEM || number == EINVAL || number == EFAULT;
    return refused ? Errno::efault : errno_of("madvise", number);
}

}  // namespace vmacheck
