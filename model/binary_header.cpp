// Each record is read and written side by side, at places that are named once. docs/format.md has
// the same tables for people.
#include "model/binary_header.h"

#include <algorithm>
#include <string_view>

namespace vmacheck::binary {

namespace {

// World record, behind its version.
constexpr std::size_t world_profile_at = 5;
constexpr std::size_t world_pages_at = 6;
constexpr std::size_t world_options_at = 7;
constexpr std::size_t world_map_count_at = 8;
constexpr std::size_t world_map_count_size = 4;
constexpr std::size_t world_memlock_at = 12;
constexpr std::size_t world_memlock_size = 2;
constexpr std::size_t world_switches_at = 14;
constexpr std::uint8_t option_memory_merge = 1;
constexpr std::uint8_t option_map_count = 2;  // Else it is the default of Linux.
constexpr std::uint8_t option_memlock = 4;    // Else there is no limit.
// Above these bits stand the switches that two bytes have no room for.
constexpr std::size_t option_switches_from = 3;
constexpr std::size_t world_switches_bits = 16;

// Limits record: which limits there are, in the order of `world_limits` without the first, and what
// they are.
constexpr std::size_t limits_set_at = 1;
constexpr std::size_t limits_heap_at = 2;
constexpr std::size_t limits_first_at = 3;
// Above these bits of the set stand the switches that the world record has no room for, then bit 0
// of it, for there is no first limit here, and then the bits above the number of keys.
constexpr std::size_t limits_switches_from = 4;
constexpr std::size_t limits_switches_bits = 8 - limits_switches_from;
constexpr std::size_t pkeys_switches_from = 5;
constexpr std::uint8_t pkeys_mask = (1U << pkeys_switches_from) - 1;
constexpr std::size_t set_switches_bits = limits_switches_bits + 1;
constexpr std::size_t world_switches = world_switches_bits + 8 - option_switches_from;
static_assert(profile_switches_max == world_switches + set_switches_bits + 8 - pkeys_switches_from);
static_assert(pkey_count <= pkeys_mask);
constexpr std::size_t limit_size = 4;
constexpr std::size_t limits_first = 1;
constexpr std::size_t limits_pkeys_at = 15;
static_assert(limits_first_at + (world_limits.size() - limits_first) * limit_size ==
              limits_pkeys_at);

// File record.
constexpr std::size_t file_driver_at = 1;
constexpr std::size_t file_mode_at = 2;
constexpr std::size_t file_pages_at = 3;
constexpr std::size_t file_name_at = 5;
static_assert(file_name_at + binary_name_length_max == record_size);
constexpr std::uint8_t driver_mmap = 1;
constexpr std::uint8_t driver_mmap_prepare = 2;
constexpr std::uint8_t driver_close = 4;
constexpr std::uint8_t driver_io = 8;
constexpr std::uint8_t driver_pfnmap = 16;
constexpr std::uint8_t driver_mixedmap = 32;
constexpr std::uint8_t driver_dont_expand = 64;
constexpr std::uint8_t driver_may_split = 128;
constexpr std::uint8_t mode_read_only = 1;
constexpr std::uint8_t mode_dont_dump = 2;
constexpr std::uint8_t mode_set_file = 4;
constexpr std::uint8_t mode_set_pgoff = 8;

// Area record.
constexpr std::size_t area_range_at = 1;
constexpr std::size_t area_bits_at = 3;
constexpr std::size_t area_backing_at = 4;
constexpr std::size_t area_fault_at = 7;
constexpr std::size_t area_flags_at = 8;
constexpr std::size_t area_flags_size = 4;
constexpr std::size_t area_policy_at = 12;
constexpr std::size_t area_name_at = 13;
constexpr std::size_t area_uffd_at = 14;
constexpr std::size_t area_pkey_at = 15;
constexpr std::uint8_t area_uffd_mode = 4;    // From this bit on; below it stands the context.
constexpr std::uint8_t area_home_node = 128;  // Above the policy.
constexpr std::uint8_t area_shared = 8;       // Below it stands the protection.
constexpr std::uint8_t area_forked = 16;
constexpr std::uint8_t area_pgoff = 32;  // Anonymous memory whose offset is not its first page.
constexpr std::uint8_t area_droppable = 64;

constexpr std::uint8_t bit_if(bool condition, std::uint8_t bit) {
    return condition ? bit : std::uint8_t{0};
}

std::uint32_t number_at(std::span<const std::uint8_t> bytes) {
    std::uint32_t number = 0;
    for (std::size_t i = bytes.size(); i > 0; i--) number = number << 8 | bytes[i - 1];
    return number;
}

void put_number(std::span<std::uint8_t> bytes, std::uint32_t number) {
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(number & 0xff);
        number >>= 8;
    }
}

bool is_free_name(const World& world, std::string_view name) {
    return std::none_of(world.files.begin(), world.files.end(),
                        [&](const File& file) { return file.name == name; });
}

std::string_view stored_name(RecordIn record) {
    const auto stored = record.subspan<file_name_at>();
    const auto end = std::find(stored.begin(), stored.end(), 0);
    const std::string_view all(reinterpret_cast<const char*>(stored.data()), stored.size());
    return all.substr(0, static_cast<std::size_t>(end - stored.begin()));
}

// The userfaultfd of an area: its context, and above that what it waits for.
void read_uffd(std::uint8_t stored, Attributes& at) {
    at.uffd = static_cast<UffdContext>(stored % area_uffd_mode % uffd_context_names.size());
    if (!at.file.none() || at.flags.has(Flag::droppable)) at.uffd = UffdContext::none;
    if (at.uffd == UffdContext::none) return;
    at.flags = at.flags | uffd_mode_flags[stored / area_uffd_mode % uffd_mode_flags.size()];
}

std::uint8_t stored_uffd(const Attributes& at) {
    if (at.uffd == UffdContext::none) return 0;
    return static_cast<std::uint8_t>(static_cast<int>(at.uffd) +
                                     area_uffd_mode * static_cast<int>(mode_of(at.flags)));
}

}  // namespace

void read_world(RecordIn record, World& world) {
    const std::uint8_t options = record[world_options_at];
    world.profile = all_profiles[record[world_profile_at] % all_profiles.size()];
    const SwitchMask turned = number_at(record.subspan<world_switches_at, 2>()) |
                              SwitchMask{options} >> option_switches_from << world_switches_bits;
    if (const Profile* const other = profile_with(*world.profile, turned)) world.profile = other;
    if (record[world_pages_at] != 0) world.pages.value = record[world_pages_at];
    world.memory_merge = (options & option_memory_merge) != 0;
    if ((options & option_map_count) != 0) {
        world.max_map_count = number_at(record.subspan<world_map_count_at, world_map_count_size>());
    }
    if ((options & option_memlock) != 0) {
        world.memlock = number_at(record.subspan<world_memlock_at, world_memlock_size>());
    }
}

Misfit write_world(RecordOut record, const World& world) {
    const auto* const base =
        std::find(all_profiles.begin(), all_profiles.end(), &base_of(*world.profile));
    const SwitchMask turned = switches_of(*world.profile);
    if (world.pages > binary_pages_max) {
        return too_many(world.pages.value, "pages", binary_pages_max.value);
    }
    const bool has_map_count = world.max_map_count != max_map_count_default;
    const bool has_memlock = world.memlock != no_limit;
    if (has_memlock && world.memlock > UINT16_MAX) {
        return too_many(world.memlock, "pages of memlock", UINT16_MAX);
    }
    std::copy(world_magic.begin(), world_magic.end(), record.begin());
    record[world_version_at] = binary_version;
    record[world_profile_at] = static_cast<std::uint8_t>(base - all_profiles.begin());
    put_number(record.subspan<world_switches_at, 2>(), turned & UINT16_MAX);
    record[world_pages_at] = static_cast<std::uint8_t>(world.pages.value);
    record[world_options_at] =
        bit_if(world.memory_merge, option_memory_merge) | bit_if(has_map_count, option_map_count) |
        bit_if(has_memlock, option_memlock) |
        static_cast<std::uint8_t>((turned >> world_switches_bits << option_switches_from) & 0xff);
    if (has_map_count) {
        put_number(record.subspan<world_map_count_at, world_map_count_size>(), world.max_map_count);
    }
    if (has_memlock) {
        put_number(record.subspan<world_memlock_at, world_memlock_size>(),
                   static_cast<std::uint32_t>(world.memlock));
    }
    return std::nullopt;
}

bool has_limits_record(const World& world) {
    if (switches_of(*world.profile) >> world_switches != 0) return true;
    if (world.heap != Page{} || world.pkeys != 0) return true;
    return std::any_of(world_limits.begin() + limits_first, world_limits.end(),
                       [&](const WorldLimit& limit) { return world.*limit.member != no_limit; });
}

void read_limits(RecordIn record, World& world) {
    const SwitchMask set = record[limits_set_at];
    const SwitchMask above_pkeys = record[limits_pkeys_at] >> pkeys_switches_from;
    const SwitchMask more = set >> limits_switches_from | (set & 1U) << limits_switches_bits |
                            above_pkeys << set_switches_bits;
    const SwitchMask turned = switches_of(*world.profile) | more << world_switches;
    const Profile* const other = profile_with(base_of(*world.profile), turned);
    if (other != nullptr) world.profile = other;
    world.heap.value = record[limits_heap_at] % (world.pages.value + 1);
    world.pkeys = (record[limits_pkeys_at] & pkeys_mask) % (pkey_count + 1);
    std::size_t at = limits_first_at;
    for (std::size_t i = limits_first; i < world_limits.size(); i++, at += limit_size) {
        std::uint64_t& limit = world.*world_limits[i].member;
        limit = no_limit;
        if ((record[limits_set_at] >> i & 1U) != 0)
            limit = number_at(record.subspan(at, limit_size));
    }
}

Misfit write_limits(RecordOut record, const World& world) {
    record[0] = limits_kind;
    const SwitchMask more = switches_of(*world.profile) >> world_switches;
    const SwitchMask bit_0 = more >> limits_switches_bits & 1U;
    record[limits_set_at] =
        static_cast<std::uint8_t>((more << limits_switches_from & 0xff) | bit_0);
    record[limits_heap_at] = static_cast<std::uint8_t>(world.heap.value);
    record[limits_pkeys_at] =
        static_cast<std::uint8_t>(world.pkeys | more >> set_switches_bits << pkeys_switches_from);
    std::size_t at = limits_first_at;
    for (std::size_t i = limits_first; i < world_limits.size(); i++, at += limit_size) {
        const std::uint64_t limit = world.*world_limits[i].member;
        if (limit == no_limit) continue;
        if (limit > UINT32_MAX) {
            return too_many(limit, ("pages of " + std::string(world_limits[i].name)).c_str(),
                            UINT32_MAX);
        }
        record[limits_set_at] = static_cast<std::uint8_t>(record[limits_set_at] | 1U << i);
        put_number(record.subspan(at, limit_size), static_cast<std::uint32_t>(limit));
    }
    return std::nullopt;
}

void set_default_files(World& world) {
    constexpr PageCount pages{2 * world_pages_default.value};
    world.files.push_back({"a", {.mmap_prepare = true}, pages, false});
    world.files.push_back({"b", {.mmap = true}, pages, false});
    world.files.push_back({"c", {.mmap_prepare = true, .close = true}, pages, false});
    world.files.push_back({"d", {.mmap = true}, pages, true});
}

void read_file(RecordIn record, World& world) {
    File file;
    const std::uint8_t driver = record[file_driver_at];
    file.driver.mmap = (driver & driver_mmap) != 0;
    file.driver.mmap_prepare = (driver & driver_mmap_prepare) != 0;
    file.driver.close = (driver & driver_close) != 0;
    file.driver.io = (driver & driver_io) != 0;
    file.driver.pfnmap = (driver & driver_pfnmap) != 0;
    file.driver.mixedmap = (driver & driver_mixedmap) != 0;
    file.driver.dont_expand = (driver & driver_dont_expand) != 0;
    file.driver.may_split = (driver & driver_may_split) != 0;
    const std::uint8_t mode = record[file_mode_at];
    file.driver.dont_dump = (mode & mode_dont_dump) != 0;
    file.driver.set_file = (mode & mode_set_file) != 0;
    file.driver.set_pgoff = (mode & mode_set_pgoff) != 0;
    file.read_only = (mode & mode_read_only) != 0;
    FieldReader bytes(&record[file_pages_at], world, false);
    file.pages.value = pages_of(bytes.two_bytes());
    file.name = stored_name(record);
    const bool is_good = !file.name.empty() && is_free_name(world, file.name) &&
                         std::all_of(file.name.begin(), file.name.end(), text::is_name_character);
    if (!is_good) {
        static_assert(binary_files_max <= 'z' - 'a');
        file.name = "a";
        while (!is_free_name(world, file.name)) file.name.front()++;
    }
    world.files.push_back(file);
}

Misfit write_file(RecordOut record, const File& file) {
    if (file.name.size() > binary_name_length_max) {
        return too_many(file.name.size(), "characters in its name", binary_name_length_max);
    }
    record[0] = file_kind;
    record[file_driver_at] =
        bit_if(file.driver.mmap, driver_mmap) |
        bit_if(file.driver.mmap_prepare, driver_mmap_prepare) |
        bit_if(file.driver.close, driver_close) | bit_if(file.driver.io, driver_io) |
        bit_if(file.driver.pfnmap, driver_pfnmap) | bit_if(file.driver.mixedmap, driver_mixedmap) |
        bit_if(file.driver.dont_expand, driver_dont_expand) |
        bit_if(file.driver.may_split, driver_may_split);
    record[file_mode_at] =
        bit_if(file.read_only, mode_read_only) | bit_if(file.driver.dont_dump, mode_dont_dump) |
        bit_if(file.driver.set_file, mode_set_file) | bit_if(file.driver.set_pgoff, mode_set_pgoff);
    Misfit misfit;
    FieldWriter(&record[file_pages_at], misfit).pages(file.pages.value, "the size");
    std::copy(file.name.begin(), file.name.end(), &record[file_name_at]);
    return misfit;
}

void AreaReader::read(RecordIn record) {
    InitialArea area;
    Attributes& at = area.attributes;
    area.range = range_inside(record[area_range_at], record[area_range_at + 1], world_.pages);
    const std::uint64_t start = area.range.start.value;
    std::uint64_t free = 0;
    while (free < area.range.count.value && !taken_[start + free]) taken_[start + free++] = true;
    if (free == 0) return;
    area.range.count.value = free;

    const std::uint8_t bits = record[area_bits_at];
    FieldReader backing_bytes(&record[area_backing_at], world_, false);
    at.file.value = static_cast<std::uint32_t>(backing_bytes.byte() % (world_.files.size() + 1));
    const std::uint64_t offset = pages_of(backing_bytes.two_bytes());
    at.pgoff = at.file.none() && (bits & area_pgoff) == 0 ? start : offset;

    // The text has no shared anonymous memory here, and mmap refuses a writable shared mapping of
    // a file that was opened for reading.
    const File* const file = world_.file(at.file);
    const bool is_shared = (bits & area_shared) != 0 && file != nullptr;
    const bool read_only = file != nullptr && file->read_only;
    Prot prot{Flags::of(bits) & access_flags};
    if (is_shared && read_only) prot.flags = prot.flags.without(Flag::write);
    const bool droppable = (bits & area_droppable) != 0 && file == nullptr;
    const Sharing alone = droppable ? Sharing::droppable : Sharing::is_private;
    at.flags = text::initial_flags(prot, is_shared ? Sharing::is_shared : alone, read_only);
    const std::uint32_t flags = number_at(record.subspan<area_flags_at, area_flags_size>());
    for (std::size_t i = 0; i < text::listed_flag_names.size(); i++) {
        if ((flags >> i & 1U) != 0) at.flags = at.flags | text::listed_flag(i);
    }
    if (!text::can_be_stack(at)) at.flags = at.flags.without(Flag::grows_down);
    if (!text::can_be_locked(at)) at.flags = at.flags.without(Flag::locked);
    if (!at.flags.has(Flag::locked)) at.flags = at.flags.without(Flag::lock_on_fault);

    at.fault.value = record[area_fault_at];
    if (!at.fault.none()) {
        Forked& forked = forked_[at.fault.value];
        if (forked == Forked::unknown) {
            forked = (bits & area_forked) != 0 ? Forked::yes : Forked::no;
        }
        at.forked = forked == Forked::yes;
    }
    const std::uint8_t policy = record[area_policy_at];
    at.policy = static_cast<Policy>(policy % area_home_node % policy_names.size());
    at.home_node = (policy & area_home_node) != 0 && has_home_node(at.policy);
    if (at.file.none()) at.name = static_cast<AreaName>(record[area_name_at] % area_names.size());
    read_uffd(record[area_uffd_at], at);
    const unsigned pkey = record[area_pkey_at] % pkey_count;
    if (world_.is_pkey_of(pkey, at.flags)) at.flags = at.flags | flags_of_pkey(pkey);
    const auto behind = std::upper_bound(
        world_.areas.begin(), world_.areas.end(), area,
        [](const InitialArea& x, const InitialArea& y) { return x.range.start < y.range.start; });
    world_.areas.insert(behind, area);
}

Misfit write_area(RecordOut record, const InitialArea& area) {
    const Attributes& at = area.attributes;
    if (at.fault.value > binary_fault_max) {
        return "the fault identity " + std::to_string(at.fault.value) + " is above " +
               std::to_string(binary_fault_max);
    }
    const bool has_pgoff = at.file.none() && at.pgoff != area.range.start.value;
    record[0] = area_kind;
    Misfit misfit;
    FieldWriter range_bytes(&record[area_range_at], misfit);
    FieldForm<PageRange>::write(range_bytes, area.range);
    record[area_bits_at] = static_cast<std::uint8_t>((at.flags & access_flags).bits) |
                           bit_if(at.flags.has(Flag::may_share), area_shared) |
                           bit_if(at.forked, area_forked) | bit_if(has_pgoff, area_pgoff) |
                           bit_if(at.flags.has(Flag::droppable), area_droppable);
    FieldWriter backing_bytes(&record[area_backing_at], misfit);
    backing_bytes.byte(static_cast<std::uint8_t>(at.file.value));
    if (!at.file.none() || has_pgoff) backing_bytes.pages(at.pgoff, "the offset");
    record[area_fault_at] = static_cast<std::uint8_t>(at.fault.value);
    record[area_policy_at] =
        static_cast<std::uint8_t>(at.policy) | bit_if(at.home_node, area_home_node);
    record[area_name_at] = static_cast<std::uint8_t>(at.name);
    record[area_uffd_at] = stored_uffd(at);
    record[area_pkey_at] = static_cast<std::uint8_t>(pkey_of(at.flags));
    std::uint32_t flags = 0;
    for (std::size_t i = 0; i < text::listed_flag_names.size(); i++) {
        if (at.flags.has(text::listed_flag(i))) flags |= std::uint32_t{1} << i;
    }
    put_number(record.subspan<area_flags_at, area_flags_size>(), flags);
    return misfit;
}

}  // namespace vmacheck::binary
