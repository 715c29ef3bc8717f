// The flags of an area: the kernel's VM_* bits that the operations of this project set or read.
//
// The numbers are ours (a target that has other numbers translates); the meanings are those of
// include/linux/mm.h. All but `sticky_flags` take part in the comparison that decides a merge.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vmacheck {

enum class Flag : std::uint8_t {
    read,
    write,
    exec,
    may_read,
    may_write,
    may_exec,
    shared,  // VM_SHARED: writes reach the file. Cleared on a shared mapping of a read-only file.
    may_share,  // VM_MAYSHARE: the mapping was asked for as shared.
    account,    // VM_ACCOUNT: its pages are charged to the commit limit. A matter of history.
    noreserve,
    seq_read,
    rand_read,
    dont_copy,
    wipe_on_fork,
    dont_dump,
    mergeable,  // VM_MERGEABLE: pages may be deduplicated by KSM. Not about the merging of areas.
    huge_page,
    no_huge_page,
    locked,         // VM_LOCKED: counted in locked_vm.
    lock_on_fault,  // VM_LOCKONFAULT: locked, but not populated.
    sealed,         // VM_SEALED: may not be unmapped, replaced or protected.
    uffd_missing,   // VM_UFFD_MISSING: a userfaultfd answers faults on pages that are not there.
    uffd_wp,        // VM_UFFD_WP: it answers writes to pages that it protected.
    grows_down,     // VM_GROWSDOWN: a stack, which grows down to what is used below it.
    droppable,      // VM_DROPPABLE: its pages may be thrown away.
    maybe_guard,    // VM_MAYBE_GUARD: pages of the area may be guards, or have been.
    io,             // VM_IO: registers of a device, or what is like them.
    pfnmap,         // VM_PFNMAP: page frames of which the kernel knows no more than the number.
    mixedmap,       // VM_MIXEDMAP: both such frames and ordinary pages.
    dont_expand,    // VM_DONTEXPAND: mremap may not make it larger.
    pkey_bit0,      // VM_PKEY_BIT0 and the three behind it: the protection key.
    pkey_bit1,
    pkey_bit2,
    pkey_bit3,
};
inline constexpr int flag_count = 34;

inline constexpr std::array<std::string_view, flag_count> flag_names = {
    "read",      "write",       "exec",      "may_read",     "may_write", "may_exec",
    "shared",    "may_share",   "account",   "noreserve",    "seq_read",  "rand_read",
    "dontcopy",  "wipeonfork",  "dontdump",  "mergeable",    "hugepage",  "nohugepage",
    "locked",    "lockonfault", "sealed",    "uffd_missing", "uffd_wp",   "growsdown",
    "droppable", "maybe_guard", "io",        "pfnmap",       "mixedmap",  "dontexpand",
    "pkey_bit0", "pkey_bit1",   "pkey_bit2", "pkey_bit3",
};

// A set of flags.
struct Flags {
    std::uint64_t bits = 0;

    constexpr Flags() = default;
    constexpr Flags(Flag flag) : bits(std::uint64_t{1} << static_cast<unsigned>(flag)) {}

    [[nodiscard]] constexpr bool has(Flags other) const {
        return (bits & other.bits) == other.bits;
    }
    [[nodiscard]] constexpr bool has_any(Flags other) const { return (bits & other.bits) != 0; }
    [[nodiscard]] constexpr Flags without(Flags other) const { return of(bits & ~other.bits); }
    [[nodiscard]] constexpr bool empty() const { return bits == 0; }

    static constexpr Flags of(std::uint64_t bits) {
        Flags flags;
        flags.bits = bits;
        return flags;
    }
    friend constexpr Flags operator|(Flags x, Flags y) { return of(x.bits | y.bits); }
    friend constexpr Flags operator&(Flags x, Flags y) { return of(x.bits & y.bits); }
    friend constexpr Flags operator^(Flags x, Flags y) { return of(x.bits ^ y.bits); }
    friend constexpr bool operator==(Flags, Flags) = default;
};
constexpr Flags operator|(Flag x, Flag y) {
    return Flags(x) | Flags(y);
}

inline constexpr Flags read_write_flags = Flag::read | Flag::write;
inline constexpr Flags access_flags = read_write_flags | Flag::exec;
inline constexpr Flags locked_flags = Flag::locked | Flag::lock_on_fault;
inline constexpr Flags uffd_flags = Flag::uffd_missing | Flag::uffd_wp;
// What neighbours may differ in and merge all the same, and what their area has then if one of them
// had it (VM_STICKY).
inline constexpr Flags sticky_flags = Flag::maybe_guard;
// What a driver marks its areas with (VM_SPECIAL): they never merge.
inline constexpr Flags special_flags = Flag::io | Flag::pfnmap | Flag::mixedmap | Flag::dont_expand;
inline constexpr Flags pkey_flags =
    Flag::pkey_bit0 | Flag::pkey_bit1 | Flag::pkey_bit2 | Flag::pkey_bit3;
inline constexpr Flags may_access_flags = Flag::may_read | Flag::may_write | Flag::may_exec;

// What mprotect and mmap ask for; its bits are those of `access_flags`.
struct Prot {
    Flags flags;
    friend constexpr bool operator==(Prot, Prot) = default;
};

// The MAY bits that a protection needs (VM_MAYREAD is VM_READ << 4 in the kernel; << 3 here).
constexpr Flags needed_may_flags(Prot prot) {
    return Flags::of(prot.flags.bits << 3);
}
static_assert(needed_may_flags({Flag::read}) == Flags(Flag::may_read));
static_assert(needed_may_flags({Flag::exec}) == Flags(Flag::may_exec));

}  // namespace vmacheck
