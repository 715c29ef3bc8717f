// Laws about going there and back: what is changed and changed back is as before.
//
// In a profile `maximal` that is always so. In the others it is so where history allows: a merge
// spreads a fault identity, closes old seams on its way, and does not happen to an area with a
// close hook, nor to one that a driver marked. Each law says below what it takes for an exact
// return. One flag is history everywhere: `account` stays on pages of a file that were made
// writable once (mprotect_fixup()).
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "properties/draw.h"
#include "properties/law_functions.h"
#include "properties/snapshot.h"
#include "properties/undo.h"

namespace vmacheck::laws {
namespace {

// Whether a change of the protection and its undoing may leave another `account` on such a page.
bool account_is_history(const Attributes& page, const Profile& profile) {
    if (page.flags.has(Flag::shared)) return false;
    // An area of the start may be charged where no operation leaves one so: read-only memory
    // without a page gives its charge back (mprotect_fixup()).
    const bool charged_unwritten = page.flags.has(Flag::account) && !page.flags.has(Flag::write);
    return !page.file.none() || profile.fault_identity || charged_unwritten;
}

// The flags of the pages of `range` are as before, but for an `account` that is history, and what
// is sticky. Answers whether they are the same.
bool flags_are_back(const Run& run, const SpaceView& before, const SpaceView& after,
                    PageRange range) {
    bool same = true;
    for (const Page page : ends_of(before, after)) {
        const Page at = page < range.start ? range.start : page;
        const auto expected = attributes_at(before, at);
        const auto found = attributes_at(after, at);
        if (!expected || !range.contains(at)) continue;
        RC_ASSERT(found.has_value());
        const Flags changed = expected->flags ^ found->flags;
        if (changed.empty()) continue;
        RC_ASSERT(changed.without(sticky_flags | Flag::account).empty());
        const bool charged = changed.has(Flag::account);
        if (charged) RC_ASSERT(account_is_history(*expected, *run.world().profile));
        same = false;
    }
    return same;
}

// No area that touches `range` but those that it holds a part of.
bool stands_alone(const SpaceView& view, PageRange range) {
    return !is_seam(view, range.start) && !is_seam(view, range.end());
}

bool could_be_one(const AreaView& left, const AreaView& right) {
    Attributes linear = left.attributes;
    linear.pgoff += left.range.count.value;
    return left.range.end() == right.range.start && linear == right.attributes;
}

// Whether the pieces of such an area stay apart once it is split.
bool stays_split(const Run& run, const Attributes& area) {
    return run.world().has_close_hook(area.file) || area.flags.has_any(special_flags);
}

// No faults, old seams or areas that stay split among the areas of the stretch and their
// neighbours.
bool is_without_history(const Run& run, const SpaceView& view, const Stretch& stretch) {
    const std::size_t first = stretch.first == 0 ? 0 : stretch.first - 1;
    const std::size_t end = std::min(stretch.end + 1, view.areas.size());
    for (std::size_t at = first; at < end; ++at) {
        const Attributes& area = view.areas[at].attributes;
        if (!area.fault.none() || area.flags.has_any(sticky_flags)) return false;
        if (stays_split(run, area)) return false;
        if (at > first && could_be_one(view.areas[at - 1], view.areas[at])) return false;
    }
    return true;
}

void expect_same(const Run& run, const Snapshot& before, const Snapshot& after) {
    if (const auto differs = difference(run, before, after, {})) fail(*differs);
}

void run_and_show(LawCase& law, Candidate& candidate, Run& run, const Step& step, Result& result) {
    candidate.steps.push_back(step);
    law.is_about(candidate);
    result = run.step(step);
}

}  // namespace

// Linux: the return is exact if the piece touches nothing but its own area, and neither a close
// hook nor a mark of the driver keeps the pieces apart.
//
//     pages   01234567        01234567        01234567
//     before  AAAAAAAA   ->   AAbbbAAA   ->   AAAAAAAA
void split_then_merge_is_identity(LawCase& law) {
    Candidate candidate = law.draw_without_limit();
    Run run(law, candidate.world);
    run.steps(candidate.steps);
    const Snapshot before = run.snapshot();
    RcSource source;
    const auto space = draw_space(source, before);
    if (!space) return;
    const SpaceView& view = before.spaces[space->value];
    const AreaView& area = view.areas[source.below(view.areas.size())];
    const PageRange piece = draw_part(source, area.range);
    const Op change = draw_change(source, candidate.world, piece);
    const auto back = undo(candidate.world, change, area.attributes, piece);
    if (!back) return;

    Result result;
    run_and_show(law, candidate, run, {change, *space, {}}, result);
    if (result.error != Errno::ok) return;
    const Snapshot changed = run.snapshot();
    run_and_show(law, candidate, run, {*back, *space, {}}, result);
    RC_ASSERT(result.error == Errno::ok);

    const Snapshot after = run.snapshot();
    if (const auto differs = page_difference(run, before, after, {0, false, false, false})) {
        fail(*differs);
    }
    if (!flags_are_back(run, view, after.spaces[space->value], piece)) return;
    const bool exact = run.world().profile->maximal ||
                       (!stays_split(run, area.attributes) && stands_alone(view, piece));
    if (!exact) return;
    expect_same(run, before, after);
    const bool was_split = piece != area.range && page_difference(run, before, changed, {});
    law.count_interesting(was_split ? 1 : 0);
}

// Linux: the return is exact if the areas and their neighbours carry no history.
void change_undone_restores_layout(LawCase& law) {
    Candidate candidate = law.draw_without_limit();
    Run run(law, candidate.world);
    run.steps(candidate.steps);
    const Snapshot before = run.snapshot();
    RcSource source;
    const auto space = draw_space(source, before);
    if (!space) return;
    const SpaceView& view = before.spaces[space->value];
    const Stretch stretch = draw_stretch(source, view);
    const Op change = draw_change(source, candidate.world, stretch.range);
    std::vector<Op> way_back;
    for (std::size_t at = stretch.first; at < stretch.end; ++at) {
        const PageRange piece = intersection(view.areas[at].range, stretch.range);
        const auto back = undo(candidate.world, change, view.areas[at].attributes, piece);
        if (!back) return;
        way_back.push_back(*back);
    }

    Result result;
    run_and_show(law, candidate, run, {change, *space, {}}, result);
    if (result.error != Errno::ok) return;
    const Snapshot changed = run.snapshot();
    for (const Op& back : way_back) {
        run_and_show(law, candidate, run, {back, *space, {}}, result);
        RC_ASSERT(result.error == Errno::ok);
    }
    const Snapshot after = run.snapshot();
    if (const auto differs = page_difference(run, before, after, {0, false, false, false})) {
        fail(*differs);
    }
    if (!flags_are_back(run, view, after.spaces[space->value], stretch.range)) return;
    if (!run.world().profile->maximal && !is_without_history(run, view, stretch)) return;
    expect_same(run, before, after);
    law.count_interesting(page_difference(run, before, changed, {}) ? 1 : 0);
}

// Linux: the return is exact but for a fault identity, or a sticky flag, that went through the new
// area to the other side, which can only happen if an area touches it on both sides.
void mapping_unmapped_restores_layout(LawCase& law) {
    Candidate candidate = law.draw_without_limit();
    Run run(law, candidate.world);
    run.steps(candidate.steps);
    const Snapshot before = run.snapshot();
    RcSource source;
    const SpaceId space = draw_space(source, before).value_or(SpaceId{0});
    const SpaceView& view = before.spaces[space.value];
    const PageRange range = draw_range(source, view, run.world());
    for (const AreaView& area : view.areas) {
        if (!intersection(area.range, range).empty()) return;
    }
    Mmap map;
    map.range = range;
    map.prot = {Flags::of(static_cast<std::uint32_t>(source.below(8)) ^ 3U)};
    map.backing.file.value = static_cast<std::uint32_t>(source.below(run.world().files.size() + 1));
    if (!map.backing.file.none()) map.backing.offset = range.start.value;
    map.sharing = source.one_in(3) ? Sharing::is_shared : Sharing::is_private;
    map.placement = source.one_in(2) ? Placement::fixed : Placement::noreplace;
    map.reserve = source.one_in(4) ? Reserve::noreserve : Reserve::reserve;

    Result mapped;
    run_and_show(law, candidate, run, {map, space, {}}, mapped);
    if (mapped.error == Errno::ok) {
        Result result;
        run_and_show(law, candidate, run, {Munmap{range}, space, {}}, result);
        RC_ASSERT(result.error == Errno::ok);
    }
    const bool below = attributes_at(view, Page{range.start.value - 1}).has_value();
    const bool above = attributes_at(view, range.end()).has_value();
    Matching matching;
    matching.fault = matching.sticky = !(below && above);
    if (const auto differs = difference(run, before, run.snapshot(), matching)) fail(*differs);
    law.count_interesting(mapped.error == Errno::ok && (below || above) ? 1 : 0);
}

}  // namespace vmacheck::laws
