// Protection keys (x86, pkeys(7)): the processor lets a thread say, key by key, what it may access.
//
// Here every key that a program has permits everything, as pkey_alloc(0, 0) leaves it. What is
// execute-only has a key of the kernel's, if one was free, and that permits nobody to read it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/flags.h"

namespace vmacheck {

inline constexpr unsigned pkey_count = 16;

// The key of an area (vma_pkey()), and the flags that say it. 0 is the default key.
constexpr unsigned pkey_of(Flags flags) {
    return static_cast<unsigned>((flags & pkey_flags).bits >> static_cast<int>(Flag::pkey_bit0));
}
constexpr Flags flags_of_pkey(unsigned pkey) {
    return Flags::of(std::uint64_t{pkey} << static_cast<int>(Flag::pkey_bit0));
}
static_assert(flags_of_pkey(pkey_count - 1) == pkey_flags);

// The key that pkey_mprotect gives. mprotect, and key -1, `keep` the one that is there.
enum class Pkey : std::uint8_t {
    keep,
    key0,
    key1,
    key2,
    key3,
    key4,
    key5,
    key6,
    key7,
    key8,
    key9,
    key10,
    key11,
    key12,
    key13,
    key14,
    key15,
};
inline constexpr std::array<std::string_view, 1 + pkey_count> pkey_names = {
    "",      "pkey0", "pkey1",  "pkey2",  "pkey3",  "pkey4",  "pkey5",  "pkey6",  "pkey7",
    "pkey8", "pkey9", "pkey10", "pkey11", "pkey12", "pkey13", "pkey14", "pkey15",
};

constexpr Pkey pkey_named(unsigned pkey) {
    return static_cast<Pkey>(pkey + 1);
}
// Not of `keep`.
constexpr unsigned number_of(Pkey pkey) {
    return static_cast<unsigned>(pkey) - 1;
}

}  // namespace vmacheck
