// The operations as system calls on the window of the process that makes them.
//
// No call ever leaves the window and the hole behind it; what a program asks beyond its world is
// answered from here where the kernel would have to be let out of the window for it.
#pragma once

#include <vector>

#include "model/op.h"
#include "model/result.h"
#include "model/target.h"
#include "model/world.h"
#include "targets/live_heap.h"
#include "targets/live_kernel.h"

namespace vmacheck {

// The files of a world as memory files, and the calls that use them.
class LiveCalls {
  public:
    LiveCalls() = default;
    LiveCalls(const LiveCalls&) = delete;
    LiveCalls& operator=(const LiveCalls&) = delete;
    ~LiveCalls();

    // Unmaps what the programs before have left.
    [[nodiscard]] static bool empty_window();

    // Makes the files of `world`. False if the system does not give them.
    [[nodiscard]] bool begin(const World& world, const LiveKernel& kernel);

    [[nodiscard]] Errno run(const Mmap& op) const;
    [[nodiscard]] Errno run(const Munmap& op) const;
    [[nodiscard]] Errno run(const Mprotect& op) const;
    [[nodiscard]] Errno run(const Madvise& op) const;
    [[nodiscard]] Errno run(const Touch& op) const;
    [[nodiscard]] Errno run(const Mlock& op) const;
    [[nodiscard]] Errno run(const Munlock& op) const;
    [[nodiscard]] Errno run(const AnonName& op) const;
    [[nodiscard]] Errno run(const Mbind& op) const;
    [[nodiscard]] Errno run(const HomeNode& op) const;
    [[nodiscard]] Errno run(const Mremap& op) const;
    [[nodiscard]] Errno run(const Brk& op);
    [[nodiscard]] Errno run(const RemapFilePages& op) const;
    // These are declined, see live_unoffered().
    [[nodiscard]] static Errno run(const Mlockall& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const Munlockall& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const MemoryMerge& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const Mseal& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const UffdRegister& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const UffdUnregister& /*op*/) { return Errno::declined; }
    [[nodiscard]] static Errno run(const UffdClose& /*op*/) { return Errno::declined; }

    // The file of the world that this inode is; none if it is of no file.
    [[nodiscard]] FileId file_of(std::uint64_t device, std::uint64_t inode) const;

  private:
    struct OpenFile {
        int number = -1;  // -1: a memory file cannot play its driver.
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
    };
    void close_files();
    [[nodiscard]] Errno resize_or_move(const Mremap& op) const;
    [[nodiscard]] Errno fault(Page page, Access access) const;
    [[nodiscard]] static bool is_free(PageRange range);

    const World* world_ = nullptr;
    std::vector<OpenFile> files_;
    int zeros_ = -1;  // /dev/zero: a read from it is a write access.
    LiveHeap heap_;
    Page heap_end_;
};

// Which operations cannot be made here, and why not.
[[nodiscard]] std::vector<Sight::Unoffered> live_unoffered();

// Files that a program can have open at a time, far below the limit of a process.
inline constexpr std::size_t live_files_max = 64;

}  // namespace vmacheck
