// The meaning of the calls in a trace: each becomes steps, or is left out and counted.
//
// The layout (model/strace_layout.h) says before each step what it will answer, so that only claims
// that hold get into the program.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/program.h"
#include "model/strace.h"
#include "model/strace_files.h"
#include "model/strace_layout.h"
#include "model/strace_parse.h"

namespace vmacheck::strace {

class Importer {
  public:
    explicit Importer(std::string_view text) : reader_(text) {}
    [[nodiscard]] std::variant<StraceImport, ParseError> run();

    // A call that is about memory or descriptors. False after an error.
    using Meaning = bool (Importer::*)();

  private:
    // strace.cpp: the trace as a whole.
    [[nodiscard]] bool import_call();
    void start_anew();
    void finish_areas();
    void write_head();
    [[nodiscard]] bool fail(std::size_t column, std::string message);

    // What is left out, what is only nearly right, and the steps.
    bool leave_out(std::string reason);
    bool leave_out_failed();
    void approximate(std::string_view what) { ++approximations_[std::string(what)]; }
    bool use();
    [[nodiscard]] bool failed() const { return !call_.error.empty(); }
    [[nodiscard]] bool done() const { return !failed() && call_.result; }
    [[nodiscard]] bool emit(const Op& op, Errno claim = Errno::ok, std::string_view comment = {});

    // Values of arguments. False after an error.
    [[nodiscard]] bool count_arguments(std::size_t min);
    [[nodiscard]] bool read(std::size_t index, std::uint64_t& number);
    [[nodiscard]] bool read(std::size_t index, Descriptor& descriptor);

    // The first two arguments as pages; none if they are not.
    [[nodiscard]] bool read_range(std::optional<PageRange>& range);

    // What must have been there.
    enum class Guess { anonymous, exec };
    [[nodiscard]] bool infer(PageRange range, Guess guess);
    [[nodiscard]] bool fill(PageRange range, Guess guess);

    // strace_import.cpp: mmap, munmap, mprotect, madvise.
    struct MapFlags {
        Sharing sharing = Sharing::is_private;
        Placement placement = Placement::hint;
        Reserve reserve = Reserve::reserve;
        bool anonymous = false;
        bool populate = false;
        bool stack = false;
        std::string_view unknown;  // A flag that leaves the mapping out.
    };
    [[nodiscard]] static MapFlags map_flags_of(std::string_view text);
    [[nodiscard]] bool mmap();
    [[nodiscard]] bool mmap_failed(const Mmap& op, const File* file);
    [[nodiscard]] bool mmap_done(Mmap op, const MapFlags& flags, Files::Description* description);
    [[nodiscard]] bool leave_out_mapping(PageRange range, std::string reason);
    [[nodiscard]] bool munmap();
    template <class Change>
    [[nodiscard]] bool change(const Change& op, Guess guess);
    [[nodiscard]] bool mprotect();
    [[nodiscard]] bool madvise();

    // strace_import_more.cpp: brk, mremap, descriptors, execve.
    [[nodiscard]] bool brk();
    [[nodiscard]] bool mremap();
    [[nodiscard]] bool mremap_tail(PageRange old_range, PageRange tail);
    [[nodiscard]] bool mremap_move(PageRange old_range, PageRange new_range, bool keeps_old);
    [[nodiscard]] bool map_copy(const Span& source, PageRange range);
    [[nodiscard]] bool openat();
    [[nodiscard]] bool memfd_create();
    [[nodiscard]] bool dup();
    [[nodiscard]] bool fcntl();
    [[nodiscard]] bool close();
    [[nodiscard]] bool execve();
    static Meaning meaning_of(std::string_view name);

    Reader reader_;
    Call call_;
    ParseError error_;

    Program program_;
    Layout layout_{program_.world};
    Files files_;
    FileId exec_;
    std::vector<std::size_t> area_lines_;  // Of the trace, for each initial area.
    std::optional<std::uint64_t> break_;
    std::string command_;

    bool saw_call_ = false;
    std::size_t used_ = 0;
    std::size_t used_before_exec_ = 0;
    std::map<std::string, std::size_t> left_out_;
    std::map<std::string, std::size_t> approximations_;
};

// The errno of model/result.h that strace calls `name`.
[[nodiscard]] std::optional<Errno> errno_of(std::string_view name);
// None if the address is not that of a page, or a number is too large for a program.
[[nodiscard]] std::optional<PageRange> pages_of(std::uint64_t address, std::uint64_t bytes);
[[nodiscard]] bool in_world(PageRange range);
[[nodiscard]] bool is_memory_call(std::string_view name);

}  // namespace vmacheck::strace
