// The import of a trace as a whole: the loop over its calls, what is counted, and the head of the
// program. What the calls mean is in strace_import.cpp and strace_import_more.cpp.
#include "model/strace.h"

#include <algorithm>
#include <array>

#include "model/strace_import.h"

namespace vmacheck {

std::variant<StraceImport, ParseError> import_strace(std::string_view text) {
    return strace::Importer(text).run();
}

namespace strace {

namespace {

constexpr std::size_t command_length_max = 200;  // In the head of the program.
constexpr Prot guessed_prot = {read_write_flags};

std::string listed(const std::map<std::string, std::size_t>& counts) {
    std::string text;
    for (const auto& [what, count] : counts) {
        if (!text.empty()) text += "; ";
        text += std::to_string(count) + " x " + what;
    }
    return text;
}

std::size_t sum_of(const std::map<std::string, std::size_t>& counts) {
    std::size_t sum = 0;
    for (const auto& [what, count] : counts) sum += count;
    return sum;
}

}  // namespace

std::optional<Errno> errno_of(std::string_view name) {
    for (std::size_t error = 1; error < errno_names.size(); ++error) {
        const auto found = static_cast<Errno>(error);
        if (found != Errno::declined && errno_names[error] == name) return found;
    }
    return std::nullopt;
}

std::optional<PageRange> pages_of(std::uint64_t address, std::uint64_t bytes) {
    const std::uint64_t count = bytes / page_bytes + (bytes % page_bytes != 0 ? 1 : 0);
    if (address % page_bytes != 0 || count >= page_number_max) return std::nullopt;
    return PageRange{{address / page_bytes}, {count}};
}

bool in_world(PageRange range) {
    return range.end().value <= strace_world_pages.value;
}

// The class %memory of strace 6.
bool is_memory_call(std::string_view name) {
    constexpr std::array<std::string_view, 36> names = {
        "brk",
        "get_mempolicy",
        "io_pgetevents",
        "madvise",
        "map_shadow_stack",
        "mbind",
        "membarrier",
        "memfd_secret",
        "migrate_pages",
        "mincore",
        "mlock",
        "mlock2",
        "mlockall",
        "mmap",
        "mmap2",
        "move_pages",
        "mprotect",
        "mremap",
        "mseal",
        "msync",
        "munlock",
        "munlockall",
        "munmap",
        "old_mmap",
        "pkey_alloc",
        "pkey_free",
        "pkey_mprotect",
        "process_madvise",
        "process_mrelease",
        "remap_file_pages",
        "set_mempolicy",
        "set_mempolicy_home_node",
        "shmat",
        "shmdt",
        "userfaultfd",
        "subpage_prot",
    };
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::variant<StraceImport, ParseError> Importer::run() {
    start_anew();
    Reader::Next next = reader_.next(call_);
    for (; next == Reader::Next::call; next = reader_.next(call_)) {
        saw_call_ = true;
        if (!import_call()) return error_;
    }
    if (next == Reader::Next::error) return reader_.error();
    if (!saw_call_) return ParseError{1, 1, "expected the output of strace, found no call in it"};
    if (reader_.calls_cut_off() > 0) {
        left_out_["call that the end of the trace cuts off"] += reader_.calls_cut_off();
    }
    finish_areas();
    write_head();
    StraceImport found{std::move(program_), used_, sum_of(left_out_) + used_before_exec_};
    return found;
}

bool Importer::import_call() {
    const bool about_memory = is_memory_call(call_.name);
    if (call_.of_other) {
        return about_memory ? leave_out("call by another process or thread") : true;
    }
    if (const Meaning meaning = meaning_of(call_.name)) return (this->*meaning)();
    return about_memory ? leave_out(std::string(call_.name)) : true;
}

// execve: all that was imported is gone.
void Importer::start_anew() {
    if (call_.arguments.size() > 1) {
        command_ =
            std::string(call_.arguments[0].text) + ", " + std::string(call_.arguments[1].text);
    }
    used_before_exec_ += used_ + sum_of(left_out_);
    used_ = 0;
    left_out_.clear();
    approximations_.clear();
    program_ = Program{};
    program_.world.pages = strace_world_pages;
    program_.world.max_map_count = INT32_MAX;  // The limit is not in the trace.
    layout_.clear();
    files_.leave_world();
    exec_ = FileId{};
    area_lines_.clear();
    break_.reset();
}

bool Importer::fail(std::size_t column, std::string message) {
    error_ = {call_.line, column, std::move(message)};
    return false;
}

bool Importer::leave_out(std::string reason) {
    ++left_out_[std::move(reason)];
    return true;
}

bool Importer::leave_out_failed() {
    const auto error = errno_of(call_.error);
    const std::string name = error ? std::string(name_of(*error)) : "another errno";
    return leave_out(std::string(call_.name) + " that failed with " + name);
}

bool Importer::use() {
    ++used_;
    return true;
}

bool Importer::emit(const Op& op, Errno claim, std::string_view comment) {
    if (program_.lines.size() == step_lines_max) {
        return fail(1, "the calls up to here make more than 1000000 steps");
    }
    StepLine step{Step{op, {}, {}}, Result{claim}};
    Line line{step, {}};
    if (!comment.empty()) line.comments.beside = " " + std::string(comment);
    program_.lines.push_back(std::move(line));
    if (const auto* const mprotect = std::get_if<Mprotect>(&op)) layout_.apply(*mprotect);
    if (claim != Errno::ok) return true;
    if (const auto* const mmap = std::get_if<Mmap>(&op)) layout_.apply(*mmap);
    if (const auto* const munmap = std::get_if<Munmap>(&op)) layout_.apply(*munmap);
    return true;
}

bool Importer::count_arguments(std::size_t min) {
    if (call_.arguments.size() >= min) return true;
    return fail(1, "expected " + std::to_string(min) + " arguments of " + std::string(call_.name) +
                       ", found " + std::to_string(call_.arguments.size()));
}

bool Importer::read(std::size_t index, std::uint64_t& number) {
    const Part& argument = call_.arguments[index];
    const auto found = number_of(argument.text);
    if (!found) return fail(argument.column, "expected a number below 2^64 or NULL");
    number = *found;
    return true;
}

bool Importer::read(std::size_t index, Descriptor& descriptor) {
    const Part& argument = call_.arguments[index];
    const auto found = descriptor_of(argument.text);
    if (!found) return fail(argument.column, "expected a descriptor such as `3</lib/x.so>`");
    descriptor = *found;
    return true;
}

bool Importer::read_range(std::optional<PageRange>& range) {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    if (!count_arguments(2) || !read(0, address) || !read(1, bytes)) return false;
    range = pages_of(address, bytes);
    return true;
}

// The pages of `range` of which nothing is known were there from the start.
bool Importer::infer(PageRange range, Guess guess) {
    for (const Span& span : layout_.spans(range)) {
        if (span.known != Known::nothing) continue;
        if (program_.world.areas.size() == initial_areas_max) {
            return fail(1, "the calls up to here speak of more than 1000000 initial areas");
        }
        Mapping mapping{guessed_prot, {}};
        InitialArea area;
        area.range = span.range;
        area.attributes.pgoff = span.range.start.value;
        area.attributes.flags = guessed_prot.flags | may_access_flags | Flag::account;
        if (guess == Guess::exec) {
            if (exec_.none()) {
                Files::Description description{"/exec", true, {}};
                const auto id = files_.enter(description, program_);
                exec_ = id.value_or(FileId{});
                if (id) program_.file_comments.back().beside = " what execve mapped";
            }
            area.attributes.file = exec_;
            if (!exec_.none()) mapping.backing = {exec_, span.range.start.value};
        }
        program_.world.areas.push_back(area);
        area_lines_.push_back(call_.line);
        layout_.set(span.range, Known::area, mapping);
    }
    return true;
}

// As infer(); and what is known to be free has been mapped since.
bool Importer::fill(PageRange range, Guess guess) {
    if (!infer(range, guess)) return false;
    for (const Span& span : layout_.spans(range)) {
        if (span.known != Known::free) continue;
        approximate("mmap inserted for pages that something unseen had mapped");
        if (!emit(Mmap{span.range, guessed_prot, {}}, Errno::ok, "inserted")) return false;
    }
    return true;
}

// Sorts the initial areas. Those that touch and continue each other are taken for one.
void Importer::finish_areas() {
    std::vector<InitialArea>& areas = program_.world.areas;
    std::vector<std::pair<InitialArea, std::size_t>> found;
    found.reserve(areas.size());
    for (std::size_t i = 0; i < areas.size(); ++i) found.emplace_back(areas[i], area_lines_[i]);
    std::sort(found.begin(), found.end(), [](const auto& x, const auto& y) {
        return x.first.range.start < y.first.range.start;
    });
    areas.clear();
    for (const auto& [area, line] : found) {
        const bool continues = !areas.empty() && areas.back().range.end() == area.range.start &&
                               areas.back().attributes.file == area.attributes.file;
        if (continues) {
            areas.back().range.count += area.range.count;
            continue;
        }
        areas.push_back(area);
        program_.area_comments.push_back({{}, " inferred from line " + std::to_string(line)});
    }
}

void Importer::write_head() {
    std::vector<std::string>& head = program_.world_comments.above;
    const auto say = [&head](const std::string& text) { head.push_back(" " + text); };
    if (command_.empty())
        say("Imported from the strace output of a program that was running already.");
    else
        say("Imported from the strace output of " + command_.substr(0, command_length_max));
    say("Calls about memory that are used: " + std::to_string(used_) + ".");
    if (used_before_exec_ > 0) {
        say("Left out, because they are before the last execve: " +
            std::to_string(used_before_exec_) + " calls.");
    }
    if (!left_out_.empty()) say("Left out: " + listed(left_out_) + ".");
    if (!approximations_.empty()) say("Only nearly right: " + listed(approximations_) + ".");
    const bool populates = approximations_.contains("MAP_POPULATE became a touch");
    say(populates ? "Faults: assumed where the comment says MAP_POPULATE, and nowhere else."
                  : "Faults: none is assumed, so that areas merge as unfaulted ones do.");
    say("Not in the trace: the sizes of the files and max_map_count (taken as the largest), and");
    say("what execve mapped (an area is inferred where a call shows that there was one).");
    say("The claims are what the kernel answered.");
}

}  // namespace strace
}  // namespace vmacheck
