// Mutations of the world; see the header.
#include "search/mutate_world.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "search/mutate_fields.h"

namespace vmacheck {
namespace {

struct Context {
    Candidate& program;
    World& world;
    const MutateLimits& limits;
    Source& source;
};

bool change_pages(Context& context) {
    std::uint64_t& pages = context.world.pages.value;
    const std::uint64_t pages_max =
        std::min(context.limits.pages_max.value, binary_pages_max.value);
    const std::uint64_t before = pages;
    constexpr std::array<std::uint64_t, 4> usual = {8, 16, 32, 64};
    switch (context.source.below(4)) {
        case 0: pages += 1; break;
        case 1: pages -= 1; break;
        default: pages = usual[context.source.below(usual.size())]; break;
    }
    pages = std::clamp<std::uint64_t>(pages, 1, pages_max);
    return pages != before;
}

bool change_profile(Context& context) {
    if (context.limits.profile != nullptr) return false;
    const Profile* const before = context.world.profile;
    context.world.profile = all_profiles[context.source.below(all_profiles.size())];
    return context.world.profile != before;
}

// A limit matters if it is as low as the number of areas.
bool change_map_count(Context& context) {
    std::uint32_t& max = context.world.max_map_count;
    constexpr std::uint32_t low_max = 12;
    if (max <= low_max) {
        switch (context.source.below(3)) {
            case 0: max = max_map_count_default; return true;
            case 1: max += 1; return true;
            default: break;
        }
        if (max == 0) return false;
        max -= 1;
        return true;
    }
    max = static_cast<std::uint32_t>(1 + context.source.below(low_max));
    return true;
}

// A limit matters if it is as low as the pages of the world.
bool change_limit(Context& context) {
    std::uint64_t& limit =
        context.world.*world_limits[context.source.below(world_limits.size())].member;
    if (limit != no_limit && context.source.below(2) == 0) {
        limit = no_limit;
        return true;
    }
    limit = context.source.below(context.world.pages.value);
    return true;
}

bool change_heap(Context& context) {
    const Page before = context.world.heap;
    context.world.heap.value = context.source.below(context.world.pages.value + 1);
    return context.world.heap != before;
}

bool change_pkeys(Context& context) {
    const unsigned before = context.world.pkeys;
    context.world.pkeys = static_cast<unsigned>(context.source.below(pkey_count + 1));
    return context.world.pkeys != before;
}

bool change_memory_merge(Context& context) {
    context.world.memory_merge = !context.world.memory_merge;
    return true;
}

File* draw_file(Context& context) {
    std::vector<File>& files = context.world.files;
    return files.empty() ? nullptr : &files[context.source.below(files.size())];
}

// A file that can be mapped has exactly one of the two hooks, so mostly they change places.
bool change_driver(Context& context) {
    File* const file = draw_file(context);
    if (file == nullptr) return false;
    Driver& driver = file->driver;
    switch (context.source.below(10)) {
        case 0: driver.mmap = !driver.mmap; return true;
        case 1: driver.mmap_prepare = !driver.mmap_prepare; return true;
        case 2:
        case 3:
        case 4: driver.close = !driver.close; return true;
        case 5:
        case 6: {
            const auto member =
                optional_driver_members[context.source.below(optional_driver_members.size())];
            driver.*member = !(driver.*member);
            return true;
        }
        default: break;
    }
    driver.mmap = !driver.mmap;
    driver.mmap_prepare = !driver.mmap;
    return true;
}

// The flags of initial areas are those that mmap would have given them.
bool change_read_only(Context& context) {
    File* const file = draw_file(context);
    if (file == nullptr) return false;
    file->read_only = !file->read_only;
    for (InitialArea& area : context.world.areas) {
        Flags& flags = area.attributes.flags;
        if (context.world.file(area.attributes.file) != file || !flags.has(Flag::may_share)) {
            continue;
        }
        constexpr Flags lost = Flag::shared | Flag::may_write;
        flags = file->read_only ? flags.without(lost | Flag::write) : flags | lost;
    }
    return true;
}

bool change_file_size(Context& context) {
    File* const file = draw_file(context);
    if (file == nullptr) return false;
    std::uint64_t& pages = file->pages.value;
    const std::uint64_t before = pages;
    switch (context.source.below(4)) {
        case 0: pages += 1; break;
        case 1: pages -= std::min<std::uint64_t>(pages, 1); break;
        case 2: pages = 2 * context.world.pages.value; break;
        default: pages = context.source.below(context.world.pages.value); break;
    }
    return pages != before;
}

// A second open() of a file that is there, or an ordinary one.
bool add_file(Context& context) {
    World& world = context.world;
    if (world.files.size() >= context.limits.files_max) return false;
    File file{"", usual_driver(*world.profile), PageCount{2 * world.pages.value}, false};
    const File* const known = draw_file(context);
    if (known != nullptr && context.source.below(2) == 0) file = *known;
    give_name(file, world);
    world.files.push_back(file);
    return true;
}

// Its initial areas go, its mappings become anonymous or those of another file.
bool drop_file(Context& context) {
    World& world = context.world;
    if (world.files.empty()) return false;
    const auto number = static_cast<std::uint32_t>(1 + context.source.below(world.files.size()));
    world.files.erase(world.files.begin() + (number - 1));
    const auto instead = static_cast<std::uint32_t>(context.source.below(world.files.size() + 1));
    for (Step& step : context.program.steps) {
        auto* const backing = find_field<Backing>(step.op);
        if (backing == nullptr || backing->file.value < number) continue;
        backing->file.value = backing->file.value == number ? instead : backing->file.value - 1;
    }
    const auto is_of_it = [&](const InitialArea& area) {
        return area.attributes.file.value == number;
    };
    world.areas.erase(std::remove_if(world.areas.begin(), world.areas.end(), is_of_it),
                      world.areas.end());
    for (InitialArea& area : world.areas) {
        if (area.attributes.file.value > number) --area.attributes.file.value;
    }
    return true;
}

bool drop_areas(Context& context) {
    std::vector<InitialArea>& areas = context.world.areas;
    if (areas.empty()) return false;
    if (context.source.one_in(4)) {
        areas.clear();
        return true;
    }
    areas.erase(areas.begin() + static_cast<std::ptrdiff_t>(context.source.below(areas.size())));
    return true;
}

// Behind the last area, and as a rule like it.
bool add_area(Context& context) {
    World& world = context.world;
    Source& source = context.source;
    constexpr std::uint64_t count_max = 4;
    InitialArea area;
    area.attributes.flags = may_access_flags | read_write_flags | Flag::account;
    if (!world.areas.empty()) {
        const InitialArea& last = world.areas.back();
        area.attributes = last.attributes;
        area.range.start = last.range.end() + PageCount{source.one_in(4) ? 1U : 0U};
        area.attributes.pgoff += (area.range.start - last.range.start).value;
        if (source.one_in(4)) area.attributes.fault = FaultId{};
        if (source.one_in(4)) area.attributes.flags = area.attributes.flags ^ Flag::exec;
    } else if (source.below(2) == 0) {
        area.attributes.fault.value = 1;
    }
    if (area.attributes.fault.none()) area.attributes.forked = false;
    // Anonymous memory that was never written to has its address for an offset.
    const bool has_address = area.attributes.file.none() && area.attributes.fault.none();
    if (has_address) area.attributes.pgoff = area.range.start.value;
    area.range.count.value = 1 + source.below(count_max);
    if (area.range.end() > Page{world.pages.value}) return false;
    if (!has_stored_form(area.attributes.pgoff)) return false;
    world.areas.push_back(area);
    return true;
}

constexpr std::array<bool (*)(Context&), 14> changes = {
    change_pages,     change_profile,   change_map_count, change_memory_merge, change_driver,
    change_read_only, change_file_size, add_file,         drop_file,           drop_areas,
    add_area,         change_limit,     change_heap,      change_pkeys,
};

}  // namespace

bool change_world(Candidate& program, const MutateLimits& limits, Source& source) {
    Context context{program, program.world, limits, source};
    const std::size_t first = source.below(changes.size());
    for (std::size_t turn = 0; turn < changes.size(); ++turn) {
        if (changes[(first + turn) % changes.size()](context)) return true;
    }
    return false;
}

}  // namespace vmacheck
