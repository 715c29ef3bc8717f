// The mapped file behind a journal; see the header.
#include "targets/journal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "model/check_macro.h"
#include "model/text.h"

namespace vmacheck {

JournalFile::~JournalFile() {
    if (memory_ != nullptr) munmap(memory_, journal_bytes_max);
}

bool JournalFile::open(const std::string& path, std::string_view origin) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return false;
    // Allocated, and not only sized: a full disk is noticed here and not by a signal later.
    const bool sized = posix_fallocate(file, 0, static_cast<off_t>(journal_bytes_max)) == 0;
    void* const memory =
        sized ? mmap(nullptr, journal_bytes_max, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
              : MAP_FAILED;
    ::close(file);
    if (memory == MAP_FAILED) return false;
    memory_ = static_cast<char*>(memory);
    origin_ = origin;
    return true;
}

void JournalFile::begin(const World& world, std::uint64_t program) {
    CHECK(memory_ != nullptr);
    scratch_.clear();
    print_header(scratch_, world);
    const std::size_t version_line = scratch_.find('\n') + 1;
    CHECK(version_line != 0);
    scratch_.insert(version_line,
                    "# journal of program " + std::to_string(program) + " " + origin_ + "\n");
    // The version line, once there, stays: the writer may die right here, and without that line
    // the file is no program.
    if (used_ == 0) append({scratch_.data(), version_line});
    std::memset(memory_ + version_line, 0, used_ - version_line);
    used_ = version_line;
    append(std::string_view(scratch_).substr(version_line));
}

void JournalFile::step(const Step& step, const World& world) {
    scratch_.clear();
    print_step(scratch_, step, world);
    scratch_ += '\n';
    append(scratch_);
}

std::string_view JournalFile::text() const {
    CHECK(memory_ != nullptr);
    return journal_text({memory_, journal_bytes_max});
}

void JournalFile::append(std::string_view text) {
    if (used_ + text.size() >= journal_bytes_max) return;
    std::memcpy(memory_ + used_, text.data(), text.size());
    used_ += text.size();
}

std::string_view journal_text(std::string_view bytes) {
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos) return bytes;
    const std::string_view text = bytes.substr(0, end);
    return text.substr(0, text.rfind('\n') + 1);
}

}  // namespace vmacheck
