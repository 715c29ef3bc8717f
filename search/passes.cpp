// The passes, in the order in which they run: cheap and coarse first.
#include "search/passes.h"

#include <algorithm>
#include <set>
#include <type_traits>

#include "search/passes_more.h"

namespace vmacheck {
namespace {

// Nothing behind the step that fails matters.
void drop_the_tail(const Candidate& best, const Finding& finding, const Consider& consider) {
    if (finding.step + 1 >= best.steps.size()) return;
    Candidate candidate = best;
    candidate.steps.resize(finding.step + 1);
    consider(candidate);
}

// Stretches of steps, from half of the program down to one step, from the back.
void drop_steps(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t length = std::max<std::size_t>(best.steps.size() / 2, 1); length > 0;
         length /= 2) {
        std::size_t end = best.steps.size();
        while (end > 0) {
            end = std::min(end, best.steps.size());
            const std::size_t start = end > length ? end - length : 0;
            Candidate candidate = best;
            const auto first = candidate.steps.begin();
            candidate.steps.erase(first + static_cast<std::ptrdiff_t>(start),
                                  first + static_cast<std::ptrdiff_t>(end));
            consider(candidate);
            end = start;
        }
    }
}

// Two steps at once that do not touch each other: a detour that needs both of its ends.
void drop_pairs(const Candidate& best, const Finding&, const Consider& consider) {
    constexpr std::size_t steps_max = 24;  // Pairs grow with the square.
    if (best.steps.size() > steps_max) return;
    for (std::size_t second = best.steps.size(); second-- > 1;) {
        for (std::size_t first = second; first-- > 0;) {
            if (second >= best.steps.size()) break;
            Candidate candidate = best;
            candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(second));
            candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(first));
            consider(candidate);
        }
    }
}

void drop_failures(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t at = 0; at < best.steps.size(); ++at) {
        if (best.steps[at].failure.kind == Failure::Kind::none) continue;
        Candidate candidate = best;
        candidate.steps[at].failure = Failure{};
        if (consider(candidate)) continue;
        for (std::uint16_t k = 1; k < best.steps[at].failure.k; ++k) {
            candidate = best;
            candidate.steps[at].failure.k = k;
            if (consider(candidate)) break;
        }
        if (best.steps[at].failure.kind != Failure::Kind::at_any) continue;
        for (int stage = 0; stage < stage_count; ++stage) {
            candidate = best;
            candidate.steps[at].failure = {Failure::Kind::at_stage, static_cast<Stage>(stage), 1};
            if (consider(candidate)) break;
        }
    }
}

// ---- Simpler values, for each type of field. ----

template <class Value>
using Values = std::vector<Value>;

Values<PageRange> simpler(const PageRange& range) {
    Values<PageRange> values;
    const std::uint64_t start = range.start.value;
    const std::uint64_t count = range.count.value;
    if (count > 1) {
        values.push_back({range.start, PageCount{1}});
        values.push_back({Page{range.end().value - 1}, PageCount{1}});
        values.push_back({range.start, PageCount{count / 2}});
        values.push_back({range.start, PageCount{count - 1}});
        values.push_back({Page{start + 1}, PageCount{count - 1}});
    }
    if (start > 0) {
        values.push_back({Page{0}, range.count});
        values.push_back({Page{start - 1}, range.count});
    }
    return values;
}

Values<Page> simpler(const Page& page) {
    Values<Page> values;
    for (const std::uint64_t plain : {std::uint64_t{0}, page.value / 2, page.value - 1}) {
        if (plain < page.value) values.push_back(Page{plain});
    }
    return values;
}

Values<FilePage> simpler(const FilePage& page) {
    Values<FilePage> values;
    for (const std::uint64_t plain : {std::uint64_t{0}, page.value / 2, page.value - 1}) {
        if (plain < page.value) values.push_back(FilePage{plain});
    }
    return values;
}

Values<Prot> simpler(const Prot&) {
    Values<Prot> values;
    for (const std::uint32_t bits : {3U, 1U, 0U, 7U, 5U, 2U}) values.push_back({Flags::of(bits)});
    return values;
}

Values<Backing> simpler(const Backing& backing) {
    Values<Backing> values{Backing{}};
    for (std::uint32_t file = 1; file < backing.file.value; ++file) {
        values.push_back({FileId{file}, backing.offset});
    }
    if (backing.offset > 0) {
        values.push_back({backing.file, 0});
        values.push_back({backing.file, backing.offset / 2});
        values.push_back({backing.file, backing.offset - 1});
    }
    return values;
}

template <class Enum>
Values<Enum> simpler(const Enum& value) requires std::is_enum_v<Enum> {
    Values<Enum> values;
    for (std::underlying_type_t<Enum> at = 0; at < static_cast<std::underlying_type_t<Enum>>(value);
         ++at) {
        values.push_back(static_cast<Enum>(at));
    }
    return values;
}

Values<SpaceId> simpler(const SpaceId& space) {
    Values<SpaceId> values;
    for (std::uint8_t at = 0; at < space.value; ++at) values.push_back(SpaceId{at});
    return values;
}

void simplify_fields(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t at = 0; at < best.steps.size(); ++at) {
        for (const SpaceId space : simpler(best.steps[at].space)) {
            Candidate candidate = best;
            candidate.steps[at].space = space;
            if (consider(candidate)) break;
        }
        // A copy to walk over: `best` changes whenever a candidate is kept.
        const Op op = best.steps[at].op;
        std::visit(
            [&](const auto& typed) {
                using Type = std::decay_t<decltype(typed)>;
                for_each_field(typed, [&](const auto& field, const auto& value) {
                    for (const auto& plain : simpler(value)) {
                        Candidate candidate = best;
                        std::get<Type>(candidate.steps[at].op).*field.member = plain;
                        if (consider(candidate)) break;
                    }
                });
            },
            op);
    }
}

// One protection, advice or space for another in all steps at once, where one alone breaks the
// failure.
void replace_everywhere(const Candidate& best, const Finding&, const Consider& consider) {
    const auto replace = [&](const auto& from, const auto& to) {
        Candidate candidate = best;
        for (Step& step : candidate.steps) {
            std::visit(
                [&](auto& op) {
                    for_each_field(op, [&](const auto&, auto& value) {
                        if constexpr (std::is_same_v<std::decay_t<decltype(value)>,
                                                     std::decay_t<decltype(from)>>) {
                            if (value == from) value = to;
                        }
                    });
                },
                step.op);
        }
        consider(candidate);
    };
    for (const std::uint32_t from : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
        for (const Prot to : simpler(Prot{})) {
            if (to.flags.bits != from) replace(Prot{Flags::of(from)}, to);
        }
    }
    for (std::size_t from = 0; from < advice_names.size(); ++from) {
        for (const Advice to : simpler(static_cast<Advice>(from)))
            replace(static_cast<Advice>(from), to);
    }
    replace(Sharing::is_shared, Sharing::is_private);
}

// Everything that happens in one space happens in another, and nobody forks the first any more.
void leave_spaces(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::uint8_t from = space_count_max - 1; from > 0; --from) {
        for (std::uint8_t to = 0; to < from; ++to) {
            Candidate candidate;
            candidate.world = best.world;
            for (Step step : best.steps) {
                const auto* const fork = std::get_if<Fork>(&step.op);
                if (fork != nullptr && fork->child == SpaceId{from}) continue;
                if (step.space == SpaceId{from}) step.space = SpaceId{to};
                candidate.steps.push_back(step);
            }
            if (consider(candidate)) break;
        }
    }
}

// ---- Places. ----

// Applies `move` to both ends of every range; the offset of a file follows the start of its mapping
// if `offsets` is set, so that what was linear stays so.
template <class Move>
Candidate move_pages(const Candidate& best, bool offsets, const Move& move) {
    Candidate candidate = best;
    const auto move_range = [&](PageRange& range) {
        range = range_between(Page{move(range.start.value)}, Page{move(range.end().value)});
    };
    for (Step& step : candidate.steps) {
        const Op before = step.op;
        for_each_range(step.op, move_range);
        if (auto* const brk = std::get_if<Brk>(&step.op)) brk->to.value = move(brk->to.value);
        if (auto* const mmap = std::get_if<Mmap>(&step.op)) {
            const Page old_start = std::get<Mmap>(before).range.start;
            const std::uint64_t distance = old_start.value - mmap->range.start.value;
            const bool follows = offsets && mmap->backing.offset >= distance;
            if (follows && !mmap->backing.file.none()) mmap->backing.offset -= distance;
        }
        // What only moved still does.
        if (auto* const mremap = std::get_if<Mremap>(&step.op)) {
            const auto& old = std::get<Mremap>(before);
            if (old.from.count == old.to.count) mremap->to.count = mremap->from.count;
        }
    }
    for (InitialArea& area : candidate.world.areas) {
        const std::uint64_t distance = area.range.start.value;
        move_range(area.range);
        const std::uint64_t moved = distance - area.range.start.value;
        area.attributes.pgoff -= std::min(area.attributes.pgoff, moved);
    }
    candidate.world.pages.value = std::max<std::uint64_t>(1, move(best.world.pages.value));
    candidate.world.heap.value = move(best.world.heap.value);
    return candidate;
}

std::vector<std::uint64_t> endpoints(const Candidate& candidate) {
    std::set<std::uint64_t> ends{0, candidate.world.pages.value, candidate.world.heap.value};
    const auto add = [&](PageRange range) {
        ends.insert(range.start.value);
        ends.insert(range.end().value);
    };
    for (const InitialArea& area : candidate.world.areas) add(area.range);
    for (const Step& step : candidate.steps) {
        for_each_range(step.op, add);
        if (const auto* const brk = std::get_if<Brk>(&step.op)) ends.insert(brk->to.value);
    }
    return {ends.begin(), ends.end()};
}

// Every stretch that no end cuts becomes one page: a world of 2^35 pages becomes one of a few.
void compress_pages(const Candidate& best, const Finding&, const Consider& consider) {
    const std::vector<std::uint64_t> ends = endpoints(best);
    for (const bool offsets : {true, false}) {
        const Candidate candidate = move_pages(best, offsets, [&](std::uint64_t page) {
            const auto at = std::lower_bound(ends.begin(), ends.end(), page);
            return static_cast<std::uint64_t>(at - ends.begin());
        });
        if (consider(candidate)) return;
    }
}

// Cuts single pages out of the world, or all behind the last one in use.
void drop_pages(const Candidate& best, const Finding&, const Consider& consider) {
    constexpr std::uint64_t pages_max = 512;
    if (best.world.pages.value > pages_max) return;
    for (std::uint64_t page = best.world.pages.value; page-- > 0;) {
        if (page >= best.world.pages.value) continue;
        for (const bool offsets : {true, false}) {
            const bool kept = consider(move_pages(
                best, offsets, [page](std::uint64_t at) { return at > page ? at - 1 : at; }));
            if (kept) break;
        }
    }
}

// ---- The world. ----

void simplify_world(const Candidate& best, const Finding&, const Consider& consider) {
    Candidate candidate = best;
    candidate.world.memory_merge = false;
    consider(candidate);
    candidate = best;
    candidate.world.max_map_count = max_map_count_default;
    consider(candidate);
    for (const WorldLimit& limit : world_limits) {
        candidate = best;
        candidate.world.*limit.member = no_limit;
        consider(candidate);
    }
    for (const Page heap : simpler(best.world.heap)) {
        candidate = best;
        candidate.world.heap = heap;
        if (consider(candidate)) break;
    }
    for (unsigned pkeys = 0; pkeys < best.world.pkeys; ++pkeys) {
        candidate = best;
        candidate.world.pkeys = pkeys;
        const bool known = std::all_of(best.world.areas.begin(), best.world.areas.end(),
                                       [&](const InitialArea& area) {
                                           const Flags flags = area.attributes.flags;
                                           return candidate.world.is_pkey_of(pkey_of(flags), flags);
                                       });
        if (known && consider(candidate)) break;
    }
    for (std::size_t area = best.world.areas.size(); area-- > 0;) {
        if (area >= best.world.areas.size()) continue;
        candidate = best;
        candidate.world.areas.erase(candidate.world.areas.begin() +
                                    static_cast<std::ptrdiff_t>(area));
        consider(candidate);
    }
    for (std::size_t file = 0; file < best.world.files.size(); ++file) {
        candidate = best;
        candidate.world.files[file].read_only = false;
        consider(candidate);
        for (const auto member : optional_driver_members) {
            candidate = best;
            candidate.world.files[file].driver.*member = false;
            consider(candidate);
        }
    }
}

// Files that no step and no area names.
void drop_files(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t file = best.world.files.size(); file-- > 0;) {
        if (file >= best.world.files.size()) continue;
        const auto number = static_cast<std::uint32_t>(file + 1);
        bool used = false;
        Candidate candidate = best;
        const auto renumber = [&](FileId& id) {
            used = used || id.value == number;
            if (id.value > number) --id.value;
        };
        for (InitialArea& area : candidate.world.areas) renumber(area.attributes.file);
        for (Step& step : candidate.steps) {
            if (auto* op = std::get_if<Mmap>(&step.op)) renumber(op->backing.file);
        }
        if (used) continue;
        candidate.world.files.erase(candidate.world.files.begin() +
                                    static_cast<std::ptrdiff_t>(file));
        consider(candidate);
    }
}

}  // namespace

const std::vector<Pass>& all_passes() {
    static const std::vector<Pass> passes = {
        drop_the_tail,  drop_steps,      drop_pairs,         leave_spaces,   drop_failures,
        compress_pages, simplify_fields, replace_everywhere, drop_pages,     drop_files,
        simplify_world, replace_areas,   simplify_areas,     simplify_moves,
    };
    return passes;
}

}  // namespace vmacheck
