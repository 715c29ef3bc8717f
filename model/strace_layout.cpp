// The known pages as a map of spans; see the header.
#include "model/strace_layout.h"

#include <algorithm>

namespace vmacheck::strace {

Mapping behind(Mapping mapping, PageCount skipped) {
    if (!mapping.backing.file.none()) mapping.backing.offset += skipped.value;
    return mapping;
}

std::vector<Span> Layout::spans(PageRange range) const {
    std::vector<Span> found;
    if (range.empty()) return found;
    Page at = range.start;
    auto next = spans_.upper_bound(at);
    if (next != spans_.begin() && std::prev(next)->second.end > at) --next;
    for (; next != spans_.end() && next->first < range.end(); ++next) {
        const auto& [start, tail] = *next;
        if (start > at) found.push_back({range_between(at, start), Known::nothing, {}});
        const Page first = std::max(at, start);
        at = std::min(tail.end, range.end());
        found.push_back(
            {range_between(first, at), tail.known, behind(tail.mapping, first - start)});
    }
    if (at < range.end()) found.push_back({range_between(at, range.end()), Known::nothing, {}});
    return found;
}

bool Layout::any(PageRange range, Known known) const {
    const std::vector<Span> all = spans(range);
    return std::any_of(all.begin(), all.end(),
                       [known](const Span& span) { return span.known == known; });
}

// No span reaches over `page` any more.
void Layout::cut(Page page) {
    auto next = spans_.lower_bound(page);
    if (next == spans_.begin()) return;
    auto& [start, tail] = *std::prev(next);
    if (tail.end <= page) return;
    spans_.emplace_hint(next, page, Tail{tail.end, tail.known, behind(tail.mapping, page - start)});
    tail.end = page;
}

void Layout::set(PageRange range, Known known, const Mapping& mapping) {
    if (range.empty()) return;
    cut(range.start);
    cut(range.end());
    spans_.erase(spans_.lower_bound(range.start), spans_.lower_bound(range.end()));
    spans_.emplace(range.start, Tail{range.end(), known, mapping});
}

PageRange Layout::inside_world(PageRange range) const {
    const Page end{world_.pages.value};
    return range_between(std::min(range.start, end), std::min(range.end(), end));
}

Errno Layout::answer(const Mmap& op, const File* file) const {
    if (op.range.empty()) return Errno::einval;
    if (op.range.end().value > world_.pages.value) return Errno::enomem;
    if (op.placement != Placement::fixed && any(op.range, Known::area)) return Errno::eexist;
    if (file == nullptr) return Errno::ok;
    if (op.backing.offset + op.range.count.value > file_pages_max) return Errno::eoverflow;
    const bool writes = op.sharing == Sharing::is_shared && op.prot.flags.has(Flag::write);
    return writes && file->read_only ? Errno::eacces : Errno::ok;
}

Errno Layout::answer(const Munmap& op) const {
    const bool outside = op.range.end().value > world_.pages.value;
    return op.range.empty() || outside ? Errno::einval : Errno::ok;
}

// A file that was opened for reading only can never be written through a shared mapping.
bool Layout::forbids(const Span& span, Prot prot) const {
    const File* const file = world_.file(span.mapping.backing.file);
    return span.mapping.sharing == Sharing::is_shared && prot.flags.has(Flag::write) &&
           file != nullptr && file->read_only;
}

Errno Layout::answer(const Mprotect& op) const {
    if (op.range.empty()) return Errno::ok;
    for (const Span& span : spans(inside_world(op.range))) {
        if (span.known != Known::area) return Errno::enomem;
        if (forbids(span, op.prot)) return Errno::eacces;
    }
    return op.range.end().value > world_.pages.value ? Errno::enomem : Errno::ok;
}

// What an advice finds wrong with a mapping.
Errno Layout::refusal(const Mapping& mapping, Advice advice) const {
    const bool shared = mapping.sharing == Sharing::is_shared;
    const bool plain = mapping.backing.file.none() && !shared;
    const File* const file = world_.file(mapping.backing.file);
    const bool keeps = !shared || (file != nullptr && file->read_only);
    const Flags prot = mapping.prot.flags;
    const Errno unless_readable = prot.has(Flag::read) ? Errno::ok : Errno::einval;
    const Errno unless_writable = prot.has(Flag::write) ? Errno::ok : Errno::einval;
    switch (advice) {
        case Advice::wipeonfork:
        case Advice::free: return plain ? Errno::ok : Errno::einval;
        case Advice::remove: return plain ? Errno::einval : keeps ? Errno::eacces : Errno::ok;
        case Advice::populate_read: return unless_readable;
        case Advice::populate_write: return unless_writable;
        default: return Errno::ok;
    }
}

Errno Layout::answer(const Madvise& op) const {
    if (is_of_guards(op.advice) && !world_.profile->guard_regions) return Errno::einval;
    if (op.range.empty()) return Errno::ok;
    const bool stops = op.advice == Advice::populate_read || op.advice == Advice::populate_write;
    bool hole = op.range.end().value > world_.pages.value;
    for (const Span& span : spans(inside_world(op.range))) {
        const bool area = span.known == Known::area;
        if (!area && stops) return Errno::enomem;
        const Errno refused = area ? refusal(span.mapping, op.advice) : Errno::ok;
        if (refused != Errno::ok) return refused;
        hole = hole || !area;
    }
    return hole ? Errno::enomem : Errno::ok;
}

void Layout::apply(const Mmap& op) {
    set(op.range, Known::area, {op.prot, op.backing, op.sharing, op.reserve});
}

void Layout::apply(const Munmap& op) {
    set(op.range, Known::free);
}

void Layout::apply(const Mprotect& op) {
    for (Span& span : spans(inside_world(op.range))) {
        if (span.known != Known::area || forbids(span, op.prot)) return;
        span.mapping.prot = op.prot;
        set(span.range, Known::area, span.mapping);
    }
}

}  // namespace vmacheck::strace
