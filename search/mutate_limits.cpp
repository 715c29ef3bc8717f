// The limits of a mutated program; see the header.
#include "search/mutate_limits.h"

#include <algorithm>
#include <string>
#include <type_traits>

namespace vmacheck {
namespace {

// Each type of field is brought inside the limits by one fit() below.
struct Limits {
    const World& world;
};

void fit(const Limits& /*limits*/, PageRange& range) {
    range.start.value = std::min(range.start.value, binary_pages_max.value);
    range.count.value = std::min(range.count.value, binary_pages_max.value);
}

void fit(const Limits& /*limits*/, Page& page) {
    page.value = std::min(page.value, binary_pages_max.value);
}

void fit(const Limits& /*limits*/, FilePage& page) {
    page.value = nearest_stored_offset(page.value);
}

void fit(const Limits& limits, Backing& backing) {
    if (backing.file.value > limits.world.files.size()) backing.file = FileId{};
    backing.offset = backing.file.none() ? 0 : nearest_stored_offset(backing.offset);
}

void fit(const Limits& /*limits*/, SpaceId& space) {
    space.value = static_cast<std::uint8_t>(space.value % space_count_max);
}

// Every value of these can be written.
void fit(const Limits& /*limits*/, Prot& /*prot*/) {}
template <class Enum>
requires std::is_enum_v<Enum>
void fit(const Limits& /*limits*/, Enum& /*value*/) {}

// What the kind of a failure does not use has its default.
void fit(Failure& failure) {
    failure.k = std::clamp<std::uint16_t>(failure.k, 1, binary_failure_k_max);
    if (failure.kind == Failure::Kind::none) failure = Failure{};
    if (failure.kind == Failure::Kind::at_any) failure.stage = Stage::split;
}

void fit(Step& step, const World& world) {
    const Limits limits{world};
    fit(limits, step.space);
    fit(step.failure);
    std::visit(
        [&](auto& op) {
            for_each_field(op, [&](const auto&, auto& value) { fit(limits, value); });
        },
        step.op);
}

bool has_good_name(const World& world, std::size_t index) {
    const std::string& name = world.files[index].name;
    if (name.empty() || name.size() > binary_name_length_max) return false;
    for (std::size_t other = 0; other < index; ++other) {
        if (world.files[other].name == name) return false;
    }
    return true;
}

void fit_files(World& world, std::size_t files_max) {
    if (world.files.size() > files_max) world.files.resize(files_max);
    for (std::size_t index = 0; index < world.files.size(); ++index) {
        File& file = world.files[index];
        if (!has_good_name(world, index)) give_name(file, world);
        file.pages.value = nearest_stored_offset(file.pages.value);
    }
}

// What lies outside of the world, belongs to no file of it, has too large a number, or a protection
// key that the program has not, goes.
void fit_areas(World& world) {
    const auto must_go = [&](const InitialArea& area) {
        const Attributes& at = area.attributes;
        const bool has_address = at.file.none() && at.pgoff == area.range.start.value;
        return area.range.end() > Page{world.pages.value} || at.file.value > world.files.size() ||
               at.fault.value > binary_fault_max ||
               !world.is_pkey_of(pkey_of(at.flags), at.flags) ||
               (!has_address && !has_stored_form(at.pgoff));
    };
    world.areas.erase(std::remove_if(world.areas.begin(), world.areas.end(), must_go),
                      world.areas.end());
}

}  // namespace

void give_name(File& file, const World& world) {
    constexpr std::size_t letters = 26;
    constexpr std::size_t names_max = letters * (letters + 1);
    for (std::size_t number = 0; number < names_max; ++number) {
        std::string name;
        if (number >= letters) name += static_cast<char>('a' + number / letters - 1);
        name += static_cast<char>('a' + number % letters);
        const auto has_it = [&](const File& other) { return other.name == name; };
        if (std::any_of(world.files.begin(), world.files.end(), has_it)) continue;
        file.name = name;
        return;
    }
}

void fit(Candidate& program, const MutateLimits& limits) {
    World& world = program.world;
    if (limits.profile != nullptr) world.profile = limits.profile;
    const PageCount pages_max = std::min(limits.pages_max, binary_pages_max);
    world.pages = std::max(PageCount{1}, std::min(world.pages, pages_max));
    world.heap.value = std::min(world.heap.value, world.pages.value);
    fit_files(world, std::min(limits.files_max, binary_files_max));
    fit_areas(world);
    if (program.steps.size() > limits.steps_max) program.steps.resize(limits.steps_max);
    for (Step& step : program.steps) fit(step, world);
}

}  // namespace vmacheck
