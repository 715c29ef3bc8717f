// Mutations of fields; see the header.
#include "search/mutate_fields.h"

#include <algorithm>
#include <array>

#include "search/generate.h"
#include "search/mutate_limits.h"

namespace vmacheck {
namespace {

struct Change {
    Source& source;
    const World& world;
    PageRange range;  // That of the operation, if it has one.
};

// Up or down by one, but never below `least`.
std::uint64_t nudged(std::uint64_t value, std::uint64_t least, Source& source) {
    return value <= least || source.below(2) == 0 ? value + 1 : value - 1;
}

// ---- By one page. ----

// The range moves, or one of its ends does.
bool nudge(Source& source, PageRange& range) {
    const std::uint64_t end = range.end().value;
    switch (source.below(3)) {
        case 0: range.start.value = nudged(range.start.value, 0, source); return true;
        case 1: range.count.value = nudged(range.count.value, 1, source); return true;
        default: break;
    }
    range.start.value = nudged(range.start.value, 0, source);
    range.count.value = end > range.start.value ? end - range.start.value : 1;
    return true;
}

bool nudge(Source& source, Page& page) {
    page.value = nudged(page.value, 0, source);
    return true;
}

bool nudge(Source& source, FilePage& page) {
    page.value = nudged(page.value, 0, source);
    return true;
}

bool nudge(Source& source, Backing& backing) {
    if (backing.file.none()) return false;
    backing.offset = nudged(backing.offset, 0, source);
    return true;
}

bool nudge(Source& /*source*/, Prot& /*prot*/) {
    return false;
}
bool nudge(Source& /*source*/, SpaceId& /*space*/) {
    return false;
}
template <class Enum>
requires std::is_enum_v<Enum>
bool nudge(Source& /*source*/, Enum& /*value*/) {
    return false;
}

// ---- Another value. ----

// One of `count` values, but not `value`.
std::uint64_t other(std::uint64_t value, std::uint64_t count, Source& source) {
    return (value + 1 + source.below(count - 1)) % count;
}

void change(Change& context, PageRange& range) {
    Source& source = context.source;
    const std::uint64_t pages = context.world.pages.value;
    constexpr std::uint64_t count_max = 8;
    switch (source.below(8)) {
        case 0:
        case 1:
        case 2: range.start.value = other(range.start.value, pages + 1, source); return;
        case 3:
        case 4:
        case 5: range.count.value = 1 + other(range.count.value, count_max, source); return;
        case 6: range = {Page{source.below(pages)}, PageCount{1 + source.below(count_max)}}; return;
        default: break;
    }
    // Empty, or out of the world by one page or altogether.
    switch (source.below(3)) {
        case 0: range.count.value = 0; return;
        case 1: range.count.value = pages + 1 - std::min(pages, range.start.value); return;
        default: range.start.value = pages; return;
    }
}

// Near the start of the heap, anywhere in the world, or the first page outside of it.
void change(Change& context, Page& page) {
    Source& source = context.source;
    if (source.one_in(4)) {
        page = context.world.heap + PageCount{source.below(8)};
        return;
    }
    page.value = other(page.value, context.world.pages.value + 2, source);
}

// rw- is what most rules are about.
void change(Change& context, Prot& prot) {
    if (prot.flags != read_write_flags && context.source.below(2) == 0) {
        prot.flags = read_write_flags;
        return;
    }
    constexpr std::uint64_t prot_count = 8;
    prot.flags = Flags::of(other(prot.flags.bits, prot_count, context.source));
}

// Offsets that follow the address make neighbours linear. Others are near the end of the largest
// file, so that the range ends before it or behind it.
std::uint64_t draw_offset(Change& context) {
    Source& source = context.source;
    constexpr std::uint64_t near_the_end = 4;
    switch (source.below(4)) {
        case 0:
        case 1: return context.range.start.value;
        case 2: return context.range.start.value + context.world.pages.value;
        default: break;
    }
    const std::uint64_t room = context.range.count.value + near_the_end;
    return file_pages_max - source.below(std::min(room, binary_pages_max.value + 1));
}

void change(Change& context, Backing& backing) {
    Source& source = context.source;
    const std::uint64_t files = context.world.files.size();
    const bool other_file = backing.file.none() || source.below(2) == 0;
    if (other_file && files > 0) {
        const bool was_anonymous = backing.file.none();
        backing.file.value =
            static_cast<std::uint32_t>(other(backing.file.value, files + 1, source));
        if (was_anonymous) backing.offset = context.range.start.value;
        return;
    }
    backing.offset = draw_offset(context);
}

void change(Change& context, FilePage& page) {
    page.value = draw_offset(context);
}

void change(Change& context, SpaceId& space) {
    space.value = static_cast<std::uint8_t>(other(space.value, space_count_max, context.source));
}

template <class Enum>
requires std::is_enum_v<Enum>
void change(Change& context, Enum& value) {
    const auto number = static_cast<std::uint64_t>(value);
    value = static_cast<Enum>(other(number, names_of(value).size(), context.source));
}

}  // namespace

bool nudge_field(Op& op, Source& source) {
    return std::visit(
        [&](auto& typed) {
            using Type = std::decay_t<decltype(typed)>;
            constexpr std::size_t count = std::tuple_size_v<decltype(Type::fields)>;
            bool done = false;
            if constexpr (count == 0) return done;
            const std::size_t first = source.below(std::max<std::size_t>(count, 1));
            // The field drawn, or the first one behind it that can be nudged.
            for (std::size_t turn = 0; turn < count && !done; ++turn) {
                std::size_t at = 0;
                for_each_field(typed, [&](const auto&, auto& value) {
                    if (at++ == (first + turn) % count) done = nudge(source, value);
                });
            }
            return done;
        },
        op);
}

bool change_field(Op& op, const World& world, Source& source) {
    const Op before = op;
    const PageRange* const range = find_field<PageRange>(op);
    Change context{source, world, range == nullptr ? PageRange{} : *range};
    std::visit(
        [&](auto& typed) {
            using Type = std::decay_t<decltype(typed)>;
            constexpr std::size_t count = std::tuple_size_v<decltype(Type::fields)>;
            const std::size_t wanted = source.below(std::max<std::size_t>(count, 1));
            std::size_t at = 0;
            for_each_field(typed, [&](const auto&, auto& value) {
                if (at++ == wanted) change(context, value);
            });
        },
        op);
    return op != before;
}

void change_failure(Failure& failure, Source& source) {
    constexpr std::uint64_t k_usual_max = 4;
    if (failure.kind != Failure::Kind::none) {
        if (source.below(2) == 0) {
            failure = Failure{};
            return;
        }
        if (source.below(2) == 0) {
            failure.k = static_cast<std::uint16_t>(nudged(failure.k, 1, source));
            return;
        }
    }
    failure.k = static_cast<std::uint16_t>(1 + (source.one_in(4) ? source.below(k_usual_max) : 0));
    if (source.one_in(4)) {
        failure.kind = Failure::Kind::at_any;
        failure.k = static_cast<std::uint16_t>(1 + source.below(k_usual_max));
        failure.stage = Stage::split;
        return;
    }
    const auto stage = static_cast<std::uint64_t>(failure.stage);
    const bool moves = failure.kind == Failure::Kind::at_stage;
    failure.stage =
        static_cast<Stage>(moves ? other(stage, stage_count, source) : source.below(stage_count));
    failure.kind = Failure::Kind::at_stage;
}

}  // namespace vmacheck
