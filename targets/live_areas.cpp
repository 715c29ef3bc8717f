// Reading smaps; see the header.
#include "targets/live_areas.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "model/check_macro.h"

namespace vmacheck {
namespace {

// The kernel answers at most a page at a time, in which there is room for about five areas. It
// makes as much text as it is asked for, and that is what costs time.
constexpr std::size_t smaps_chunk_bytes = 4096;
constexpr std::size_t smaps_chunk_bytes_min = 700;
// Longer than any line that matters: only the name of a file is longer, and it comes last.
constexpr std::size_t smaps_line_max = 8192;

struct FlagWord {
    std::string_view word;
    Flag flag;
};
// Linux: show_smap_vma_flags() in fs/proc/task_mmu.c. A protection key has a line of its own.
constexpr auto flag_words = std::to_array<FlagWord>({
    {"rd", Flag::read},         {"wr", Flag::write},         {"ex", Flag::exec},
    {"mr", Flag::may_read},     {"mw", Flag::may_write},     {"me", Flag::may_exec},
    {"sh", Flag::shared},       {"ms", Flag::may_share},     {"ac", Flag::account},
    {"nr", Flag::noreserve},    {"sr", Flag::seq_read},      {"rr", Flag::rand_read},
    {"dc", Flag::dont_copy},    {"wf", Flag::wipe_on_fork},  {"dd", Flag::dont_dump},
    {"mg", Flag::mergeable},    {"hg", Flag::huge_page},     {"nh", Flag::no_huge_page},
    {"lo", Flag::locked},       {"lf", Flag::lock_on_fault}, {"sl", Flag::sealed},
    {"um", Flag::uffd_missing}, {"uw", Flag::uffd_wp},       {"gd", Flag::grows_down},
    {"dp", Flag::droppable},    {"gu", Flag::maybe_guard},   {"io", Flag::io},
    {"pf", Flag::pfnmap},       {"mm", Flag::mixedmap},      {"de", Flag::dont_expand},
});

// Takes a number and the character behind it from the front of `text`.
std::uint64_t take_number(std::string_view& text, int base) {
    std::uint64_t number = 0;
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    CHECK(error == std::errc());
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    if (!text.empty()) text.remove_prefix(1);
    return number;
}

Flags flags_of_words(std::string_view words) {
    Flags flags;
    while (!words.empty()) {
        const std::string_view word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(word.size() + 1, words.size()));
        for (const FlagWord& known : flag_words) {
            if (known.word == word) flags = flags | known.flag;
        }
    }
    return flags;
}

bool is_first_line(std::string_view line) {
    const char first = line.empty() ? ' ' : line.front();
    return (first >= '0' && first <= '9') || (first >= 'a' && first <= 'f');
}

// "200000000000-200000001000 rw-p 00000000 00:00 0 "
LiveArea area_of_first_line(std::string_view line) {
    LiveArea area;
    area.start = take_number(line, 16);
    area.end = take_number(line, 16);
    constexpr std::size_t protection = 5;
    CHECK(line.size() > protection);
    line.remove_prefix(protection);
    area.offset = take_number(line, 16);
    const auto major_number = static_cast<unsigned>(take_number(line, 16));
    const auto minor_number = static_cast<unsigned>(take_number(line, 16));
    area.device = makedev(major_number, minor_number);
    area.inode = take_number(line, 10);
    return area;
}

}  // namespace

void read_smaps_line(std::string_view line, std::vector<LiveArea>& areas) {
    constexpr std::string_view flags_line = "VmFlags: ";
    if (is_first_line(line)) {
        areas.push_back(area_of_first_line(line));
    } else if (line.substr(0, flags_line.size()) == flags_line) {
        CHECK(!areas.empty());
        areas.back().flags = flags_of_words(line.substr(flags_line.size()));
    }
}

LiveAreaFile::~LiveAreaFile() {
    close();
}

void LiveAreaFile::open(pid_t pid) {
    close();
    const std::string path = "/proc/" + std::to_string(pid) + "/smaps";
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

void LiveAreaFile::close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
}

void LiveAreaFile::read(std::uint64_t start, std::uint64_t end,
                        std::vector<LiveArea>& areas) const {
    CHECK(is_open());
    CHECK(lseek(file_, 0, SEEK_SET) == 0);
    areas.clear();
    std::array<char, smaps_line_max + smaps_chunk_bytes> buffer;
    std::size_t held = 0;
    std::size_t bytes_read = 0;
    bool behind = false;
    while (!behind) {
        CHECK(held < smaps_line_max);
        const std::size_t missing = bytes_before_ > bytes_read ? bytes_before_ - bytes_read : 0;
        const std::size_t wanted = std::clamp(missing, smaps_chunk_bytes_min, smaps_chunk_bytes);
        const ssize_t got = ::read(file_, buffer.data() + held, wanted);
        CHECK(got >= 0);
        if (got == 0) break;
        bytes_read += static_cast<std::size_t>(got);
        std::string_view text(buffer.data(), held + static_cast<std::size_t>(got));
        for (std::size_t length = 0; (length = text.find('\n')) != std::string_view::npos;) {
            read_smaps_line(text.substr(0, length), areas);
            text.remove_prefix(length + 1);
            behind = !areas.empty() && areas.back().start >= end;
            if (behind) break;
        }
        held = text.size();
        if (behind) bytes_before_ = bytes_read - held;
        std::memmove(buffer.data(), text.data(), held);
    }
    const auto outside = [&](const LiveArea& area) {
        return area.end <= start || area.start >= end;
    };
    areas.erase(std::remove_if(areas.begin(), areas.end(), outside), areas.end());
}

}  // namespace vmacheck
