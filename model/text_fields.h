// What printing and parsing have to agree on: the words of each field type, the characters of a
// name, and the flags that an initial area has without saying so. The binary form writes the same
// programs and counts the same words. Only model/text_*.cpp and model/binary*.cpp include this.
//
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "model/program.h"

namespace vmacheck::text {

// A hook that a driver may have, or what its hook does to the area. `none` stands for a driver
// without any.
struct DriverWord {
    std::string_view name;
    bool Driver::*member;
};
inline constexpr std::array<DriverWord, 11> driver_words = {{
    {"mmap", &Driver::mmap},
    {"mmap_prepare", &Driver::mmap_prepare},
    {"close", &Driver::close},
    {"io", &Driver::io},
    {"pfnmap", &Driver::pfnmap},
    {"mixedmap", &Driver::mixedmap},
    {"dontexpand", &Driver::dont_expand},
    {"may_split", &Driver::may_split},
    {"dontdump", &Driver::dont_dump},
    {"set_file", &Driver::set_file},
    {"set_pgoff", &Driver::set_pgoff},
}};
inline constexpr std::string_view driver_none = "none";
inline constexpr std::string_view driver_plain = "plain";  // Read as mmap_prepare, never printed.

// What the name of a file is made of.
constexpr bool is_name_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '.' ||
           character == '-';
}

// The flags that `flags=` may list; append only. Protection, sharing and `uffd=` say the others.
inline constexpr std::array<Flag, 14> listed_flags = {
    Flag::account,      Flag::noreserve,     Flag::seq_read,  Flag::rand_read,  Flag::dont_copy,
    Flag::wipe_on_fork, Flag::dont_dump,     Flag::mergeable, Flag::huge_page,  Flag::no_huge_page,
    Flag::locked,       Flag::lock_on_fault, Flag::sealed,    Flag::grows_down,
};
inline constexpr auto listed_flag_words = [] {
    std::array<std::string_view, listed_flags.size()> words;
    for (std::size_t i = 0; i < words.size(); i++) {
        words[i] = flag_names[static_cast<std::size_t>(listed_flags[i])];
    }
    return words;
}();
inline constexpr Names listed_flag_names = listed_flag_words;

constexpr Flags listed_flag(std::size_t index) {
    return listed_flags[index];
}

// What cannot be together in an initial area: only anonymous memory is a stack, and what may be
// thrown away is not locked.
constexpr bool can_be_stack(const Attributes& at) {
    return at.file.none() && !at.flags.has(Flag::droppable);
}
constexpr bool can_be_locked(const Attributes& at) {
    return !at.flags.has(Flag::droppable);
}

// The flags that mmap gives to an area. A shared mapping of a read-only file lacks VM_SHARED and
// VM_MAYWRITE, yet keeps VM_MAYSHARE (do_mmap() in mm/mmap.c).
constexpr Flags initial_flags(Prot prot, Sharing sharing, bool read_only) {
    const Flags flags = prot.flags | may_access_flags;
    if (sharing == Sharing::is_private) return flags;
    if (sharing == Sharing::droppable) return flags | Flag::droppable;
    if (read_only) return (flags | Flag::may_share).without(Flag::may_write);
    return flags | Flag::may_share | Flag::shared;
}

}  // namespace vmacheck::text
