// The meaning of mmap, munmap, mprotect and madvise; see the header.
#include "model/strace_import.h"

#include <algorithm>
#include <array>

namespace vmacheck::strace {

namespace {

template <std::size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// None if `text` holds a bit without a meaning here, as PROT_GROWSDOWN.
std::optional<Prot> prot_of(std::string_view text) {
    Prot prot;
    for (const std::string_view symbol : symbols_of(text)) {
        if (symbol == "PROT_READ")
            prot.flags = prot.flags | Flag::read;
        else if (symbol == "PROT_WRITE")
            prot.flags = prot.flags | Flag::write;
        else if (symbol == "PROT_EXEC")
            prot.flags = prot.flags | Flag::exec;
        else if (symbol != "PROT_NONE" && symbol != "PROT_SEM")
            return std::nullopt;
    }
    return prot;
}

// MADV_DONTFORK is `dontfork`. None for the advices that the list of operations does not have.
std::optional<Advice> advice_of(std::string_view text) {
    constexpr std::string_view start = "MADV_";
    if (!text.starts_with(start)) return std::nullopt;
    std::string name(text.substr(start.size()));
    for (char& character : name) {
        if (character >= 'A' && character <= 'Z')
            character = static_cast<char>(character - 'A' + 'a');
    }
    const auto* const found = std::find(advice_names.begin(), advice_names.end(), name);
    if (found == advice_names.end()) return std::nullopt;
    return static_cast<Advice>(found - advice_names.begin());
}

// How an advice is called where it is counted: those that strace knows have a name.
std::string advice_name(std::string_view text) {
    constexpr std::array<std::string_view, 3> known = {
        "MADV_COLLAPSE",
        "MADV_SOFT_OFFLINE",
        "MADV_HWPOISON",
    };
    return is_one_of(text, known) ? std::string(text) : "of another advice";
}

}  // namespace

Importer::MapFlags Importer::map_flags_of(std::string_view text) {
    constexpr std::array<std::string_view, 6> meaningless = {
        "MAP_DENYWRITE", "MAP_EXECUTABLE", "MAP_NONBLOCK", "MAP_32BIT", "MAP_FILE", "MAP_PRIVATE"};
    constexpr std::array<std::string_view, 5> refused = {"MAP_GROWSDOWN", "MAP_HUGETLB",
                                                         "MAP_LOCKED", "MAP_SYNC", "MAP_DROPPABLE"};
    MapFlags flags;
    for (const std::string_view symbol : symbols_of(text)) {
        if (symbol == "MAP_SHARED" || symbol == "MAP_SHARED_VALIDATE")
            flags.sharing = Sharing::is_shared;
        else if (symbol == "MAP_ANONYMOUS" || symbol == "MAP_ANON")
            flags.anonymous = true;
        else if (symbol == "MAP_FIXED")
            flags.placement = Placement::fixed;
        else if (symbol == "MAP_FIXED_NOREPLACE")
            flags.placement = Placement::noreplace;
        else if (symbol == "MAP_NORESERVE")
            flags.reserve = Reserve::noreserve;
        else if (symbol == "MAP_POPULATE")
            flags.populate = true;
        else if (symbol == "MAP_STACK")
            flags.stack = true;
        else if (is_one_of(symbol, refused) && flags.unknown.empty())
            flags.unknown = symbol;
        else if (!is_one_of(symbol, meaningless) && flags.unknown.empty())
            flags.unknown = "another flag";
    }
    return flags;
}

bool Importer::mmap() {
    std::uint64_t hint = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;
    if (!count_arguments(6) || !read(0, hint) || !read(1, bytes) || !read(5, offset)) return false;
    if (!failed() && !done()) return leave_out("mmap without a result");
    const std::optional<Prot> prot = prot_of(call_.arguments[2].text);
    MapFlags flags = map_flags_of(call_.arguments[3].text);
    const auto range = pages_of(done() ? *call_.result : hint, bytes);
    const bool fits = range && in_world(*range);
    if (done() && (!fits || range->empty())) return leave_out("mmap at an address beyond 47 bits");
    if (!range) return leave_out_failed();
    if (!prot) flags.unknown = "another protection";

    Mmap op{*range, prot.value_or(Prot{}), {}, flags.sharing, flags.placement, flags.reserve};
    Files::Description* description = nullptr;
    if (!flags.anonymous) {
        Descriptor descriptor;
        if (!read(4, descriptor)) return failed() ? leave_out_failed() : false;
        description = &files_.description(descriptor);
        // mmap_zero() makes memory of it that has nothing to do with the file.
        if (description->path == "/dev/zero" && op.sharing == Sharing::is_shared) {
            description = nullptr;
        } else if (offset % page_bytes != 0) {
            if (done()) return leave_out_mapping(*range, "mmap at an offset inside of a page");
            return leave_out_failed();
        } else {
            op.backing.offset = offset / page_bytes;
        }
    }
    if (done()) return mmap_done(op, flags, description);
    if (!flags.unknown.empty()) return leave_out_failed();
    if (description == nullptr) return mmap_failed(op, nullptr);
    const File file{"", {}, {file_pages_max}, description->read_only};
    const auto error = errno_of(call_.error);
    if (!error || layout_.answer(op, &file) != *error) return leave_out_failed();
    const auto id = files_.enter(*description, program_);
    if (!id) return leave_out("mmap of a file beyond the first 4096");
    op.backing.file = *id;
    return mmap_failed(op, &file);
}

bool Importer::mmap_failed(const Mmap& op, const File* file) {
    const auto error = errno_of(call_.error);
    if (!error || layout_.answer(op, file) != *error) return leave_out_failed();
    return emit(op, *error) && use();
}

bool Importer::mmap_done(Mmap op, const MapFlags& flags, Files::Description* description) {
    if (!flags.unknown.empty()) {
        return leave_out_mapping(op.range, "mmap with " + std::string(flags.unknown));
    }
    if (description != nullptr) {
        const auto id = files_.enter(*description, program_);
        if (!id) return leave_out_mapping(op.range, "mmap of a file beyond the first 4096");
        op.backing.file = *id;
    }
    const File* const file = program_.world.file(op.backing.file);
    std::string_view comment;
    Errno answer = layout_.answer(op, file);
    if (answer == Errno::eexist) {
        approximate("mmap on pages that something unseen had unmapped became `fixed`");
        comment = "not fixed in the trace";
        op.placement = Placement::fixed;
        answer = layout_.answer(op, file);
    }
    if (answer != Errno::ok) return leave_out_mapping(op.range, "mmap that cannot have succeeded");
    if (flags.stack) approximate("mmap with MAP_STACK lacks the flag nohugepage");
    if (!emit(op, Errno::ok, comment)) return false;
    const bool writable = op.prot.flags.has(Flag::write) && op.sharing == Sharing::is_private;
    if (flags.populate && writable) {
        approximate("MAP_POPULATE became a touch");
        if (!emit(Touch{op.range, Access::write}, Errno::ok, "MAP_POPULATE")) return false;
    }
    return use();
}

// What lies there goes; what comes is not in the program.
bool Importer::leave_out_mapping(PageRange range, std::string reason) {
    if (layout_.any(range, Known::area)) {
        approximate("munmap in the place of a mapping that is left out");
        if (!emit(Munmap{range}, Errno::ok, "under a mapping that is left out")) return false;
    }
    layout_.set(range, Known::left_out);
    return leave_out(std::move(reason));
}

bool Importer::munmap() {
    std::optional<PageRange> range;
    if (!read_range(range)) return false;
    if (!failed() && !done()) return leave_out("munmap without a result");
    if (!range)
        return failed() ? leave_out_failed() : leave_out("munmap that cannot have succeeded");
    const Munmap op{*range};
    const Errno answer = layout_.answer(op);
    if (failed()) {
        if (errno_of(call_.error) != answer) return leave_out_failed();
        return emit(op, answer) && use();
    }
    if (answer != Errno::ok) return leave_out("munmap that cannot have succeeded");
    return infer(*range, Guess::exec) && emit(op) && use();
}

// mprotect and madvise: the whole range must be mapped.
template <class Change>
bool Importer::change(const Change& op, Guess guess) {
    const std::string name(call_.name);
    if (!failed() && !done()) return leave_out(name + " without a result");
    if (layout_.any(op.range, Known::left_out)) {
        return leave_out(name + " of pages that are left out");
    }
    if (failed()) {
        const Errno answer = layout_.answer(op);
        if (errno_of(call_.error) != answer) return leave_out_failed();
        for (const Span& span : layout_.spans(op.range)) {
            if (span.known == Known::nothing) layout_.set(span.range, Known::free);
        }
        return emit(op, answer) && use();
    }
    if (!in_world(op.range)) return leave_out(name + " at an address beyond 47 bits");
    if (!fill(op.range, guess)) return false;
    if (layout_.answer(op) != Errno::ok) return leave_out(name + " that cannot have succeeded");
    return emit(op) && use();
}

bool Importer::mprotect() {
    std::optional<PageRange> range;
    if (!count_arguments(3) || !read_range(range)) return false;
    const bool keyed = call_.arguments.size() > 3 && call_.arguments[3].text != "-1";
    if (keyed) return leave_out("pkey_mprotect with a key");
    if (!range)
        return failed() ? leave_out_failed() : leave_out("mprotect that cannot have succeeded");
    const std::optional<Prot> prot = prot_of(call_.arguments[2].text);
    if (!prot) return leave_out("mprotect with another protection");
    return change(Mprotect{*range, *prot}, Guess::exec);
}

bool Importer::madvise() {
    std::optional<PageRange> range;
    if (!count_arguments(3) || !read_range(range)) return false;
    const std::string_view text = call_.arguments[2].text;
    const std::optional<Advice> advice = advice_of(text);
    if (!advice) return leave_out("madvise " + advice_name(text));
    if (!range)
        return failed() ? leave_out_failed() : leave_out("madvise that cannot have succeeded");
    return change(Madvise{*range, *advice}, Guess::anonymous);
}

}  // namespace vmacheck::strace
