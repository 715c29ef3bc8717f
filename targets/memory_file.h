// A file in memory that has no name, so nothing is left of it and nobody can put another file in
// its place; a full disk does not touch it. A child writes, and its parent reads when it has died.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>

namespace vmacheck {

class MemoryFile {
  public:
    // Inherited: another program that a child becomes may open it at path().
    enum class Life { with_program, inherited };
    explicit MemoryFile(Life life = Life::with_program)
        : file_(memfd_create("vmacheck", life == Life::inherited ? 0 : MFD_CLOEXEC)) {}
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() {
        if (file_ >= 0) close(file_);
    }

    // -1 if there is no memory for it.
    [[nodiscard]] int file() const { return file_; }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

    // The first bytes.
    [[nodiscard]] std::string text(std::size_t bytes_max) const {
        std::string text(bytes_max, '\0');
        const ssize_t got = pread(file_, text.data(), text.size(), 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

    // The last bytes.
    [[nodiscard]] std::string tail(std::size_t bytes_max) const {
        const off_t end = lseek(file_, 0, SEEK_END);
        const auto size = static_cast<std::size_t>(end > 0 ? end : 0);
        std::string text(size < bytes_max ? size : bytes_max, '\0');
        const ssize_t got =
            pread(file_, text.data(), text.size(), static_cast<off_t>(size - text.size()));
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

  private:
    int file_;
};

}  // namespace vmacheck
