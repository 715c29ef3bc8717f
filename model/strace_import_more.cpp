// The meaning of brk and mremap, and of the calls that make descriptors and address spaces; see
// strace_import.h.
#include <algorithm>
#include <array>

#include "model/strace_import.h"

namespace vmacheck::strace {

namespace {

std::uint64_t pages_below(std::uint64_t address) {
    return address / page_bytes + (address % page_bytes != 0 ? 1 : 0);
}

// The path between the quotes of `"/lib/x.so"`.
std::string_view unquoted(std::string_view text) {
    if (!text.starts_with('"')) return {};
    text.remove_prefix(1);
    return text.substr(0, text.rfind('"'));
}

}  // namespace

// Answers the break, the old one if it did not move.
bool Importer::brk() {
    std::uint64_t wanted = 0;
    if (!count_arguments(1) || !read(0, wanted)) return false;
    if (!done()) return leave_out("brk without a result");
    const std::uint64_t now = *call_.result;
    const std::optional<std::uint64_t> before = break_;
    break_ = now;
    if (wanted == 0) return use();
    if (now != wanted) return leave_out("brk that failed");
    if (!before) return leave_out("brk from an unknown break");
    const Page old_end{pages_below(*before)};
    const Page new_end{pages_below(now)};
    if (std::max(old_end, new_end).value > strace_world_pages.value) {
        return leave_out("brk at an address beyond 47 bits");
    }
    if (new_end > old_end) {
        approximate("brk became mmap, which may also merge with the area behind");
        Mmap op{range_between(old_end, new_end), {read_write_flags}, {}};
        op.placement = Placement::fixed;
        if (!emit(op, Errno::ok, "brk")) return false;
    } else if (new_end < old_end) {
        approximate("brk that shrinks became munmap");
        const Munmap op{range_between(new_end, old_end)};
        if (!infer(op.range, Guess::anonymous) || !emit(op, Errno::ok, "brk")) return false;
    }
    return use();
}

bool Importer::mremap() {
    std::uint64_t old_address = 0;
    std::uint64_t old_bytes = 0;
    std::uint64_t new_bytes = 0;
    if (!count_arguments(4) || !read(0, old_address) || !read(1, old_bytes) || !read(2, new_bytes))
        return false;
    if (failed()) return leave_out_failed();
    if (!done()) return leave_out("mremap without a result");
    const auto old_range = pages_of(old_address, old_bytes);
    const auto new_range = pages_of(*call_.result, new_bytes);
    const bool fits = old_range && new_range && in_world(*old_range) && in_world(*new_range);
    if (!fits || new_range->empty()) return leave_out("mremap at an address beyond 47 bits");
    if (old_range->empty()) return leave_out_mapping(*new_range, "mremap that duplicates");

    if (old_range->start == new_range->start) {
        if (old_range->count == new_range->count) return use();
        if (old_range->count < new_range->count) {
            return mremap_tail(*old_range, range_between(old_range->end(), new_range->end()));
        }
        approximate("mremap that shrinks became munmap");
        const PageRange tail = range_between(new_range->end(), old_range->end());
        return infer(tail, Guess::anonymous) && emit(Munmap{tail}, Errno::ok, "mremap") && use();
    }
    const bool overlap = old_range->start < new_range->end() && new_range->start < old_range->end();
    if (overlap) return leave_out("mremap that cannot have succeeded");
    const std::vector<std::string_view> flags = symbols_of(call_.arguments[3].text);
    const bool keeps_old = std::find(flags.begin(), flags.end(), "MREMAP_DONTUNMAP") != flags.end();
    return mremap_move(*old_range, *new_range, keeps_old);
}

// Growth in place: the new pages are as the last old one.
bool Importer::mremap_tail(PageRange old_range, PageRange tail) {
    if (!fill(old_range, Guess::anonymous)) return false;
    const Span last = layout_.spans(old_range).back();
    if (last.known != Known::area) return leave_out_mapping(tail, "mremap of what is left out");
    const Span source{{last.range.end(), {}}, last.known, behind(last.mapping, last.range.count)};
    approximate("mremap that grows became mmap without advice");
    return map_copy(source, tail) && use();
}

// A move: what is known of the old pages is mapped anew. Growth is that of the last of them.
bool Importer::mremap_move(PageRange old_range, PageRange new_range, bool keeps_old) {
    approximate("mremap that moves became munmap and mmap: the pages lose identity and advice");
    if (!fill(old_range, Guess::anonymous)) return false;
    const std::vector<Span> sources = layout_.spans(old_range);
    if (!keeps_old && !emit(Munmap{old_range}, Errno::ok, "mremap")) return false;
    for (const Span& source : sources) {
        const PageCount before = source.range.start - old_range.start;
        if (before >= new_range.count) break;
        const Page start = new_range.start + before;
        const bool is_last = source.range.end() == old_range.end();
        const Page end =
            is_last ? new_range.end() : std::min(start + source.range.count, new_range.end());
        if (!map_copy(source, range_between(start, end))) return false;
    }
    return use();
}

// Maps `range` as `source` is, or leaves it out if that cannot be said.
bool Importer::map_copy(const Span& source, PageRange range) {
    const Mapping& from = source.mapping;
    const bool shared_memory = from.sharing == Sharing::is_shared && from.backing.file.none();
    Mmap op{range, from.prot, from.backing, from.sharing, Placement::hint, from.reserve};
    if (layout_.any(range, Known::area)) op.placement = Placement::fixed;
    const File* const file = program_.world.file(from.backing.file);
    const bool possible = source.known == Known::area && !shared_memory;
    if (possible && layout_.answer(op, file) == Errno::ok) {
        return emit(op, Errno::ok, "mremap");
    }
    approximate("mremap of pages that a program cannot map again leaves them out");
    if (layout_.any(range, Known::area) && !emit(Munmap{range}, Errno::ok, "mremap")) return false;
    layout_.set(range, Known::left_out);
    return true;
}

bool Importer::openat() {
    if (!done()) return true;
    const bool has_directory = call_.name == "openat" || call_.name == "openat2";
    const std::size_t path_index = has_directory ? 1 : 0;
    if (!count_arguments(path_index + 1)) return false;
    const auto descriptor = descriptor_of(call_.result_text);
    if (!descriptor) return true;
    const bool with_flags = call_.arguments.size() > path_index + 1;
    const std::string_view flags = with_flags ? call_.arguments[path_index + 1].text : "";
    const bool writable = call_.name == "creat" || flags.find("O_RDWR") != std::string_view::npos ||
                          flags.find("O_WRONLY") != std::string_view::npos;
    std::string_view path = descriptor->path;
    if (path.empty()) path = unquoted(call_.arguments[path_index].text);
    files_.open(descriptor->number, path, !writable);
    return true;
}

bool Importer::memfd_create() {
    const auto descriptor = descriptor_of(call_.result_text);
    if (!done() || !descriptor || call_.arguments.empty()) return true;
    const std::string path = "/memfd:" + std::string(unquoted(call_.arguments[0].text));
    files_.open(descriptor->number, descriptor->path.empty() ? path : descriptor->path, false);
    return true;
}

bool Importer::dup() {
    if (!done()) return true;
    if (!count_arguments(1)) return false;
    const auto from = descriptor_of(call_.arguments[0].text);
    const auto to = descriptor_of(call_.result_text);
    if (from && to) files_.copy(from->number, to->number);
    return true;
}

bool Importer::fcntl() {
    const bool copies =
        call_.arguments.size() > 1 && call_.arguments[1].text.starts_with("F_DUPFD");
    return copies ? dup() : true;
}

bool Importer::close() {
    if (!done() || call_.arguments.empty()) return true;
    if (const auto descriptor = descriptor_of(call_.arguments[0].text)) {
        files_.close(descriptor->number);
    }
    return true;
}

bool Importer::execve() {
    if (done() && *call_.result == 0) start_anew();
    return true;
}

Importer::Meaning Importer::meaning_of(std::string_view name) {
    struct Entry {
        std::string_view name;
        Meaning meaning;
    };
    static constexpr std::array<Entry, 19> entries = {{
        {"mmap", &Importer::mmap},         {"munmap", &Importer::munmap},
        {"mprotect", &Importer::mprotect}, {"pkey_mprotect", &Importer::mprotect},
        {"madvise", &Importer::madvise},   {"brk", &Importer::brk},
        {"mremap", &Importer::mremap},     {"openat", &Importer::openat},
        {"openat2", &Importer::openat},    {"open", &Importer::openat},
        {"creat", &Importer::openat},      {"memfd_create", &Importer::memfd_create},
        {"dup", &Importer::dup},           {"dup2", &Importer::dup},
        {"dup3", &Importer::dup},          {"fcntl", &Importer::fcntl},
        {"close", &Importer::close},       {"execve", &Importer::execve},
        {"execveat", &Importer::execve},
    }};
    for (const Entry& entry : entries) {
        if (entry.name == name) return entry.meaning;
    }
    return nullptr;
}

}  // namespace vmacheck::strace
