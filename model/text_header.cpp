// Parsing of the lines in front of the steps: `world`, `file` and `area`.
#include "model/text_header.h"

#include <array>

#include "model/text_profile.h"

namespace vmacheck::text {

namespace {

// Takes one of `settings`, whose bit in `seen` must not be set; one that ends with `=` is only the
// start of its word. The index is that of the setting.
bool take_setting(LineScanner& line, Names settings, std::uint32_t& seen, std::size_t& index) {
    Expected expected;
    for (index = 0; index < settings.size(); index++) {
        const std::string_view name = settings[index];
        const std::uint32_t bit = std::uint32_t{1} << index;
        if ((seen & bit) != 0) continue;
        const bool is_start = name.back() == '=' && line.word().substr(0, name.size()) == name;
        if (is_start) line.take_part(name.size());
        if (is_start || line.take_if(name)) {
            seen |= bit;
            return true;
        }
        expected.push_back(quoted(name));
    }
    expected.emplace_back("the end of the line");
    return line.fail(expected);
}

bool parse_area_range(LineScanner& line, const World& world, PageRange& range) {
    const std::string_view word = line.word();
    const Page first_free = world.areas.empty() ? Page{} : world.areas.back().range.end();
    if (!parse_value(line, range, {})) return false;
    if (range.empty()) return line.fail_on(word, {"an area of at least one page"});
    if (range.start < first_free) {
        return line.fail_on(word, {"an area behind the one before, from page " +
                                   std::to_string(first_free.value) + " on"});
    }
    if (range.end().value > world.pages.value) {
        return line.fail_on(word, {"an area inside of the world of " +
                                   std::to_string(world.pages.value) + " pages"});
    }
    return true;
}

bool parse_area_sharing(LineScanner& line, const World& world, InitialArea& area, Prot prot) {
    const std::string_view word = line.word();
    const File* const file = world.file(area.attributes.file);
    const bool read_only = file != nullptr && file->read_only;
    Sharing sharing = Sharing::is_private;
    if (!parse_value(line, sharing, {})) return false;
    if (sharing == Sharing::is_shared && file == nullptr) {
        line.fail_on(word, {"`private`"});
        line.explain(" (an initial area cannot be shared anonymous memory)");
        return false;
    }
    if (sharing == Sharing::droppable && !area.attributes.file.none()) {
        line.fail_on(word, {"`private`", "`shared`"});
        line.explain(" (the pages of a file are not droppable)");
        return false;
    }
    if (sharing == Sharing::is_shared && read_only && prot.flags.has(Flag::write)) {
        line.fail_on(word, {"`private`"});
        line.explain(" (a shared area of a file with mode=ro cannot be writable)");
        return false;
    }
    area.attributes.flags = initial_flags(prot, sharing, read_only);
    return true;
}

bool parse_area_flags(LineScanner& line, Attributes& at) {
    if (!parse_listed_flags(line, at.flags)) return false;
    if (at.flags.has(Flag::grows_down) && !can_be_stack(at)) {
        return line.fail_at(0, "`growsdown` is for private anonymous memory that is not droppable");
    }
    if (at.flags.has(Flag::locked) && !can_be_locked(at)) {
        return line.fail_at(0, "droppable memory is not `locked`");
    }
    return true;
}

// The userfaultfd, and what it waits for.
bool parse_uffd(LineScanner& line, Attributes& attributes) {
    Uffd uffd = Uffd::a;
    UffdMode mode = UffdMode::missing;
    if (!parse_value(line, uffd, {})) return false;
    if (!parse_value(line, mode, {})) return false;
    attributes.uffd = context_of(uffd);
    attributes.flags = attributes.flags | flags_of(mode);
    return true;
}

bool parse_pkey(LineScanner& line, const World& world, Attributes& attributes) {
    const std::string_view word = line.word();
    std::uint64_t pkey = 0;
    if (!parse_number(line, pkey, {"a protection key", 0, pkey_count - 1})) return false;
    if (!world.is_pkey_of(static_cast<unsigned>(pkey), attributes.flags)) {
        line.fail_on(word, {"a protection key of the program"});
        line.explain(" (`world pkeys=" + std::to_string(world.pkeys) + "`)");
        return false;
    }
    attributes.flags = attributes.flags | flags_of_pkey(static_cast<unsigned>(pkey));
    return true;
}

bool parse_area_settings(LineScanner& line, const World& world, InitialArea& area) {
    static constexpr std::array<std::string_view, 9> settings = {
        "flags=", "fault=", "forked", "pgoff=", "policy=", "home_node", "name=", "uffd=", "pkey=",
    };
    // As if seen: `forked` may only come after `fault=`, and `home_node` after `policy=`; the
    // offset in a file stands behind its name, and without protection keys no area has one.
    constexpr std::uint32_t forked_bit = 4;
    constexpr std::uint32_t pgoff_bit = 8;
    constexpr std::uint32_t home_node_bit = 32;
    constexpr std::uint32_t name_bit = 64;  // Anonymous memory has names and userfaultfds.
    constexpr std::uint32_t uffd_bit = 128;
    constexpr std::uint32_t pkey_bit = 256;
    Attributes& attributes = area.attributes;
    std::uint32_t seen =
        forked_bit | home_node_bit | (attributes.file.none() ? 0 : pgoff_bit | name_bit | uffd_bit);
    if (attributes.flags.has(Flag::droppable)) seen |= uffd_bit;
    if (world.pkeys == 0) seen |= pkey_bit;
    while (!line.at_end()) {
        std::size_t setting = 0;
        if (!take_setting(line, settings, seen, setting)) return false;
        if (setting == 0) {
            if (!parse_area_flags(line, attributes)) return false;
        } else if (setting == 1) {
            std::uint64_t fault = 0;
            const NumberLimits limits = {"a fault identity", 1, fault_number_max};
            if (!parse_number(line, fault, limits)) return false;
            attributes.fault.value = static_cast<std::uint32_t>(fault);
            seen &= ~forked_bit;
        } else if (setting == 2) {
            attributes.forked = true;
        } else if (setting == 3) {
            const NumberLimits limits = {"an offset in pages", 0, page_number_max - 1};
            if (!parse_number(line, attributes.pgoff, limits)) return false;
        } else if (setting == 4) {
            if (!parse_value(line, attributes.policy, {})) return false;
            if (has_home_node(attributes.policy)) seen &= ~home_node_bit;
        } else if (setting == 5) {
            attributes.home_node = true;
        } else if (setting == 6) {
            if (!parse_value(line, attributes.name, {})) return false;
        } else if (setting == 7) {
            if (!parse_uffd(line, attributes)) return false;
        } else if (!parse_pkey(line, world, attributes)) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool parse_world(LineScanner& line, World& world) {
    static constexpr std::array<std::string_view, 10> settings = {
        "pages=",   "profile=", "max_map_count=", "memory_merge", "heap=", "pkeys=",
        "memlock=", "as=",      "data=",          "stack="};
    constexpr std::size_t limits_first = 6;  // In the order of `world_limits`.
    std::uint32_t seen = 0;
    while (!line.at_end()) {
        std::size_t setting = 0;
        if (!take_setting(line, settings, seen, setting)) return false;
        if (setting == 0) {
            const NumberLimits limits = {"a number of pages", 1, page_number_max};
            if (!parse_number(line, world.pages.value, limits)) return false;
        } else if (setting == 1) {
            if (!parse_profile(line, world.profile)) return false;
        } else if (setting == 2) {
            std::uint64_t count = 0;
            const NumberLimits limits = {"a number of areas", 0, UINT32_MAX};
            if (!parse_number(line, count, limits)) return false;
            world.max_map_count = static_cast<std::uint32_t>(count);
        } else if (setting == 3) {
            world.memory_merge = true;
        } else if (setting == 4) {
            const NumberLimits limits = {"a page", 0, page_number_max};
            if (!parse_number(line, world.heap.value, limits)) return false;
        } else if (setting == 5) {
            std::uint64_t count = 0;
            const NumberLimits limits = {"a number of protection keys", 0, pkey_count};
            if (!parse_number(line, count, limits)) return false;
            world.pkeys = static_cast<unsigned>(count);
        } else {
            const NumberLimits limits = {"a number of pages", 0, page_number_max};
            const WorldLimit& limit = world_limits[setting - limits_first];
            if (!parse_number(line, world.*limit.member, limits)) return false;
        }
    }
    if (world.heap.value <= world.pages.value) return true;
    return line.fail_at(0, "the heap starts inside of the world");
}

bool parse_file(LineScanner& line, World& world, FileNames& files) {
    static constexpr std::array<std::string_view, 3> settings = {"driver=", "pages=", "mode=ro"};
    std::vector<File>& declared = world.files;
    if (!check_count(line, declared.size(), world_files_max, "files")) return false;
    File file;
    if (!parse_new_file_name(line, file.name, files)) return false;
    std::uint32_t seen = 0;
    while (!line.at_end()) {
        std::size_t setting = 0;
        if (!take_setting(line, settings, seen, setting)) return false;
        if (setting == 0) {
            if (!parse_driver(line, file.driver)) return false;
        } else if (setting == 1) {
            const NumberLimits limits = {"a number of pages", 0, page_number_max - 1};
            if (!parse_number(line, file.pages.value, limits)) return false;
        } else {
            file.read_only = true;
        }
    }
    const bool has_driver = (seen & 1U) != 0;
    if (!has_driver) return line.fail({"`driver=`"});
    declared.push_back(file);
    files.emplace(file.name, FileId{static_cast<std::uint32_t>(declared.size())});
    return true;
}

bool parse_area(LineScanner& line, World& world, const FileNames& files, ForkedFaults& faults) {
    std::vector<InitialArea>& areas = world.areas;
    if (!check_count(line, areas.size(), initial_areas_max, "initial areas")) return false;
    InitialArea area;
    Prot prot;
    Backing backing;
    if (!parse_area_range(line, world, area.range)) return false;
    if (!parse_value(line, prot, files)) return false;
    if (!parse_value(line, backing, files)) return false;
    area.attributes.file = backing.file;
    area.attributes.pgoff = backing.file.none() ? area.range.start.value : backing.offset;
    if (!parse_area_sharing(line, world, area, prot)) return false;
    if (!parse_area_settings(line, world, area)) return false;
    const Attributes& at = area.attributes;
    const auto [known, is_new] = faults.emplace(at.fault.value, at.forked);
    if (!is_new && known->second != at.forked) {
        return line.fail_at(0, "areas with the same fault identity are all `forked`, or none is");
    }
    areas.push_back(area);
    return true;
}

}  // namespace vmacheck::text
