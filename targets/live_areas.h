// The areas of a process as the kernel shows them in /proc/PID/smaps: all that user space can see
// of them, and at one moment for each area.
//
// The window lies below everything else in the address space, so its areas come first, and reading
// stops behind them: it costs about 3 microseconds, and 3 more for each area.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/flags.h"

namespace vmacheck {

struct LiveArea {
    std::uint64_t start = 0;  // Addresses.
    std::uint64_t end = 0;
    std::uint64_t offset = 0;  // In bytes; 0 for anonymous memory.
    dev_t device = 0;
    std::uint64_t inode = 0;  // 0: anonymous.
    Flags flags;
    friend bool operator==(const LiveArea&, const LiveArea&) = default;
};

// Reads one line of smaps: the first line of an area, its flags, or one of no interest.
void read_smaps_line(std::string_view line, std::vector<LiveArea>& areas);

class LiveAreaFile {
  public:
    LiveAreaFile() = default;
    LiveAreaFile(const LiveAreaFile&) = delete;
    LiveAreaFile& operator=(const LiveAreaFile&) = delete;
    ~LiveAreaFile();

    // The address space that process `pid` has now; it stays the same if that executes another
    // program. Not open if there is no such process.
    void open(pid_t pid);
    void close();
    [[nodiscard]] bool is_open() const { return file_ >= 0; }

    // All areas that reach into [start, end).
    void read(std::uint64_t start, std::uint64_t end, std::vector<LiveArea>& areas) const;

  private:
    int file_ = -1;
    mutable std::size_t bytes_before_ = 0;  // How long the areas were the last time.
};

}  // namespace vmacheck
