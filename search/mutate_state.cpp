// The mutations that look at the state: the reference runs along the program, and each of them is
// made where it has come to; see the header. Worlds are of a cell a page here.
#include <algorithm>
#include <array>

#include "model/check_macro.h"
#include "search/mutate.h"
#include "search/mutate_fields.h"
#include "search/mutate_neighbour.h"

namespace vmacheck {
// ---- The walk. ----

// Each mutation is due at a place of its own; one that finds nothing to do there is due again at
// the next. So all of a call cost one run of the program.
bool Mutator::walk(Candidate& program, Source& source) {
    const auto comes_first = [](const Due& one, const Due& other) {
        return one.at != other.at ? one.at < other.at : one.mutation < other.mutation;
    };
    std::sort(due_.begin(), due_.end(), comes_first);
    start(program);
    bool any = false;
    for (auto due = due_.begin(); due != due_.end();) {
        const bool is_due = due->at <= at_ || at_ == program.steps.size();
        if (is_due && make_here(due->mutation, program, source)) {
            any = true;
            ++due;
        } else if (at_ == program.steps.size()) {
            ++due;
        } else {
            go_on(program);
        }
    }
    return any;
}

void Mutator::start(const Candidate& program) {
    reference_.create(program.world, Cells(program.world.pages));
    at_ = 0;
    has_swarm_ = false;
}

void Mutator::go_on(const Candidate& program) {
    CHECK(at_ < program.steps.size());
    static_cast<void>(reference_.apply(program.steps[at_], log_));
    ++at_;
}

bool Mutator::make_here(Mutation mutation, Candidate& program, Source& source) {
    std::vector<Step>& steps = program.steps;
    switch (mutation) {
        case Mutation::insert_step: return insert_drawn(program, 1, source);
        case Mutation::append_steps: return append_steps(program, source);
        case Mutation::redraw_tail: return redraw_tail(program, source);
        case Mutation::insert_touch: return insert_touch(program, source);
        case Mutation::close_seam: return close_seam(program, source);
        // Behind the step, for its log says what it passes. The reference has seen it without this
        // failure, so what is due later looks at a state that the program will not quite have.
        case Mutation::fail_at_a_stage: return at_ > 0 && fail_at_a_stage(steps[at_ - 1], source);
        default: break;
    }
    if (at_ >= steps.size()) return false;
    if (mutation == Mutation::replace_step) return replace_step(program, source);
    Step& step = steps[at_];
    if (!reference_.has_space(step.space)) return false;
    const std::vector<Cell>& cells = reference_.cells(step.space);
    if (mutation == Mutation::move_end) return move_end(step, cells, source);
    if (mutation == Mutation::link_offset) return link_offset(step, cells, program.world, source);
    const auto* const range = find_field<PageRange>(step.op);
    if (range == nullptr) return false;
    const auto neighbour = find_neighbour(cells, *range, program.world, source);
    return neighbour && copy_neighbour(*neighbour, step.op, source);
}

// Where the reference has come to. If there is no room, a step that it has not come to yet goes.
bool Mutator::insert(Candidate& program, const Step& step, Source& source) {
    std::vector<Step>& steps = program.steps;
    if (steps.size() >= limits_.steps_max) {
        if (at_ >= steps.size()) return false;
        erase_ahead(program, source);
    }
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(at_), step);
    return true;
}

// A step that the reference has not come to. There is one.
void Mutator::erase_ahead(Candidate& program, Source& source) const {
    std::vector<Step>& steps = program.steps;
    const std::size_t victim = at_ + source.below(steps.size() - at_);
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(victim));
}

// One that exists.
SpaceId Mutator::draw_space(Source& source) const {
    std::size_t count = 0;
    std::array<SpaceId, space_count_max> known;
    for (std::uint8_t space = 0; space < space_count_max; ++space) {
        if (reference_.has_space(SpaceId{space})) known[count++] = SpaceId{space};
    }
    return count == 1 ? known[0] : known[source.below(count)];
}

// Where an area starts or ends; false if there is none.
bool Mutator::find_ends(const std::vector<Cell>& cells) {
    ends_.clear();
    for (std::size_t page = 0; page <= cells.size(); ++page) {
        const bool here = page < cells.size() && cells[page].mapped;
        const bool before = page > 0 && cells[page - 1].mapped;
        if (here ? cells[page].boundary : before) ends_.push_back(Page{page});
    }
    return !ends_.empty();
}

// ---- Steps of the generator. ----

// What drawn steps are made of: as for a new program, but in the world of this one, in the spaces
// that exist, and with a protection that is in use.
void Mutator::draw_swarm(const Candidate& program, Source& source) {
    if (has_swarm_) return;
    has_swarm_ = true;
    const World& world = program.world;
    Generator(full_alphabet(), *world.profile, world.pages).draw_swarm(source, swarm_);
    swarm_.world.files = world.files;
    swarm_.world.pkeys = world.pkeys;
    swarm_.world.heap = world.heap;
    if (world.pkeys > 0) swarm_.prots.push_back({Flag::exec});
    swarm_.world.areas.clear();
    for (std::uint8_t space = 1; space < space_count_max; ++space) {
        if (reference_.has_space(SpaceId{space})) swarm_.spaces = space_count_max;
    }
    const std::vector<Cell>& cells = reference_.cells(SpaceId{0});
    const Cell& any = cells[source.below(cells.size())];
    if (any.mapped) swarm_.prots.push_back({any.attributes.flags & access_flags});
}

bool Mutator::insert_drawn(Candidate& program, std::size_t count, Source& source) {
    draw_swarm(program, source);
    const Generator generator(full_alphabet(), *program.world.profile, program.world.pages);
    bool any = false;
    for (std::size_t drawn = 0; drawn < count; ++drawn) {
        if (!insert(program, generator.draw_step(source, swarm_, &reference_), source)) break;
        go_on(program);
        any = true;
    }
    return any;
}

bool Mutator::replace_step(Candidate& program, Source& source) {
    draw_swarm(program, source);
    const Generator generator(full_alphabet(), *program.world.profile, program.world.pages);
    const Step before = program.steps[at_];
    program.steps[at_] = generator.draw_step(source, swarm_, &reference_);
    return program.steps[at_] != before;
}

// The steps that the reference has not come to yet give way.
bool Mutator::append_steps(Candidate& program, Source& source) {
    constexpr std::size_t count_max = 6;
    const std::size_t count = 1 + source.below(count_max);
    while (at_ < program.steps.size()) {
        if (program.steps.size() + count > limits_.steps_max)
            erase_ahead(program, source);
        else
            go_on(program);
    }
    return insert_drawn(program, count, source);
}

// As many steps as were there, or some more.
bool Mutator::redraw_tail(Candidate& program, Source& source) {
    constexpr std::size_t more_max = 8;
    const std::size_t count = program.steps.size() - at_ + 1 + source.below(more_max);
    program.steps.resize(at_);
    return insert_drawn(program, count, source);
}

// ---- New worlds and programs. ----

// Files that steps name and that are gone become anonymous memory.
bool Mutator::draw_world(Candidate& program, Source& source) {
    World& world = program.world;
    Generator(full_alphabet(), *world.profile, world.pages).draw_swarm(source, swarm_);
    has_swarm_ = false;
    if (swarm_.world == world) return false;
    world = swarm_.world;
    return true;
}

bool Mutator::draw_program(Candidate& program, Source& source) {
    constexpr std::array<std::uint64_t, 4> usual_pages = {16, 8, 32, 64};
    const Profile* profile = limits_.profile;
    if (profile == nullptr) {
        profile = all_profiles[source.below(all_profiles.size())];
    }
    program.steps.clear();
    program.world.areas.clear();
    program.world.pages.value = usual_pages[source.below(usual_pages.size())];
    fit(program, limits_);
    const PageCount pages = program.world.pages;
    Generator(full_alphabet(), *profile, pages).draw_swarm(source, swarm_);
    program.world = swarm_.world;
    fit(program, limits_);
    swarm_.world.files = program.world.files;
    start(program);
    has_swarm_ = true;
    insert_drawn(program, swarm_.length, source);
    return true;
}

// ---- Areas and their neighbours. ----

// Writes to the first page of an area, to its last one, or to all of it.
bool Mutator::insert_touch(Candidate& program, Source& source) {
    const SpaceId space = draw_space(source);
    const std::vector<Cell>& cells = reference_.cells(space);
    if (!find_ends(cells)) return false;
    std::size_t index = source.below(ends_.size());
    if (source.one_in(4)) return touch_both_sides(program, space, index, source);
    while (!is_mapped(cells, ends_[index].value)) index = index == 0 ? ends_.size() - 1 : index - 1;
    PageRange range = range_between(ends_[index], ends_[index + 1]);
    const std::uint64_t kind = source.below(3);
    if (kind == 2) range.start = Page{range.end().value - 1};
    if (kind != 0) range.count = PageCount{1};
    return insert(program, Step{Touch{range, Access::write}, space, {}}, source);
}

// Writes before and behind an area or a hole. Both sides are strangers then, and when what lies
// between becomes like them, it can merge with either of them and not with both.
//
//     pages   01234567        identities  01234567
//     areas   AAbbbAAA                    11   222
bool Mutator::touch_both_sides(Candidate& program, SpaceId space, std::size_t index,
                               Source& source) {
    const std::vector<Cell>& cells = reference_.cells(space);
    if (index + 1 >= ends_.size()) return false;
    const Page start = ends_[index];
    const Page end = ends_[index + 1];
    if (start.value == 0 || !is_mapped(cells, start.value - 1) || !is_mapped(cells, end.value)) {
        return false;
    }
    const PageRange before{start - PageCount{1}, PageCount{1}};
    const PageRange behind{end, PageCount{1}};
    return insert(program, Step{Touch{before, Access::write}, space, {}}, source) &&
           insert(program, Step{Touch{behind, Access::write}, space, {}}, source);
}

// The piece goes from the boundary into one of its sides, and gets what the other side carries:
//
//     pages   01234567        pages   01234567
//     before  AA.BBBCC        after   AAAABBCC   mmap 2+1 like A
//                                     AA.BBBBB   mprotect 6+2 like B: CC becomes a part of it
bool Mutator::close_seam(Candidate& program, Source& source) {
    const SpaceId space = draw_space(source);
    const std::vector<Cell>& cells = reference_.cells(space);
    if (!find_ends(cells)) return false;
    const std::size_t index = source.below(ends_.size());
    const Page end = ends_[index];
    const Page last = index == 0 ? Page{0} : ends_[index - 1];
    const Page next = index + 1 == ends_.size() ? Page{cells.size()} : ends_[index + 1];
    const bool has_left = end.value > 0 && is_mapped(cells, end.value - 1);
    const bool has_right = is_mapped(cells, end.value);
    // The piece lies to the right if only the left side has something to give.
    const bool goes_right = has_left && (!has_right || source.below(2) == 0);
    PageRange piece = goes_right ? range_between(end, next) : range_between(last, end);
    if (piece.empty()) return false;
    const std::uint64_t stretch = piece.count.value;
    if (source.below(2) != 0) piece.count.value = 1 + source.below(stretch);
    if (!goes_right) piece.start = end - piece.count;
    const Neighbour neighbour{&cells[goes_right ? end.value - 1 : end.value],
                              &cells[goes_right ? end.value : end.value - 1], goes_right, piece,
                              program.world.files.size()};
    const Step step{op_towards(neighbour, source), space, {}};
    return insert(program, step, source);
}

// Where both ends may go. The end that stays is passed by none: it follows at the old distance.
bool Mutator::move_end(Step& step, const std::vector<Cell>& cells, Source& source) {
    auto* const range = find_field<PageRange>(step.op);
    if (range == nullptr || !find_ends(cells)) return false;
    const PageRange before = *range;
    Page start = range->start;
    Page end = range->end();
    const std::uint64_t kind = source.below(3);
    if (kind != 1) start = ends_[source.below(ends_.size())];
    if (kind != 0) end = ends_[source.below(ends_.size())];
    if (end <= start && kind == 0) end = start + before.count;
    if (end <= start && kind == 1) start = end - PageCount{std::min(end.value, before.count.value)};
    if (end < start) std::swap(start, end);
    if (end == start) return false;
    *range = range_between(start, end);
    return *range != before;
}

// The area may be anywhere: what is mapped between later is linear with both.
bool Mutator::link_offset(Step& step, const std::vector<Cell>& cells, const World& world,
                          Source& source) {
    auto* const backing = find_field<Backing>(step.op);
    const auto* const range = find_field<PageRange>(step.op);
    if (backing == nullptr || range == nullptr || world.files.empty()) return false;
    const std::size_t first = source.below(cells.size());
    for (std::size_t turn = 0; turn < cells.size(); ++turn) {
        const std::size_t page = (first + turn) % cells.size();
        const Attributes& there = cells[page].attributes;
        const bool same = backing->file.none() || backing->file == there.file;
        if (!cells[page].mapped || !same || there.file.none()) continue;
        if (there.file.value > world.files.size()) continue;
        const std::uint64_t moved = there.pgoff + range->start.value;
        if (moved < page) continue;
        const Backing linear{there.file, nearest_stored_offset(moved - page)};
        if (linear == *backing) continue;
        *backing = linear;
        return true;
    }
    return false;
}

bool Mutator::fail_at_a_stage(Step& step, Source& source) const {
    const std::vector<Stage>& passed = log_.passed();
    if (passed.empty()) return false;
    const std::size_t stages = std::min<std::size_t>(passed.size(), binary_failure_k_max);
    const std::size_t strikes = source.below(stages);
    Failure failure = failure_at_point(strikes + 1);
    if (!source.one_in(4)) {
        const auto until = passed.begin() + static_cast<std::ptrdiff_t>(strikes) + 1;
        const auto k = std::count(passed.begin(), until, passed[strikes]);
        failure = {Failure::Kind::at_stage, passed[strikes], static_cast<std::uint16_t>(k)};
    }
    const bool changes = failure != step.failure;
    step.failure = failure;
    return changes;
}

}  // namespace vmacheck
