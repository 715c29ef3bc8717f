// Draws swarms and steps; see the header. Each type of field has one draw() below, and an operation
// is drawn field by field, so that a new operation costs no line here.
#include "search/generate.h"

#include <algorithm>
#include <utility>

#include "model/check_macro.h"

namespace vmacheck {
namespace {

// What a field is drawn from, and what the fields before it were.
struct Context {
    Source& source;
    const Swarm& swarm;
    const std::vector<Cell>* cells;  // Of the step's space; null if the state is not known.
    PageRange range;                 // The range of the operation, once it is drawn.
    bool wants_area;                 // The operation is about pages that are mapped.
    bool bad_arguments;
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

void draw(Context& context, PageRange& range) {
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
    if (context.bad_arguments && source.one_in(bad_range_one_in)) make_bad(context, range);
    context.range = range;
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

Failure draw_failure(Source& source) {
    Failure failure;
    failure.k = static_cast<std::uint16_t>(1 + (source.one_in(4) ? source.below(4) : 0));
    if (source.one_in(3)) {
        failure.kind = Failure::Kind::at_any;
        failure.k = static_cast<std::uint16_t>(1 + source.below(4));
    } else {
        failure.kind = Failure::Kind::at_stage;
        failure.stage = static_cast<Stage>(source.below(stage_count));
    }
    return failure;
}

// One to three protections, and mostly rw- with them: memory that can be written is what most rules
// are about.
void draw_prots(Source& source, const std::vector<Prot>& from, std::vector<Prot>& some) {
    some.clear();
    for (std::uint64_t wanted = 1 + source.below(3); wanted > 0; --wanted) {
        some.push_back(from[source.below(from.size())]);
    }
    if (!source.one_in(4)) some.push_back({read_write_flags});
}

// The advice that takes back what `advice` did, so that seams come and go.
Advice opposite(Advice advice) {
    using enum Advice;
    switch (advice) {
        case sequential:
        case random: return normal;
        case normal: return sequential;
        case dontfork: return dofork;
        case dofork: return dontfork;
        case wipeonfork: return keeponfork;
        case keeponfork: return wipeonfork;
        case dontdump: return dodump;
        case dodump: return dontdump;
        case mergeable: return unmergeable;
        case unmergeable: return mergeable;
        case hugepage: return nohugepage;
        case nohugepage: return hugepage;
        case dontneed: return dontneed;
    }
    return advice;
}

// One or two advices, each with its opposite.
void draw_advices(Source& source, const std::vector<Advice>& from, std::vector<Advice>& some) {
    some.clear();
    for (std::uint64_t wanted = 1 + source.below(2); wanted > 0; --wanted) {
        const Advice advice = from[source.below(from.size())];
        some.push_back(advice);
        some.push_back(opposite(advice));
    }
}

// Everything about a file is drawn by itself, so that each meets each. Most files are ordinary
// ones: one hook, opened for writing, larger than what is mapped of it.
File draw_file(Source& source, char name, PageCount world_pages) {
    File file{std::string(1, name), {}, PageCount{2 * world_pages.value}, source.one_in(4)};
    const std::uint64_t hooks = source.below(16);
    file.driver.mmap_prepare = hooks < 8 || hooks == 14;
    file.driver.mmap = hooks >= 8 && hooks != 15;
    file.driver.close = source.one_in(4);
    if (source.one_in(4)) file.pages.value = source.below(world_pages.value);
    return file;
}

// A few areas that are there from the start, as in a snapshot of a process.
void draw_areas(Source& source, World& world) {
    std::uint64_t page = 0;
    for (std::uint64_t wanted = 1 + source.below(4); wanted > 0; --wanted) {
        page += source.below(3);
        InitialArea area{{Page{page}, PageCount{1 + source.below(4)}}, {}};
        page = area.range.end().value;
        if (page > world.pages.value) return;
        Attributes& at = area.attributes;
        at.flags = may_access_flags | read_write_flags;
        if (source.one_in(3)) at.flags = at.flags.without(Flag::write);
        at.file.value = static_cast<std::uint32_t>(source.below(world.files.size() + 1));
        bool account = at.flags.has(Flag::write);
        if (world.profile->fault_identity) {
            at.fault.value = static_cast<std::uint32_t>(source.below(3));
            at.forked = at.fault == FaultId{2};
            // Where faults are known, a charge may have stayed behind, or never have been made.
            if (source.one_in(4)) account = !account;
        }
        if (account) at.flags = at.flags | Flag::account;
        at.pgoff = area.range.start.value;
        world.areas.push_back(area);
    }
}

}  // namespace

void Generator::draw_world(Source& source, World& world) const {
    world.pages = pages_;
    world.profile = &profile_;
    world.areas.clear();
    world.memory_merge = alphabet_.shared_memory && source.one_in(4);
    world.max_map_count = max_map_count_default;
    if (alphabet_.failures && source.one_in(4)) {
        world.max_map_count = static_cast<std::uint32_t>(3 + source.below(8));
    }
    world.files.clear();
    if (!alphabet_.shared_memory) {
        world.files.push_back({"a", {.mmap_prepare = true}, PageCount{2 * pages_.value}, false});
        return;
    }
    // Most programs know one or two files, so that neighbours have the same one.
    const std::uint64_t files = source.one_in(4) ? 3 + source.below(3) : 1 + source.below(2);
    for (char name = 'a'; world.files.size() < files; ++name) {
        world.files.push_back(draw_file(source, name, pages_));
    }
    if (source.one_in(8)) draw_areas(source, world);
}

void Generator::draw_swarm(Source& source, Swarm& swarm) const {
    draw_world(source, swarm.world);
    draw_prots(source, alphabet_.prots, swarm.prots);
    draw_advices(source, alphabet_.advices, swarm.advices);
    // One program in five is about fault identities: little but rw- memory that gets and loses one
    // advice between faults. What needs three areas and two faults would be rare without it.
    const bool identities = source.one_in(5);
    if (identities) {
        swarm.prots.assign(1, {read_write_flags});
        if (source.one_in(3)) swarm.prots.push_back({Flag::read});
        if (alphabet_.forks && source.one_in(2)) {
            swarm.advices.assign(
                {Advice::wipeonfork, Advice::keeponfork, Advice::dontdump, Advice::dodump});
        }
    }
    constexpr std::array<std::uint8_t, op_count> usual = {6, 3, 6, 4, 3, 1};
    constexpr std::array<std::uint8_t, op_count> of_identities = {3, 1, 3, 6, 5, 1};
    static_assert(op_count == 6, "give the new operation a weight");
    const std::array<std::uint8_t, op_count>& weight = identities ? of_identities : usual;
    swarm.weight_sum = 0;
    bool forks = false;
    for (std::size_t op = 0; op < op_count; ++op) {
        const bool always = op_name(op) == Mmap::name;
        const bool fork = op_name(op) == Fork::name;
        const bool drawn = always || !source.one_in(fork ? 2 : identities ? 16 : 4);
        swarm.weights[op] = drawn && (!fork || alphabet_.forks) ? weight[op] : std::uint8_t{0};
        swarm.weight_sum += swarm.weights[op];
        forks = forks || (fork && swarm.weights[op] > 0);
    }
    swarm.spaces = forks ? 2 + source.below(space_count_max - 1) : 1;
    // Small windows are crowded, and crowds are where neighbours meet.
    swarm.window = pages_;
    std::uint64_t halvings = identities ? 3 : source.below(4);
    for (; halvings > 0 && swarm.window.value > 8; --halvings) swarm.window.value /= 2;
    swarm.hot_pages.clear();
    const std::uint64_t hot = 2 + source.below(6);
    for (std::uint64_t i = 0; i < hot; ++i) {
        swarm.hot_pages.push_back(Page{source.below(swarm.window.value)});
    }
    constexpr std::array<std::uint64_t, 4> rates = {0, 8, 3, 0};
    swarm.failure_one_in = alphabet_.failures ? rates[source.below(rates.size())] : 0;
    swarm.noreserve = alphabet_.shared_memory && source.one_in(3);
    swarm.shared = alphabet_.shared_memory && source.one_in(2);
    swarm.anonymous_only = identities || source.one_in(3);
    swarm.length = identities ? steps_per_program_max : 1 + source.below(steps_per_program_max);
}

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
    const bool wants_area = op_name(kind) != Mmap::name;
    Context context{source, swarm, cells, {}, wants_area, alphabet_.failures};
    step.op = draw_op(kind, context);
    if (swarm.failure_one_in != 0 && source.one_in(swarm.failure_one_in)) {
        step.failure = draw_failure(source);
    }
    return step;
}

}  // namespace vmacheck
