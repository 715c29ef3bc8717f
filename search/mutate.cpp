// The mutator: how many mutations a call makes, those of the list of steps, and splicing; see the
// header.
#include "search/mutate.h"

#include <algorithm>
#include <array>

#include "search/mutate_fields.h"
#include "search/mutate_world.h"

namespace vmacheck {
namespace {

// A mutation that finds nothing to be applied to is replaced by another, so many times.
constexpr int tries_max = 8;
// A bug needs a few conditions at once, and a call costs a fraction of a run: so it makes many
// small changes, and only in a quarter of the cases a single one.
constexpr std::uint64_t mutations_max = 12;

bool looks_at_state(Mutation mutation) {
    return mutation_infos[static_cast<std::size_t>(mutation)].looks_at_state;
}

Mutation draw_mutation(Source& source) {
    constexpr std::uint64_t sum = [] {
        std::uint64_t weights = 0;
        for (const MutationInfo& info : mutation_infos) weights += info.weight;
        return weights;
    }();
    std::uint64_t ticket = source.below(sum);
    std::size_t index = 0;
    while (ticket >= mutation_infos[index].weight) ticket -= mutation_infos[index++].weight;
    return static_cast<Mutation>(index);
}

std::vector<Step>::iterator step_at(std::vector<Step>& steps, std::size_t index) {
    return steps.begin() + static_cast<std::ptrdiff_t>(index);
}

// Calls `change` on one step after another, from any on, until it answers true.
template <class Change>
bool change_some_step(std::vector<Step>& steps, Source& source, const Change& change) {
    const std::size_t first = source.below(steps.size());
    for (std::size_t turn = 0; turn < steps.size(); ++turn) {
        if (change(steps[(first + turn) % steps.size()])) return true;
    }
    return false;
}

// Mostly a few.
std::size_t draw_count(std::size_t max, Source& source) {
    constexpr std::size_t few = 4;
    return 1 + source.below(source.one_in(4) ? max : std::min(max, few));
}

// One stays.
bool delete_steps(std::vector<Step>& steps, std::size_t count, Source& source) {
    count = std::min(count, steps.size() - 1);
    if (count == 0) return false;
    const std::size_t first = source.below(steps.size() - count + 1);
    steps.erase(step_at(steps, first), step_at(steps, first + count));
    return true;
}

bool swap_steps(std::vector<Step>& steps, Source& source) {
    if (steps.size() < 2) return false;
    const std::size_t first = source.below(steps.size() - 1);
    const std::size_t behind = steps.size() - 1 - first;
    const std::size_t second = first + (source.below(2) == 0 ? 1 : 1 + source.below(behind));
    if (steps[first] == steps[second]) return false;
    std::swap(steps[first], steps[second]);
    return true;
}

// To the spaces that some fork makes, or back to the first; now and then to any.
bool redirect(Step& step, const std::vector<Step>& steps, Source& source) {
    auto space = static_cast<std::uint8_t>(source.below(space_count_max));
    if (!source.one_in(4)) {
        std::array<std::uint8_t, space_count_max> made{};
        std::size_t count = 0;
        std::array<bool, space_count_max> known{};
        const auto add = [&](SpaceId id) {
            if (known[id.value] || id == step.space) return;
            known[id.value] = true;
            made[count++] = id.value;
        };
        add(SpaceId{0});
        for (const Step& other : steps) {
            if (const auto* const fork = std::get_if<Fork>(&other.op)) add(fork->child);
        }
        if (count == 0) return false;
        space = made[source.below(count)];
    }
    if (step.space.value == space) return false;
    step.space.value = space;
    return true;
}

}  // namespace

void Mutator::mutate(Candidate& program, Source& source) {
    fit(program, limits_);
    if (program.steps.empty()) {
        draw_program(program, source);
    } else {
        due_.clear();
        const std::uint64_t wanted = 1 + source.below(source.below(4) == 0 ? 1 : mutations_max);
        for (std::uint64_t made = 0; made < wanted; ++made) {
            for (int tries = 0; tries < tries_max; ++tries) {
                const Mutation mutation = draw_mutation(source);
                if (looks_at_state(mutation)) {
                    due_.push_back({mutation, 0});
                    break;
                }
                if (run(mutation, program, source)) break;
            }
        }
        for (Due& due : due_) due.at = source.below(program.steps.size() + 1);
        if (!due_.empty()) {
            fit(program, limits_);
            walk(program, source);
        }
    }
    fit(program, limits_);
}

bool Mutator::apply(Mutation mutation, Candidate& program, Source& source) {
    fit(program, limits_);
    if (program.steps.empty()) return false;
    bool done = false;
    if (looks_at_state(mutation)) {
        due_.assign(1, {mutation, source.below(program.steps.size() + 1)});
        done = walk(program, source);
    } else {
        done = run(mutation, program, source);
    }
    fit(program, limits_);
    return done;
}

bool Mutator::run(Mutation mutation, Candidate& program, Source& source) {
    std::vector<Step>& steps = program.steps;
    switch (mutation) {
        case Mutation::delete_step: return delete_steps(steps, 1, source);
        case Mutation::delete_range:
            return delete_steps(steps, draw_count(steps.size(), source), source);
        case Mutation::duplicate_step: return duplicate(program, 1, source);
        case Mutation::duplicate_range:
            return duplicate(program, draw_count(steps.size(), source), source);
        case Mutation::swap_steps: return swap_steps(steps, source);
        case Mutation::cut_tail:
            if (steps.size() < 2) return false;
            steps.resize(1 + source.below(steps.size() - 1));
            return true;
        case Mutation::nudge_field:
            return change_some_step(steps, source,
                                    [&](Step& step) { return nudge_field(step.op, source); });
        case Mutation::change_field:
            return change_some_step(steps, source, [&](Step& step) {
                return change_field(step.op, program.world, source);
            });
        case Mutation::change_failure:
            change_failure(steps[source.below(steps.size())].failure, source);
            return true;
        case Mutation::redirect_step:
            return change_some_step(steps, source,
                                    [&](Step& step) { return redirect(step, steps, source); });
        case Mutation::insert_step:
        case Mutation::replace_step:
        case Mutation::append_steps:
        case Mutation::redraw_tail:
        case Mutation::insert_touch:
        case Mutation::close_seam:
        case Mutation::move_end:
        case Mutation::copy_neighbour:
        case Mutation::link_offset:
        case Mutation::fail_at_a_stage: return false;  // Due in the walk.
        case Mutation::change_world: return change_world(program, limits_, source);
        case Mutation::draw_world: return draw_world(program, source);
        case Mutation::draw_program: return draw_program(program, source);
    }
    return false;
}

// The copy goes behind the original, or anywhere.
bool Mutator::duplicate(Candidate& program, std::size_t count, Source& source) const {
    std::vector<Step>& steps = program.steps;
    count = std::min(count, limits_.steps_max - steps.size());
    if (count == 0) return false;
    const std::size_t first = source.below(steps.size() - count + 1);
    const std::size_t to = source.below(2) == 0 ? first + count : source.below(steps.size() + 1);
    const std::vector<Step> copy(step_at(steps, first), step_at(steps, first + count));
    steps.insert(step_at(steps, to), copy.begin(), copy.end());
    return true;
}

// The most alike of the world's files. One that is not alike at all joins the world if it has room.
FileId Mutator::file_for(const File& donated, World& world, std::size_t files_max) {
    constexpr int driver_points = 4;  // More than the others together.
    int best_points = -1;
    FileId best;
    for (std::size_t index = 0; index < world.files.size(); ++index) {
        const File& file = world.files[index];
        int points = file.driver == donated.driver ? driver_points : 0;
        points += file.read_only == donated.read_only ? 1 : 0;
        points += file.pages == donated.pages ? 1 : 0;
        points += file.name == donated.name ? 1 : 0;
        if (points <= best_points) continue;
        best_points = points;
        best.value = static_cast<std::uint32_t>(index + 1);
    }
    if (best_points >= driver_points || world.files.size() >= files_max) return best;
    File file = donated;
    give_name(file, world);
    world.files.push_back(file);
    return FileId{static_cast<std::uint32_t>(world.files.size())};
}

void Mutator::cross_over(Candidate& program, const Candidate& donor, Source& source) {
    fit(program, limits_);
    std::vector<Step>& steps = program.steps;
    if (donor.steps.empty() || limits_.steps_max == 0) return;
    const std::size_t cut = source.below(steps.size() + 1);
    const std::size_t first = source.below(donor.steps.size());
    const std::size_t behind = donor.steps.size() - first;
    const std::size_t count = std::min(1 + source.below(behind), limits_.steps_max);
    const bool keeps_tail = source.below(2) == 0;
    if (!keeps_tail) steps.resize(cut);
    // The program gives way, for a splice without a step of the donor is none.
    const std::size_t room = limits_.steps_max - count;
    if (steps.size() > room) steps.resize(room);
    steps_.assign(donor.steps.begin() + static_cast<std::ptrdiff_t>(first),
                  donor.steps.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (Step& step : steps_) {
        auto* const backing = find_field<Backing>(step.op);
        const File* const file = backing == nullptr ? nullptr : donor.world.file(backing->file);
        if (file != nullptr) backing->file = file_for(*file, program.world, limits_.files_max);
    }
    steps.insert(step_at(steps, std::min(cut, steps.size())), steps_.begin(), steps_.end());
    // What the donor's steps map lies inside of the world.
    program.world.pages = std::max(program.world.pages, donor.world.pages);
    // And what keys they name are the program's.
    program.world.pkeys = std::max(program.world.pkeys, donor.world.pkeys);
    fit(program, limits_);
}

}  // namespace vmacheck
