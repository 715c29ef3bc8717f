// Profiles: which rules hold, as data. No code anywhere asks for a kernel version by name.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace vmacheck {

struct Profile {
    std::string_view name;

    // Areas are exactly the maximal runs of compatible pages, whatever happened before. Off: a
    // boundary is history, and only the ends of a really changed piece are looked at again, as
    // vma_modify() and vma_merge_new_range() do (mm/vma.c).
    bool maximal;

    // A failed operation changes nothing at all. Off: what Linux leaves behind stays (splits, the
    // areas before the one that failed, the gap under a failed MAP_FIXED).
    bool atomic;

    // A write fault gives an area an identity (vma->anon_vma) that takes part in merging.
    bool fault_identity;

    // vm.max_map_count is enforced.
    bool count_limit;

    // Files may have a close hook, which keeps their areas from being merged away. Off: mapping
    // such a file is declined.
    bool close_hooks;
};

// The ideal that most systems promise: compatibility is an equivalence, and only it decides.
inline constexpr Profile canonical_profile{"canonical", true, true, false, false, false};

// Linux 6.18.44.
inline constexpr Profile linux_6_18_profile{"linux-6.18", false, false, true, true, true};

inline constexpr std::array<const Profile*, 2> all_profiles = {&canonical_profile,
                                                               &linux_6_18_profile};

constexpr const Profile* find_profile(std::string_view name) {
    for (const Profile* profile : all_profiles) {
        if (profile->name == name) return profile;
    }
    return nullptr;
}

}  // namespace vmacheck
