// The lines of strace: which process did which call with which arguments, and what came back.
//
//     16702 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</lib/x.so>, 0) = 0x7fb00f0b9000
//     [pid 16702] munmap(0x7fb00f0ae000, 41807 <unfinished ...>
//     [pid 16702] <... munmap resumed>)       = 0
//     16702 --- SIGCHLD {si_signo=SIGCHLD} ---
//     16702 +++ exited with 0 +++
//
// Time stamps in front of a call and whatever stands behind its result are read over. A call whose
// line was interrupted is put together again, and counts from where it was resumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/text.h"

namespace vmacheck::strace {

// A part of a line; `column` is that of its first byte, from 1.
struct Part {
    std::string_view text;
    std::size_t column = 0;
};

// `3</lib/x.so>`: without -y, `path` is empty.
struct Descriptor {
    std::uint64_t number = 0;
    std::string_view path;
};

// NULL, hexadecimal with 0x, or decimal; below 2^64.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);
// None for -1.
[[nodiscard]] std::optional<Descriptor> descriptor_of(std::string_view text);
// The names of `A|B|C`.
[[nodiscard]] std::vector<std::string_view> symbols_of(std::string_view text);

// Valid until the next one is read.
struct Call {
    std::size_t line = 0;
    bool of_other = false;  // By another process or thread than the first one.
    std::string_view name;
    std::vector<Part> arguments;
    // What stands behind `=`: a number, maybe with a path behind it; an errno; or nothing (`?`).
    std::optional<std::uint64_t> result;
    std::string_view result_text;
    std::string_view error;
};

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    enum class Next { call, end, error };
    [[nodiscard]] Next next(Call& call);

    // After an error.
    [[nodiscard]] const ParseError& error() const { return error_; }
    // Calls of the first process of which no result is known: the trace ends before.
    [[nodiscard]] std::size_t calls_cut_off() const;

  private:
    using Process = std::uint64_t;  // 0 stands for a line without a number.

    bool next_line();
    [[nodiscard]] bool check_bytes();
    [[nodiscard]] bool fail(std::size_t offset, std::string message);
    void read_prefix();
    void read_process();
    void skip_time();
    void choose_first();
    void note_attached(std::string_view number);
    [[nodiscard]] std::string_view left() const { return line_.substr(cursor_); }
    enum class Kind { call, nothing, error };
    [[nodiscard]] Kind read_line(Call& call);
    void read_end(std::string_view text);
    [[nodiscard]] Kind read_resumed(Call& call);
    [[nodiscard]] Kind read_call(Call& call, std::string_view text, std::size_t column,
                                 bool joined);
    [[nodiscard]] Kind bad_call(std::size_t column, std::string message);

    std::string_view rest_;
    std::string_view line_;
    bool line_is_last_ = false;  // And without a line feed: it may have been cut off.
    std::size_t number_ = 0;
    std::size_t cursor_ = 0;

    Process process_ = 0;
    std::optional<Process> first_;
    bool first_is_gone_ = false;
    std::set<Process> children_;
    std::map<Process, std::string> unfinished_;
    std::string joined_;
    std::size_t cut_off_ = 0;
    ParseError error_;
};

}  // namespace vmacheck::strace
