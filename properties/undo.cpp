// See the header.
#include "properties/undo.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/advices.h"

namespace vmacheck {
namespace {

// The advice that brings back what an area had of the flags that `change` is about, if there is
// one.
std::optional<Advice> advice_back(Advice change, Flags before) {
    if (change == Advice::dontneed) return change;
    // Each way to read ahead takes the other away, and no advice makes an area of both.
    if (change <= Advice::random) {
        if (before.has(Flag::seq_read | Flag::rand_read)) return std::nullopt;
        if (before.has(Flag::seq_read)) return Advice::sequential;
        return before.has(Flag::rand_read) ? Advice::random : Advice::normal;
    }
    std::optional<Advice> back;
    for (const AdviceOfFlag& row : advices_of_flags) {
        if (change != row.sets && change != row.clears) continue;
        if (before.has(row.flag)) return row.sets;
        back = row.clears;
    }
    // What a driver marked is not dumped again, nor inherited.
    const bool refused = back == Advice::dofork || back == Advice::dodump;
    if (refused && before.has_any(special_flags)) return std::nullopt;
    // Between huge pages and none there is an area of neither, which no advice makes.
    const bool huge = change == Advice::hugepage || change == Advice::nohugepage;
    return huge ? std::nullopt : back;
}

// The key of execute-only memory is nobody's to give, and comes by itself.
Pkey pkey_back(const World& world, Flags before) {
    const unsigned pkey = pkey_of(before);
    const bool comes = pkey != 0 && pkey == world.execute_only_pkey();
    return world.pkeys == 0 || comes ? Pkey::keep : pkey_named(pkey);
}

}  // namespace

std::optional<Op> undo(const World& world, const Op& change, const Attributes& before,
                       PageRange range) {
    // A seal refuses, and to make locked memory writable is to fault it in.
    if (before.flags.has_any(Flag::sealed | Flag::locked)) return std::nullopt;
    if (std::holds_alternative<Mprotect>(change)) {
        const Pkey pkey = pkey_back(world, before.flags);
        return Mprotect{range, {before.flags & access_flags}, Reach::range, pkey};
    }
    if (std::holds_alternative<AnonName>(change)) return AnonName{range, before.name};
    if (std::holds_alternative<Mlock>(change)) {
        // It is not locked, but faulted in, even where that was to wait.
        if (before.flags.has_any(special_flags | Flag::droppable)) return std::nullopt;
        return Munlock{range};
    }
    if (std::holds_alternative<Mbind>(change)) {
        if (before.home_node) return std::nullopt;
        return Mbind{range, before.policy};
    }
    if (const auto* const watch = std::get_if<UffdRegister>(&change)) {
        if (before.uffd != UffdContext::none) return std::nullopt;
        return UffdUnregister{range, watch->uffd};
    }
    const auto* const madvise = std::get_if<Madvise>(&change);
    if (madvise == nullptr) return std::nullopt;
    const auto back = advice_back(madvise->advice, before.flags);
    if (!back) return std::nullopt;
    return Madvise{range, *back};
}

Op draw_change(Source& source, const World& world, PageRange range) {
    switch (source.below(8)) {
        case 0: return AnonName{range, static_cast<AreaName>(source.below(area_names.size()))};
        case 1: return Mbind{range, static_cast<Policy>(source.below(policy_names.size()))};
        case 2: return Mlock{range, LockMode::on_fault};
        case 3:
            return UffdRegister{range, static_cast<Uffd>(source.below(uffd_names.size())),
                                static_cast<UffdMode>(source.below(uffd_mode_names.size()))};
        case 4:
        case 5: {
            // Those behind it change no flags.
            constexpr auto last = static_cast<std::uint64_t>(Advice::dontneed);
            return Madvise{range, static_cast<Advice>(source.below(last + 1))};
        }
        default: break;
    }
    Mprotect change{range, {Flags::of(static_cast<std::uint32_t>(source.below(8)) ^ 3U)}};
    if (world.pkeys > 0 && source.one_in(2)) {
        change.pkey = pkey_named(static_cast<unsigned>(source.below(world.pkeys)));
    }
    return change;
}

std::optional<SpaceId> draw_space(Source& source, const Snapshot& snapshot) {
    std::vector<SpaceId> spaces;
    for (std::uint8_t space = 0; space < space_count_max; ++space) {
        if (!snapshot.spaces[space].areas.empty()) spaces.push_back(SpaceId{space});
    }
    if (spaces.empty()) return std::nullopt;
    return spaces[source.below(spaces.size())];
}

PageRange draw_part(Source& source, PageRange range) {
    const std::uint64_t pages = range.count.value;
    const std::uint64_t skipped = source.one_in(2) ? source.below(pages) : 0;
    const std::uint64_t left = pages - skipped;
    const std::uint64_t count = source.one_in(2) ? left : 1 + source.below(left);
    return {range.start + PageCount{skipped}, PageCount{count}};
}

PageRange draw_range(Source& source, const SpaceView& view, const World& world) {
    const std::vector<Page> ends = ends_of(view, view);
    const auto draw_end = [&] {
        if (ends.empty() || source.one_in(3)) return Page{source.below(world.pages.value)};
        return ends[source.below(ends.size())];
    };
    Page start = draw_end();
    Page end = draw_end();
    if (end < start) std::swap(start, end);
    if (start.value == world.pages.value) start = Page{start.value - 1};
    if (end <= start) end = start + PageCount{1};
    return range_between(start, end);
}

Stretch draw_stretch(Source& source, const SpaceView& view) {
    const std::size_t first = source.below(view.areas.size());
    std::size_t end = first + 1;
    while (end < view.areas.size() && is_seam(view, view.areas[end].range.start) &&
           !source.one_in(3)) {
        ++end;
    }
    const PageRange head = draw_part(source, view.areas[first].range);
    const PageRange tail = draw_part(source, view.areas[end - 1].range);
    // One area: any part of it. Several: all that lies between two pages of the outer ones.
    if (end == first + 1) return {first, end, head};
    return {first, end, range_between(head.start, tail.end())};
}

PageRange intersection(PageRange one, PageRange other) {
    const Page start = std::max(one.start, other.start);
    const Page end = std::min(one.end(), other.end());
    return start < end ? range_between(start, end) : PageRange{start, PageCount{0}};
}

}  // namespace vmacheck
