// The numbers, and a look at one page; see the header.
#include "targets/live_advices.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "targets/live_areas.h"
#include "targets/live_kernel.h"
#include "targets/live_window.h"

namespace vmacheck {
namespace {

// Those without a name are newer than the headers of some systems.
constexpr std::array<long, advice_names.size()> advice_numbers = {
    MADV_NORMAL,
    MADV_SEQUENTIAL,
    MADV_RANDOM,
    MADV_DONTFORK,
    MADV_DOFORK,
    MADV_WIPEONFORK,
    MADV_KEEPONFORK,
    MADV_DONTDUMP,
    MADV_DODUMP,
    MADV_MERGEABLE,
    MADV_UNMERGEABLE,
    MADV_HUGEPAGE,
    MADV_NOHUGEPAGE,
    MADV_DONTNEED,
    MADV_WILLNEED,
    20,  // MADV_COLD
    21,  // MADV_PAGEOUT
    MADV_FREE,
    24,  // MADV_DONTNEED_LOCKED
    MADV_REMOVE,
    22,   // MADV_POPULATE_READ
    23,   // MADV_POPULATE_WRITE
    102,  // MADV_GUARD_INSTALL
    103,  // MADV_GUARD_REMOVE
};

struct Found {
    bool swaps = false;  // Else MADV_WILLNEED answers EBADF for memory of no file.
    bool guards = false;
    bool flags_guards = false;
};

// What the kernel makes of a page of its own.
Found look() {
    Found found;
    void* const page =
        mmap(nullptr, live_page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return found;
    const auto advise = [&](Advice advice) {
        return syscall(SYS_madvise, page, live_page_bytes, live_number_of(advice)) == 0;
    };
    found.swaps = advise(Advice::willneed);
    found.guards = advise(Advice::guard_install);
    LiveAreaFile smaps;
    smaps.open(getpid());
    if (smaps.is_open()) {
        std::vector<LiveArea> areas;
        const auto start = reinterpret_cast<std::uint64_t>(page);
        smaps.read(start, start + live_page_bytes, areas);
        for (const LiveArea& area : areas) {
            found.flags_guards = found.flags_guards || area.flags.has(Flag::maybe_guard);
        }
    }
    munmap(page, live_page_bytes);
    return found;
}

}  // namespace

long live_number_of(Advice advice) {
    return advice_numbers[static_cast<std::size_t>(advice)];
}

bool live_follows(Advice advice) {
    static const Found found = look();
    static const LiveKernel* const kernel = find_live_kernel(running_release());
    if (advice == Advice::willneed) return found.swaps;
    if (!is_of_guards(advice) || kernel == nullptr) return true;
    const Profile* const rules = find_profile(kernel->profile);
    return rules->guard_regions == found.guards &&
           (rules->guard_flag && rules->guard_regions) == found.flags_guards;
}

}  // namespace vmacheck
