// Import of strace output: what a real program asked of its address space, as a program.
//
//     strace -f -y -o TRACE
//            -e trace=%memory,%process,openat,close,dup,dup2,dup3,fcntl,memfd_create COMMAND
//
// One process is imported: the one of the first line. Its claims are what the kernel answered, so a
// replay checks a system against a real kernel. What the trace cannot tell is left out or assumed,
// never silently: the comments above the world count both, by kind.
//
// - The address space starts anew with execve; only what is behind the last one is kept. What exec
//   mapped is not in the trace. A call that succeeded on pages of which nothing is known shows that
//   they were mapped: an initial area is inferred, private and rw-, anonymous memory under madvise,
//   mremap and brk, and else a file `exec` whose offsets are the page numbers. A page that is known
//   to be free gets an mmap step of its own instead.
// - mmap: the address is the one that the call got. MAP_POPULATE of writable private memory becomes
//   a touch. MAP_STACK lacks its flag, nohugepage; MAP_DENYWRITE, MAP_EXECUTABLE, MAP_NONBLOCK
//   and MAP_32BIT have none. Any other flag leaves the mapping out (MAP_GROWSDOWN, MAP_HUGETLB,
//   MAP_LOCKED, MAP_SYNC, ...): its pages stay free in the program, and calls on them are left out.
// - Each open file description that is mapped is a file of its own, of unknown (largest) size. Its
//   driver has `mmap` for memfd, /dev and what is no path, else `mmap_prepare`. One that was opened
//   before the trace began is taken as writable. Shared /dev/zero is shared anonymous memory.
// - mprotect, munmap, and madvise with the advices of model/op.h are imported as they are; the
// other
//   calls of strace's class %memory are left out.
// - brk becomes mmap and munmap. The kernel never merges a heap with the area behind it; mmap does.
// - mremap is imported as what it did to the layout: munmap of the tail; mmap of a new tail; munmap
//   and mmap for a move, in which pages lose identity, advice and accounting.
// - A call that failed is kept if an operation gives the same errno for a reason that lies in its
//   arguments or in the known layout (EINVAL for an empty range, ENOMEM for a hole), in which pages
//   of which nothing is known count as holes. All others are left out.
// - Calls of other processes and threads are left out. If they changed the layout, a later call
//   contradicts what is known; mmap becomes `fixed`, or an mmap step is inserted, or it is left
//   out.
// - No fault is in the trace. None is assumed, but for MAP_POPULATE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "model/program.h"
#include "model/text.h"

namespace vmacheck {

// TASK_SIZE of x86-64 with 47 bits. Calls with addresses beyond it are left out.
inline constexpr PageCount strace_world_pages{std::uint64_t{1} << 35};
inline constexpr std::uint64_t page_bytes = 4096;

// Calls about memory alone are counted. A call is used if the program says what it did, be it with
// several steps or, as for brk(NULL), with none.
struct StraceImport {
    Program program;
    std::size_t calls_used = 0;
    std::size_t calls_left_out = 0;
};

// An error is what no strace writes. The last line may be cut off. The program has at most
// `step_lines_max` steps, each with a claim that holds in the reference.
[[nodiscard]] std::variant<StraceImport, ParseError> import_strace(std::string_view text);

}  // namespace vmacheck
