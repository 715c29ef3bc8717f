// The invariants of a target's own state, with no word from the reference.
#include <algorithm>

#include "model/check.h"

namespace vmacheck {
namespace {

std::optional<Invariant> broken_structure(const World& world, const AreaView& area) {
    if (area.range.end().value > world.pages.value) return Invariant::inside_world;
    if (area.range.empty()) return Invariant::not_empty;
    const Attributes& at = area.attributes;
    const bool in_bounds = at.file.value <= identity_max && at.fault.value <= identity_max;
    return in_bounds ? std::nullopt : std::optional(Invariant::identity_in_bounds);
}

// What dontunmap unlocks stays in locked_vm, and the old place may keep the offset that it had.
bool dontunmap_leaves_traces(const World& world) {
    return world.profile->dontunmap == Dontunmap::whole_area && !world.profile->maximal;
}

// In the child of a fork what WIPEONFORK wiped keeps the offset that it had (dup_mmap()).
std::optional<Invariant> broken_offset(const World& world, const AreaView& area) {
    const Attributes& at = area.attributes;
    const bool has_offset_of_its_own = at.file.none() && at.fault.none();
    if (!has_offset_of_its_own || dontunmap_leaves_traces(world)) return std::nullopt;
    return at.pgoff == area.range.start.value ? std::nullopt
                                              : std::optional(Invariant::anonymous_offset);
}

std::optional<Invariant> broken_attributes(const World& world, const AreaView& area) {
    const Attributes& at = area.attributes;
    // Where guards have no flag, shared memory gets an identity with them.
    const bool guarded = world.profile->guard_regions && !world.profile->guard_flag;
    if (!at.fault.none() && at.flags.has(Flag::shared) && !guarded)
        return Invariant::shared_unfaulted;
    const bool watched = at.flags.has_any(uffd_flags);
    if (watched != (at.uffd != UffdContext::none)) return Invariant::uffd_has_modes;
    if (!world.is_pkey_of(pkey_of(at.flags), at.flags)) return Invariant::pkey_allocated;
    const bool permitted = at.flags.has(needed_may_flags({at.flags & access_flags}));
    return permitted ? std::nullopt : std::optional(Invariant::access_permitted);
}

bool could_be_one(const AreaView& left, const AreaView& right) {
    Attributes shifted = left.attributes;
    shifted.pgoff += left.range.count.value;
    return left.range.end() == right.range.start && shifted == right.attributes;
}

SpaceCounters recount(const SpaceView& view) {
    SpaceCounters counters;
    for (const AreaView& area : view.areas) {
        const Flags flags = area.attributes.flags;
        const std::uint64_t pages = area.range.count.value;
        counters.map_count += 1;
        counters.total += pages;
        if (flags.has(Flag::grows_down))
            counters.stack += pages;
        else if (flags.has(Flag::exec) && !flags.has(Flag::write))
            counters.exec += pages;
        else if (flags.has(Flag::write) && !flags.has(Flag::shared))
            counters.data += pages;
        if (flags.has(Flag::locked)) counters.locked += pages;
    }
    return counters;
}

// What the areas of all spaces add up to; the objects of shared anonymous mappings are not seen
// there.
MachineView recount(const World& world, const std::vector<SpaceView>& views) {
    MachineView machine;
    machine.files.resize(world.files.size());
    for (const SpaceView& view : views) {
        for (const AreaView& area : view.areas) {
            const Attributes& at = area.attributes;
            if (at.flags.has(Flag::account)) machine.committed += area.range.count.value;
            if (world.file(at.file) == nullptr) continue;
            FileCounters& file = machine.files[at.file.value - 1];
            file.references += 1;
            if (at.flags.has(Flag::shared | Flag::may_write)) file.writable += 1;
        }
    }
    return machine;
}

bool agree(const std::vector<FileCounters>& counted, const std::vector<FileCounters>& found,
           const Profile& profile) {
    const bool exact = !references_stay(profile);
    return std::equal(counted.begin(), counted.end(), found.begin(), found.end(),
                      [exact](const FileCounters& one, const FileCounters& other) {
                          const bool references = exact ? one.references == other.references
                                                        : one.references <= other.references;
                          return references && one.writable == other.writable;
                      });
}

}  // namespace

std::optional<Violation> check_structure(const World& world, const SpaceView& view) {
    Page end{0};
    for (const AreaView& area : view.areas) {
        if (const auto broken = broken_structure(world, area))
            return Violation{*broken, area.range};
        if (area.range.start < end) return Violation{Invariant::sorted_without_overlap, area.range};
        end = area.range.end();
    }
    return std::nullopt;
}

std::optional<Violation> check_alone(const World& world, const std::vector<SpaceView>& views,
                                     const MachineView& machine) {
    for (const SpaceView& view : views) {
        if (const auto violation = check_structure(world, view)) return violation;
        for (const AreaView& area : view.areas) {
            const bool forked = &view != &views.front();
            auto broken = forked ? std::nullopt : broken_offset(world, area);
            if (!broken) broken = broken_attributes(world, area);
            if (broken) return Violation{*broken, area.range};
        }
        for (std::size_t at = 1; world.profile->maximal && at < view.areas.size(); ++at) {
            if (!could_be_one(view.areas[at - 1], view.areas[at])) continue;
            return Violation{Invariant::maximal, view.areas[at].range};
        }
        SpaceCounters counted = recount(view);
        counted.brk = view.counters.brk;  // In no area.
        if (dontunmap_leaves_traces(world))
            counted.locked = std::max(counted.locked, view.counters.locked);
        if (counted != view.counters) return Violation{Invariant::counters, {}};
    }
    const MachineView counted = recount(world, views);
    const bool exact = machine.objects == 0 && !charges_stay(*world.profile);
    const bool committed =
        exact ? counted.committed == machine.committed : counted.committed <= machine.committed;
    if (!committed || !agree(counted.files, machine.files, *world.profile)) {
        return Violation{Invariant::counters, {}};
    }
    return std::nullopt;
}

}  // namespace vmacheck
