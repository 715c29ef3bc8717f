// Draws steps; see the header. Each type of field has one draw() below, and an operation is drawn
// field by field, so that a new operation costs no line here.
#include "search/generate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "model/cases.h"
#include "model/check_macro.h"

namespace vmacheck {
namespace {

// What a field is drawn from, and what the fields before it were.
struct Context {
    Source& source;
    const Swarm& swarm;
    const std::vector<Cell>* cells;  // Of the step's space; null if the state is not known.
    PageRange range;                 // The first range of the operation, once it is drawn.
    bool wants_area;                 // The operation is about pages that are mapped.
    bool bad_arguments;
    bool has_range;   // The first range is drawn.
    PageRange place;  // The second range.
};

// The area or the hole that some page of the program's window lies in; mostly an area if the
// operation is one that needs it.
PageRange draw_stretch(Context& context) {
    Source& source = context.source;
    const std::uint64_t pages = context.swarm.window.value;
    if (context.cells == nullptr) {
        const std::vector<Page>& hot = context.swarm.hot_pages;
        const std::size_t first = source.below(hot.size());
        const Page start = hot[first];
        const Page next = hot[(first + 1) % hot.size()];
        return start < next ? range_between(start, next) : PageRange{start, PageCount{1}};
    }
    const std::vector<Cell>& cells = *context.cells;
    std::size_t start = source.below(pages);
    if (context.wants_area && !source.one_in(16)) {
        for (std::size_t turn = 0; turn < pages && !cells[start].mapped; ++turn) {
            start = start + 1 < pages ? start + 1 : 0;
        }
    }
    std::size_t end = start + 1;
    if (cells[start].mapped) {
        while (!cells[start].boundary) --start;
        while (end < cells.size() && cells[end].mapped && !cells[end].boundary) ++end;
    } else {
        while (start > 0 && !cells[start - 1].mapped) --start;
        while (end < pages && !cells[end].mapped) ++end;
    }
    return range_between(Page{start}, Page{end});
}

// An end of a range: mostly a boundary, sometimes a page beside one, sometimes any page.
Page draw_end(Context& context) {
    Source& source = context.source;
    const std::uint64_t pages = context.swarm.window.value;
    const std::uint64_t kind = source.below(8);
    if (kind == 7) return Page{source.below(pages + 1)};
    const Page boundary = draw_stretch(context).start;
    if (kind == 5) return Page{std::min(boundary.value + 1, pages)};
    if (kind == 6) return Page{boundary.value == 0 ? 0 : boundary.value - 1};
    return boundary;
}

bool cells_are_mapped(const Context& context, Page page) {
    return (*context.cells)[page.value].mapped;
}

// Empties a range, or makes it leave the world.
void make_bad(Context& context, PageRange& range) {
    const PageCount world = context.swarm.world.pages;
    switch (context.source.below(4)) {
        case 0:
        case 1: range.count = PageCount{0}; return;
        case 2: range = {Page{world.value}, range.count}; return;
        default: range.count = PageCount{world.value + 1 - range.start.value}; return;
    }
}

void draw_range(Context& context, PageRange& range) {
    Source& source = context.source;
    const std::uint64_t pages = context.swarm.window.value;
    // A whole area, the first pages of a hole, a few pages from a boundary on, or any two ends.
    const std::uint64_t kind = source.below(8);
    Page start;
    Page end;
    if (kind < 3) {
        const PageRange stretch = draw_stretch(context);
        start = stretch.start;
        end = context.cells == nullptr || cells_are_mapped(context, start)
                  ? stretch.end()
                  : start + PageCount{std::min(stretch.count.value, 1 + source.below(8))};
    } else {
        start = draw_end(context);
        end = kind < 6 ? start + PageCount{1 + source.below(4)} : draw_end(context);
    }
    if (end < start) std::swap(start, end);
    if (start.value >= pages) start = Page{pages - 1};
    if (end <= start) end = start + PageCount{1};
    if (end.value > pages) end = Page{pages};
    range = range_between(start, end);
}

// Where pages that have moved belong: at the page that their offset is, or is of the second base
// that draw(Backing) has. There they may fit again.
std::optional<Page> home_of(const Context& context) {
    const Page start = context.range.start;
    if (context.cells == nullptr || start.value >= context.swarm.window.value) return std::nullopt;
    const Cell& cell = (*context.cells)[start.value];
    const std::uint64_t home = cell.attributes.pgoff % context.swarm.world.pages.value;
    const bool away = home != start.value && home < context.swarm.window.value;
    return cell.mapped && away ? std::optional(Page{home}) : std::nullopt;
}

// The pages from the start of the range to the area behind the hole that follows it.
PageCount reach_of(const Context& context) {
    Page end = context.range.end();
    const std::uint64_t pages = context.swarm.window.value;
    if (context.cells == nullptr) return context.range.count;
    while (end.value < pages && !cells_are_mapped(context, end)) end.value += 1;
    return end - context.range.start;
}

// A second range is a new place for the first: mostly of the same length, and in the place of an
// area or beside a boundary.
void draw_place(Context& context, PageRange& range) {
    Source& source = context.source;
    const std::uint64_t kind = source.below(8);
    context.wants_area = source.one_in(2);
    range = context.range;
    if (kind == 7) return draw_range(context, range);
    if (kind == 0) range.count.value = 1 + source.below(context.range.count.value + 1);
    if (kind == 1) range.count.value += 1 + source.below(3);
    if (kind == 2) range.count = reach_of(context);
    if (kind < 3 && source.one_in(2)) return;
    const std::optional<Page> home = home_of(context);
    const auto overlaps = [&] {
        return range.start < context.range.end() && context.range.start < range.end();
    };
    if (home && source.one_in(2)) range.start = *home;
    // Pages do not move onto themselves; now and then that is tried.
    for (int tries = 0; tries < 4 && overlaps() && !source.one_in(16); ++tries) {
        range.start = source.one_in(2) ? draw_stretch(context).start : draw_end(context);
        const std::uint64_t count = range.count.value;
        if (source.one_in(4) && range.start.value >= count) range.start.value -= count;
    }
    const PageCount window = context.swarm.window;
    const bool leaves_window = range.end().value > window.value && range.count <= window;
    if (leaves_window && !source.one_in(8)) range.start.value = window.value - range.count.value;
}

void draw(Context& context, PageRange& range) {
    if (context.has_range) {
        draw_place(context, range);
    } else {
        draw_range(context, range);
    }
    const bool bad = context.bad_arguments && context.source.one_in(bad_range_one_in);
    if (bad) make_bad(context, range);
    (context.has_range ? context.place : context.range) = range;
    context.has_range = true;
}

// A heap ends near its start, or at a boundary.
void draw(Context& context, Page& page) {
    Source& source = context.source;
    const World& world = context.swarm.world;
    page = source.one_in(3) ? draw_end(context) : world.heap + PageCount{source.below(8)};
    if (context.bad_arguments && source.one_in(bad_range_one_in)) {
        page.value = world.pages.value + 1;
    }
}

// It follows the address, as the offset of a mapping does.
void draw(Context& context, FilePage& page) {
    Source& source = context.source;
    page.value = context.range.start.value;
    if (source.one_in(3)) page.value += source.one_in(2) ? context.swarm.world.pages.value : 1;
    if (context.bad_arguments && source.one_in(bad_range_one_in)) {
        page.value = file_pages_max - source.below(context.range.count.value + 2);
    }
}

void draw(Context& context, Prot& prot) {
    prot = context.swarm.prots[context.source.below(context.swarm.prots.size())];
}

// The offset follows the address, from one of two bases, so that neighbours are often linear.
void draw(Context& context, Backing& backing) {
    Source& source = context.source;
    const std::uint64_t files = context.swarm.anonymous_only ? 0 : context.swarm.world.files.size();
    backing.file.value = static_cast<std::uint32_t>(source.below(files + 1));
    if (backing.file.none()) return;
    const std::uint64_t pages = context.swarm.world.pages.value;
    backing.offset = context.range.start.value + (source.one_in(4) ? pages : 0);
    if (context.bad_arguments && source.one_in(64)) {
        backing.offset = file_pages_max - source.below(context.range.count.value + 2);
    }
}

void draw(Context& context, Sharing& sharing) {
    sharing =
        context.swarm.shared && context.source.one_in(3) ? Sharing::is_shared : Sharing::is_private;
    if (context.swarm.droppable && context.source.one_in(3)) sharing = Sharing::droppable;
}

void draw(Context& context, Placement& placement) {
    const std::uint64_t choice = context.source.below(8);
    placement = choice < 2 ? Placement::hint : choice < 7 ? Placement::fixed : Placement::noreplace;
}

void draw(Context& context, Reserve& reserve) {
    reserve =
        context.swarm.noreserve && context.source.one_in(4) ? Reserve::noreserve : Reserve::reserve;
}

void draw(Context& context, Advice& advice) {
    advice = context.swarm.advices[context.source.below(context.swarm.advices.size())];
}

void draw(Context& context, LockMode& mode) {
    mode = context.source.one_in(3) ? LockMode::on_fault : LockMode::populate;
}

void draw(Context& context, LockScope& scope) {
    const std::uint64_t choice = context.source.below(16);
    scope = choice == 15 ? LockScope::neither : static_cast<LockScope>(choice % 3);
}

void draw(Context& context, MergeAny& to) {
    to = context.source.one_in(2) ? MergeAny::on : MergeAny::off;
}

void draw(Context& context, Populate& populate) {
    populate = Populate::later;
    if (!context.swarm.populates || !context.source.one_in(4)) return;
    populate = context.source.one_in(3) ? Populate::populate : Populate::locked;
}

void draw(Context& context, StackKind& stack) {
    stack = StackKind::none;
    if (!context.swarm.stacks || context.source.one_in(3)) return;
    stack = context.source.one_in(6) ? StackKind::stack : StackKind::grows_down;
}

void draw(Context& context, Reach& reach) {
    reach = context.swarm.stacks && context.source.one_in(4) ? Reach::grows_down : Reach::range;
}

// Mostly a key of the program, so that neighbours have the same one or differ in it.
void draw(Context& context, Pkey& pkey) {
    Source& source = context.source;
    const unsigned pkeys = context.swarm.world.pkeys;
    if (pkeys == 0 || source.one_in(2)) return;
    const bool bad = context.bad_arguments && source.one_in(bad_range_one_in);
    pkey = pkey_named(static_cast<unsigned>(source.below(bad ? pkey_count : pkeys)));
}

void draw(Context& context, Through& through) {
    through = context.swarm.stacks && !context.source.one_in(4) ? Through::fault : Through::kernel;
}

void draw(Context& context, Moving& moving) {
    // What is to stay where it is cannot be told to go there.
    const bool stays = context.place.start == context.range.start && !context.source.one_in(8);
    const std::uint64_t choice = context.source.below(stays ? 4 : 8);
    moving = choice < 1 ? Moving::stay : choice < 4 ? Moving::may_move : Moving::fixed;
}

void draw(Context& context, OldPlace& old_place) {
    const bool same_length = context.place.count == context.range.count;
    old_place =
        context.source.one_in(same_length ? 6 : 32) ? OldPlace::dont_unmap : OldPlace::unmap;
}

void draw(Context& context, Policy& policy) {
    policy = context.swarm.policies[context.source.below(context.swarm.policies.size())];
}

void draw(Context& context, AreaName& name) {
    const std::uint64_t choice = context.source.below(8);
    if (choice < 3) name = AreaName::a;
    if (choice == 7) name = static_cast<AreaName>(context.source.below(area_names.size()));
}

void draw(Context& context, Uffd& uffd) {
    uffd = context.source.one_in(3) ? Uffd::b : Uffd::a;
}

void draw(Context& context, UffdMode& mode) {
    mode = UffdMode::missing;
    if (context.source.one_in(3)) {
        mode = static_cast<UffdMode>(context.source.below(uffd_mode_names.size()));
    }
}

void draw(Context& context, Access& access) {
    access = context.source.one_in(8) ? Access::read : Access::write;
}

void draw(Context& context, SpaceId& child) {
    child.value = static_cast<std::uint8_t>(context.source.below(context.swarm.spaces));
}

template <std::size_t kind = 0>
Op draw_op(std::size_t wanted, Context& context) {
    if constexpr (kind < op_count) {
        if (kind != wanted) return draw_op<kind + 1>(wanted, context);
        std::variant_alternative_t<kind, Op> op;
        for_each_field(op, [&](const auto&, auto& value) { draw(context, value); });
        return op;
    } else {
        CHECK(wanted < op_count);
        return {};
    }
}

// Mostly at a stage that the operation may pass.
Failure draw_failure(Source& source, std::size_t op, const Profile& profile) {
    Failure failure;
    failure.k = static_cast<std::uint16_t>(1 + (source.one_in(4) ? source.below(4) : 0));
    if (source.one_in(3)) {
        failure.kind = Failure::Kind::at_any;
        failure.k = static_cast<std::uint16_t>(1 + source.below(4));
    } else {
        failure.kind = Failure::Kind::at_stage;
        for (int tries = 4; tries > 0; --tries) {
            failure.stage = static_cast<Stage>(source.below(stage_count));
            if (case_possible(case_id(op, unwind_case(failure.stage)), profile)) break;
        }
    }
    return failure;
}

}  // namespace

Step Generator::draw_step(Source& source, const Swarm& swarm, const Reference* reference) const {
    Step step;
    std::uint64_t ticket = source.below(swarm.weight_sum);
    std::size_t kind = 0;
    while (ticket >= swarm.weights[kind]) ticket -= swarm.weights[kind++];
    if (swarm.spaces > 1) step.space.value = static_cast<std::uint8_t>(source.below(swarm.spaces));
    const std::vector<Cell>* cells = nullptr;
    if (reference != nullptr) {
        // A space that does not exist is worth a step now and then.
        if (!reference->has_space(step.space) && !source.one_in(16)) step.space = SpaceId{0};
        if (reference->has_space(step.space)) cells = &reference->cells(step.space);
    }
    // Stacks grow into the holes that are touched.
    const bool fills_holes = op_name(kind) == Touch::name && swarm.stacks && source.one_in(2);
    const bool wants_area = op_name(kind) != Mmap::name && !fills_holes;
    Context context{source, swarm, cells, {}, wants_area, alphabet_.failures, false, {}};
    step.op = draw_op(kind, context);
    if (swarm.failure_one_in != 0 && source.one_in(swarm.failure_one_in)) {
        step.failure = draw_failure(source, kind, *swarm.world.profile);
    }
    return step;
}

}  // namespace vmacheck
