// Vma: an area, the maximal stretch of pages that the list holds as one entry.
#pragma once

#include "model/attributes.h"
#include "model/page.h"

namespace vmacheck::impl {

// The pages of [start, end). `attributes` are those of every page, except that `pgoff` is that of
// the first and grows by one from page to page.
struct Vma {
    Page start;
    Page end;
    Attributes attributes;

    [[nodiscard]] constexpr PageRange range() const { return range_between(start, end); }
    [[nodiscard]] constexpr PageCount count() const { return end - start; }
    [[nodiscard]] constexpr std::uint64_t pgoff_at(Page page) const {
        return attributes.pgoff + (page - start).value;
    }
    // Whether `page` lies inside, so that a cut there leaves a piece on either side.
    [[nodiscard]] constexpr bool cut_by(Page page) const { return start < page && page < end; }
    // The part of it in [from, to), which lies within it.
    [[nodiscard]] constexpr Vma part(Page from, Page to) const {
        Vma piece{from, to, attributes};
        piece.attributes.pgoff = pgoff_at(from);
        return piece;
    }
    // The same pages with other attributes; place and history stay.
    [[nodiscard]] constexpr Vma with(Attributes to) const {
        to.pgoff = attributes.pgoff;
        to.fault = attributes.fault;
        to.forked = attributes.forked;
        return {start, end, to};
    }
    friend constexpr bool operator==(const Vma&, const Vma&) = default;
};

// Which counter of mm->*_vm a page belongs to, if to any (is_exec_mapping, is_stack_mapping,
// is_data_mapping).
constexpr bool counts_as_exec(Flags flags) {
    return (flags & (Flag::exec | Flag::write | Flag::grows_down)) == Flags(Flag::exec);
}
constexpr bool counts_as_stack(Flags flags) {
    return flags.has(Flag::grows_down);
}
constexpr bool counts_as_data(Flags flags) {
    return (flags & (Flag::write | Flag::shared | Flag::grows_down)) == Flags(Flag::write);
}

// Memory that KSM may deduplicate (vma_ksm_compatible).
constexpr bool ksm_compatible(Flags flags) {
    return !flags.has_any(special_flags | Flag::droppable | Flag::may_share | Flag::shared);
}

// Memory that mlock takes (vma_supports_mlock).
constexpr bool supports_mlock(Flags flags) {
    return !flags.has(Flag::droppable) && !flags.has_any(special_flags);
}

// Memory with pages of its own, which can be faulted in ahead.
constexpr bool has_pages(Flags flags) {
    return !flags.has(Flag::io) && !flags.has(Flag::pfnmap);
}

}  // namespace vmacheck::impl
