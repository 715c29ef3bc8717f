// The world of a program: its size, its rules, its limits, and the files that can be mapped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/attributes.h"
#include "model/page.h"
#include "model/pkey.h"
#include "model/profile.h"

namespace vmacheck {

// How a file behaves when it is mapped. vmacheck plays the driver for every target.
struct Driver {
    bool mmap = false;          // Has file_operations.mmap: called with the new area.
    bool mmap_prepare = false;  // Has file_operations.mmap_prepare: called before any merge.
    bool close = false;         // Its areas have vm_ops->open and vm_ops->close.
    // What its hook sets in the flags of each new area.
    bool io = false;
    bool pfnmap = false;
    bool mixedmap = false;
    bool dont_expand = false;
    bool may_split = false;  // Its areas have vm_ops->may_split, which may refuse to have them cut.
    bool dont_dump = false;  // Its hook sets VM_DONTDUMP, which takes part in merging.
    // Its hook puts another file in the place of this one, as file systems on top of others do:
    // World::file_after_hook(). Who opens and closes the area, and may refuse to have it cut, is
    // that file's driver from then on.
    bool set_file = false;
    bool set_pgoff =
        false;  // Its hook makes the area start at page 0 of the file, whatever was asked.
    friend constexpr bool operator==(Driver, Driver) = default;
};

// All but the hooks of which a file has one.
inline constexpr std::array<bool Driver::*, 9> optional_driver_members = {
    &Driver::close,     &Driver::io,          &Driver::pfnmap,
    &Driver::mixedmap,  &Driver::dont_expand, &Driver::may_split,
    &Driver::dont_dump, &Driver::set_file,    &Driver::set_pgoff};

// Those of `special_flags` that all areas of a driver have.
constexpr Flags flags_of_driver(const Driver& driver) {
    Flags flags;
    if (driver.io) flags = flags | Flag::io;
    if (driver.pfnmap) flags = flags | Flag::pfnmap;
    if (driver.mixedmap) flags = flags | Flag::mixedmap;
    if (driver.dont_expand) flags = flags | Flag::dont_expand;
    return flags;
}

// All that its hook sets in the flags of a new area.
constexpr Flags hook_flags(const Driver& driver) {
    return flags_of_driver(driver) | (driver.dont_dump ? Flags(Flag::dont_dump) : Flags{});
}

// The driver of an ordinary file: it has one hook, the newest one that there is.
constexpr Driver usual_driver(const Profile& profile) {
    Driver driver;
    driver.mmap = !profile.prepare_hooks;
    driver.mmap_prepare = profile.prepare_hooks;
    return driver;
}

struct File {
    std::string name;
    Driver driver;
    PageCount pages{};       // Its size. An access behind its end fails with EFAULT.
    bool read_only = false;  // Opened without FMODE_WRITE.
    friend bool operator==(const File&, const File&) = default;
};

// An area that is there before the first step, as in a world that starts from a snapshot.
struct InitialArea {
    PageRange range;
    // `pgoff` is that of its first page; `fault` numbers are the program's. It has the flags of its
    // file's driver besides, and if there are any it is not locked.
    Attributes attributes;
    friend bool operator==(const InitialArea&, const InitialArea&) = default;
};

inline constexpr PageCount world_pages_default{64};
inline constexpr std::uint32_t max_map_count_default = 65530;  // vm.max_map_count of Linux.
inline constexpr std::uint64_t no_limit = UINT64_MAX;
inline constexpr std::size_t world_files_max = 4096;
inline constexpr int space_count_max = 4;         // Address spaces of a program; fork makes them.
inline constexpr PageCount stack_guard_gap{256};  // The boot parameter of that name.

struct World {
    PageCount pages = world_pages_default;
    const Profile* profile = &linux_6_18_profile;
    std::uint32_t max_map_count = max_map_count_default;
    std::uint64_t memlock = no_limit;  // RLIMIT_MEMLOCK in pages, of a user without CAP_IPC_LOCK.
    std::uint64_t address_space = no_limit;  // RLIMIT_AS in pages.
    std::uint64_t data = no_limit;           // RLIMIT_DATA in pages.
    std::uint64_t stack = no_limit;          // RLIMIT_STACK in pages.
    Page heap;                               // Where the heap starts (mm->start_brk).
    // Of the protection keys of the processor, those that the program has allocated, the default
    // key 0 among them; the next one is the kernel's. 0: the processor has none.
    unsigned pkeys = 0;
    bool memory_merge =
        false;  // PR_SET_MEMORY_MERGE is on: new private areas become mergeable (KSM).
    std::vector<File> files;
    std::vector<InitialArea> areas;

    // Null for 0 and for the objects of shared anonymous mappings.
    [[nodiscard]] const File* file(FileId id) const {
        return id.value == 0 || id.value > files.size() ? nullptr : &files[id.value - 1];
    }
    [[nodiscard]] bool has_close_hook(FileId id) const {
        const File* const found = file(id);
        return found != nullptr && found->driver.close && profile->close_hooks;
    }
    [[nodiscard]] bool may_refuse_split(FileId id) const {
        const File* const found = file(id);
        return found != nullptr && found->driver.may_split;
    }
    // What an area is of when the hook of this file has been called: the next file of the world,
    // and the first one for the last, if the hook sets it (vma_set_file()).
    [[nodiscard]] FileId file_after_hook(FileId id) const {
        const File* const found = file(id);
        if (found == nullptr || !found->driver.set_file) return id;
        return FileId{static_cast<std::uint32_t>(id.value % files.size() + 1)};
    }
    // Whether the rules say what becomes of a mapping of this file; if not, mmap declines it. They
    // say nothing
    // - about a hook that the kernel does not have;
    // - where mmap_prepare sets a file that has the hook mmap: 7.3.4 calls that one as well, and
    //   puts the file twice if it fails (__mmap_new_file_vma(), __mmap_region() in mm/vma.c);
    // - where the hook mmap sets offset and flags, and what merges then is an existing range: no
    //   source of such a kernel was at hand.
    [[nodiscard]] bool knows_hooks(FileId id) const {
        const File* const found = file(id);
        if (found == nullptr) return true;
        const Driver& driver = found->driver;
        if (driver.close && !profile->close_hooks) return false;
        if (driver.mmap_prepare) {
            const FileId set = file_after_hook(id);
            return profile->prepare_hooks && (set == id || !file(set)->driver.mmap);
        }
        const bool merges_again =
            profile->second_merge && profile->second_merge_of == SecondMerge::existing_range;
        return !(merges_again && driver.set_pgoff && driver.dont_dump);
    }
    [[nodiscard]] Flags driver_flags(FileId id) const {
        const File* const found = file(id);
        return found == nullptr ? Flags{} : flags_of_driver(found->driver);
    }
    // The key of memory that can be executed only, which keeps it from being read
    // (execute_only_pkey() in arch/x86/mm/pkeys.c); 0 if all keys are taken, or there are none.
    [[nodiscard]] unsigned execute_only_pkey() const { return pkeys < pkey_count ? pkeys : 0; }
    // Whether an area can have this key.
    [[nodiscard]] bool is_pkey_of(unsigned pkey, Flags area) const {
        const bool execute_only = (area & access_flags) == Flags(Flag::exec);
        return pkey == 0 || pkey < pkeys || (execute_only && pkey == execute_only_pkey());
    }
    // The attributes that an initial area really has.
    [[nodiscard]] Attributes complete(Attributes initial) const {
        const Flags special = driver_flags(initial.file);
        if (!special.empty()) initial.flags = initial.flags.without(locked_flags) | special;
        return initial;
    }
    friend bool operator==(const World&, const World&) = default;
};

// The limits in pages, by the words of a text.
struct WorldLimit {
    std::string_view name;
    std::uint64_t World::*member;
};
inline constexpr std::array<WorldLimit, 4> world_limits = {{
    {"memlock", &World::memlock},
    {"as", &World::address_space},
    {"data", &World::data},
    {"stack", &World::stack},
}};

}  // namespace vmacheck
