// The bare calls: addresses are numbers here, offsets have no sign, and no library or sanitizer
// stands between. Each argument is as wide as a register; see the header.
#include "targets/live_calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
#include "targets/live_advices.h"
#include "targets/live_pkeys.h"
#include "targets/live_syscall.h"
#include "targets/live_window.h"

namespace vmacheck {
namespace {

// Newer than the headers of some systems.
constexpr long map_fixed_noreplace = 0x100000;
constexpr long map_droppable = 8;
constexpr long set_home_node_call = 450;
constexpr long lock_on_fault = 1;
constexpr long mremap_dontunmap = 4;
constexpr long set_vma = 0x53564d41;
constexpr long set_vma_anon_name = 0;
// The modes of mbind in the order of Policy, over the first node.
constexpr std::array<long, policy_names.size()> policy_modes = {0, 4, 1, 2, 3, 5};
constexpr unsigned long first_node = 1;
constexpr long nodes_max = 64;

long protection_of(Prot prot) {
    return (prot.flags.has(Flag::read) ? PROT_READ : 0) |
           (prot.flags.has(Flag::write) ? PROT_WRITE : 0) |
           (prot.flags.has(Flag::exec) ? PROT_EXEC : 0);
}

bool playable(const File& file, const World& world, const LiveKernel& kernel) {
    if (!hook_flags(file.driver).empty() || file.driver.set_file || file.driver.set_pgoff) {
        return false;
    }
    if (file.driver.close || file.driver.mmap == file.driver.mmap_prepare) return false;
    if (file.driver.mmap_prepare && !world.profile->prepare_hooks) return false;
    // Else the two hooks cannot be told apart.
    return !world.memory_merge || file.driver.mmap_prepare == kernel.memory_file_flag_early;
}

// Execute-only memory has a key of its own where there are keys, and then it cannot be read.
bool has_unknown_key(Prot prot) {
    return live_pkeys() == LivePkeys::there && prot.flags == Flags(Flag::exec);
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
    if (zeros_ >= 0) close(zeros_);
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
    heap_end_ = world.heap;
    if (zeros_ < 0) zeros_ = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zeros_ < 0) return false;
    // Where the break is not lent, live_unoffered() has said so.
    static_cast<void>(heap_.open());
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
    if (has_unknown_key(op.prot)) return Errno::declined;
    long file = -1;
    if (!op.backing.file.none()) {
        file = files_[op.backing.file.value - 1].number;
        if (file < 0) return Errno::declined;
    }
    const bool leaves = !op.range.empty() && op.range.end().value > world_->pages.value;
    if (leaves) return Errno::enomem;
    constexpr std::array<long, sharing_names.size()> types = {MAP_PRIVATE, MAP_SHARED,
                                                              map_droppable};
    long flags = types[static_cast<std::size_t>(op.sharing)];
    flags |= op.placement == Placement::fixed ? MAP_FIXED : map_fixed_noreplace;
    if (file < 0) flags |= MAP_ANONYMOUS;
    if (op.reserve == Reserve::noreserve) flags |= MAP_NORESERVE;
    if (op.populate == Populate::populate) flags |= MAP_POPULATE;
    if (op.populate == Populate::locked) flags |= MAP_LOCKED;
    if (op.stack == StackKind::grows_down) flags |= MAP_GROWSDOWN;
    if (op.stack == StackKind::stack) flags |= MAP_STACK;
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
    // A world without keys is like a processor without them.
    const bool names_key = op.pkey != Pkey::keep && live_pkeys() != LivePkeys::none;
    if (names_key || has_unknown_key(op.prot)) return Errno::declined;
    const Stretch at = stretch_of(op.range, world_->pages);
    const long reach = op.reach == Reach::grows_down ? PROT_GROWSDOWN : 0;
    const long prot = protection_of(op.prot) | reach;
    const long answer = op.pkey == Pkey::keep ? syscall(SYS_mprotect, at.start, at.bytes, prot)
                                              : syscall(SYS_pkey_mprotect, at.start, at.bytes, prot,
                                                        static_cast<long>(number_of(op.pkey)));
    return answer == 0 ? Errno::ok : errno_of("mprotect", errno);
}

Errno LiveCalls::run(const Madvise& op) const {
    if (!live_follows(op.advice)) return Errno::declined;
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(SYS_madvise, at.start, at.bytes, live_number_of(op.advice));
    return answer == 0 ? Errno::ok : errno_of("madvise", errno);
}

Errno LiveCalls::run(const Mlock& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long mode = op.mode == LockMode::on_fault ? lock_on_fault : 0;
    const long answer = syscall(SYS_mlock2, at.start, at.bytes, mode);
    return answer == 0 ? Errno::ok : errno_of("mlock2", errno);
}

Errno LiveCalls::run(const Munlock& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(SYS_munlock, at.start, at.bytes);
    return answer == 0 ? Errno::ok : errno_of("munlock", errno);
}

Errno LiveCalls::run(const AnonName& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const std::string name(area_names[static_cast<std::size_t>(op.to)]);
    const char* const given = op.to == AreaName::none ? nullptr : name.c_str();
    const long answer = syscall(SYS_prctl, set_vma, set_vma_anon_name, at.start, at.bytes, given);
    return answer == 0 ? Errno::ok : errno_of("prctl", errno);
}

Errno LiveCalls::run(const Mbind& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const unsigned long node = first_node;
    const bool has_nodes = op.policy != Policy::none && op.policy != Policy::local;
    const long answer =
        syscall(SYS_mbind, at.start, at.bytes, policy_modes[static_cast<std::size_t>(op.policy)],
                has_nodes ? &node : nullptr, has_nodes ? nodes_max : 0, 0L);
    return answer == 0 ? Errno::ok : errno_of("mbind", errno);
}

Errno LiveCalls::run(const HomeNode& op) const {
    const Stretch at = stretch_of(op.range, world_->pages);
    const long answer = syscall(set_home_node_call, at.start, at.bytes, 0L, 0L);
    return answer == 0 ? Errno::ok : errno_of("set_mempolicy_home_node", errno);
}

bool LiveCalls::is_free(PageRange range) {
    unsigned char present = 0;
    for (Page page = range.start; page < range.end(); page = page + PageCount{1}) {
        const bool mapped =
            syscall(SYS_mincore, live_address(page), live_page_bytes, &present) == 0;
        if (mapped) return false;
    }
    return true;
}

namespace {

// A call of mremap; the answer is an errno, or ok at this new place.
Errno call_mremap(PageRange from, PageCount new_count, long flags, Page to) {
    const long moved =
        syscall(SYS_mremap, live_address(from.start), from.count.value * live_page_bytes,
                new_count.value * live_page_bytes, flags, live_address(to));
    if (moved == -1) return errno_of("mremap", errno);
    CHECK(static_cast<std::uint64_t>(moved) == live_address(to));
    return Errno::ok;
}

// Whether the kernel would choose these free pages if it is asked to: not where a stack above them
// keeps its guard gap. What is mapped for the question merges with nothing, and goes again.
bool is_followed(PageRange range) {
    const std::uint64_t address = live_address(range.start);
    const std::uint64_t bytes = range.count.value * live_page_bytes;
    const long got = syscall(SYS_mmap, address, bytes, 0L, MAP_SHARED | MAP_ANONYMOUS, -1L, 0L);
    if (got == -1) return false;
    CHECK(syscall(SYS_munmap, got, bytes) == 0);
    return static_cast<std::uint64_t>(got) == address;
}

// More pages than there is room for, wherever the window is.
constexpr PageCount too_many{std::uint64_t{1} << 34};

}  // namespace

// What leaves the world is answered from here. Where the kernel would choose a new place, it gets
// the one that the program names, if that is free.
Errno LiveCalls::run(const Mremap& op) const {
    const PageCount world = world_->pages;
    const bool names_place = op.moving == Moving::fixed || op.old_place == OldPlace::dont_unmap;
    if (op.to.count > world) return Errno::einval;
    if (names_place && op.to.end().value > world.value) return Errno::einval;
    Mremap call = op;
    call.from.start.value = std::min(op.from.start.value, world.value);
    call.from.count.value = std::min(op.from.count.value, world.value + 1);
    const bool cuts_tail = !op.to.empty() && op.to.count < op.from.count;
    const bool tail_leaves = cuts_tail && op.from.end().value > world.value;
    if (tail_leaves && op.moving == Moving::fixed) return Errno::declined;
    if (tail_leaves && !names_place) {
        // Whether there is something to shrink at all.
        const PageRange one{call.from.start, PageCount{1}};
        const Errno error = call_mremap(one, one.count, 0, one.start);
        return error == Errno::ok ? Errno::einval : error;
    }
    return resize_or_move(call);
}

Errno LiveCalls::resize_or_move(const Mremap& op) const {
    const bool keeps = op.old_place == OldPlace::dont_unmap;
    long flags = op.moving == Moving::stay ? 0 : MREMAP_MAYMOVE;
    if (keeps) flags |= mremap_dontunmap;
    if (op.moving == Moving::fixed) {
        return call_mremap(op.from, op.to.count, flags | MREMAP_FIXED, op.to.start);
    }
    if (keeps) {
        // A hint that is taken would not be followed. Whatever else refuses comes first.
        const bool invalid = op.moving == Moving::stay || op.from.count != op.to.count;
        const bool free = is_free(op.to);
        if (!invalid && free && !is_followed(op.to)) return Errno::declined;
        if (invalid || free) return call_mremap(op.from, op.to.count, flags, op.to.start);
        const bool overlap = op.from.start < op.to.end() && op.to.start < op.from.end();
        if (overlap) return Errno::einval;
        const Errno error = call_mremap(op.from, too_many, 0, op.from.start);
        return error == Errno::enomem || error == Errno::eagain ? Errno::eexist : error;
    }
    const bool grows = op.to.count > op.from.count;
    const bool leaves = grows && op.from.start.value + op.to.count.value > world_->pages.value;
    const Errno error = call_mremap(op.from, leaves ? too_many : op.to.count, 0, op.from.start);
    if (error != Errno::enomem || !grows || op.moving == Moving::stay) return error;
    if (op.to.end().value > world_->pages.value) return Errno::enomem;
    if (!is_free(op.to)) return Errno::eexist;
    return call_mremap(op.from, op.to.count, flags | MREMAP_FIXED, op.to.start);
}

namespace {

constexpr const char* without_pkeys =
    "protection keys: what they permit is a matter of the processor";

// The right to lock the whole window, whoever asks.
bool may_lock() {
    rlimit limit{};
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
    return limit.rlim_cur >= live_pages_max.value * live_page_bytes * 2;
}

}  // namespace

// Empty ranges do nothing, and tell whether there is such a call.
std::vector<Sight::Unoffered> live_unoffered() {
    std::vector<Sight::Unoffered> unoffered = {
        {op_index<Mlockall>(), "it is about the whole process, and not the window alone"},
        {op_index<Munlockall>(), "it is about the whole process, and not the window alone"},
        {op_index<MemoryMerge>(), "it is about the whole process, and not the window alone"},
        {op_index<Mseal>(), "what is sealed would stay for the programs that follow"},
        {op_index<UffdRegister>(), "a fault on registered memory would wait for an answer"},
        {op_index<UffdUnregister>(), "there is nothing that was registered"},
        {op_index<UffdClose>(), "there is nothing that was registered"},
    };
    if (LiveHeap heap; !heap.open()) {
        unoffered.push_back({op_index<Brk>(), "the kernel does not lend the break of the process"});
    }
    unoffered.push_back({op_index<Mremap>(),
                         "a tail that leaves the world while the rest moves, or dontunmap to a "
                         "place below a stack",
                         true});
    if (!live_follows(Advice::willneed)) {
        unoffered.push_back({op_index<Madvise>(), "willneed: the kernel has no CONFIG_SWAP", true});
    }
    if (!live_follows(Advice::guard_install)) {
        unoffered.push_back(
            {op_index<Madvise>(), "guards: those of the kernel are not those of its series", true});
    }
    if (live_pkeys() != LivePkeys::none) {
        unoffered.push_back({op_index<Mprotect>(), without_pkeys, true});
    }
    if (live_pkeys() == LivePkeys::there) {
        unoffered.push_back({op_index<Mmap>(), without_pkeys, true});
    }
    const std::uint64_t start = live_window_start;
    if (!may_lock()) {
        unoffered.push_back({op_index<Mlock>(), "RLIMIT_MEMLOCK is smaller than the window"});
        unoffered.push_back({op_index<Munlock>(), "RLIMIT_MEMLOCK is smaller than the window"});
    }
    if (syscall(SYS_prctl, set_vma, set_vma_anon_name, start, 0UL, nullptr) != 0) {
        unoffered.push_back({op_index<AnonName>(), "the kernel has no CONFIG_ANON_VMA_NAME"});
    }
    if (syscall(SYS_mbind, start, 0UL, 0L, nullptr, 0L, 0L) != 0) {
        unoffered.push_back({op_index<Mbind>(), "the kernel has no CONFIG_NUMA"});
    }
    if (syscall(set_home_node_call, start, 0UL, 0L, 0L) != 0) {
        unoffered.push_back({op_index<HomeNode>(), "the kernel has no set_mempolicy_home_node()"});
    }
    return unoffered;
}

}  // namespace vmacheck
