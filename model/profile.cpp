// The switches of profiles, and the profiles that are not in the list; see the header.
#include "model/profile.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "model/check_macro.h"

namespace vmacheck {
namespace {

template <auto member>
consteval ProfileSwitch switch_for(std::string_view name, std::array<std::string_view, 2> values,
                                   std::string_view says) {
    using Value = std::remove_reference_t<decltype(std::declval<Profile&>().*member)>;
    return {
        name, values, says,
        [](const Profile& profile) { return static_cast<std::size_t>(profile.*member); },
        [](Profile& profile, std::size_t value) { profile.*member = static_cast<Value>(value); }};
}

constexpr std::array<std::string_view, 2> off_on = {"off", "on"};

// Append only; see the header.
constexpr std::array profile_switch_table = {
    switch_for<&Profile::maximal>(
        "maximal", off_on, "areas are the maximal runs of compatible pages, whatever happened"),
    switch_for<&Profile::atomic>("atomic", off_on, "what fails changes nothing"),
    switch_for<&Profile::fault_identity>("fault_identity", off_on,
                                         "write faults give areas identities that keep them apart"),
    switch_for<&Profile::count_limit>("count_limit", off_on, "max_map_count is enforced"),
    switch_for<&Profile::close_hooks>("close_hooks", off_on,
                                      "files may have a close hook, which keeps areas from going"),
    switch_for<&Profile::fault_rule>(
        "fault_rule", {"unforked", "singular_neighbour"},
        "a faulted range never joins a neighbour that has no identity"),
    switch_for<&Profile::prepare_hooks>("prepare_hooks", off_on,
                                        "files may have an mmap_prepare hook"),
    switch_for<&Profile::ksm_flag>("ksm_flag", {"early", "late"},
                                   "memory_merge sets its flag after the merge was tried"),
    switch_for<&Profile::mremap_order>(
        "mremap_order", {"checked_first", "emptied_first"},
        "mremap unmaps its new place before it asks whether the area may go there"),
    switch_for<&Profile::uffd_unregister>("uffd_unregister", {"owner", "anybody"},
                                          "what one userfaultfd watches another may unregister"),
    switch_for<&Profile::uffd_wp>("uffd_wp", {"may_go", "stays"},
                                  "EBUSY where registering again would take write protection away"),
    switch_for<&Profile::stack_charge>("stack_charge", {"accounted", "all"},
                                       "what stacks without VM_ACCOUNT grow by is never uncharged"),
    switch_for<&Profile::replaced_charge>(
        "replaced_charge", {"returned", "kept"},
        "a failed mmap never uncharges the pages that it replaced"),
    switch_for<&Profile::prepare_charge>("prepare_charge", {"returned", "kept"},
                                         "what mmap_prepare refuses is never uncharged"),
    switch_for<&Profile::guard_regions>("guard_regions", off_on,
                                        "madvise knows guard_install and guard_remove"),
    switch_for<&Profile::guard_flag>(
        "guard_flag", off_on,
        "areas with guards have a sticky flag; off: a fault identity instead"),
    switch_for<&Profile::multi_move>("multi_move", off_on, "mremap moves several areas at once"),
    switch_for<&Profile::dontunmap>(
        "dontunmap", {"whole_area", "range"},
        "dontunmap unlocks what has moved and no more, and resets the offset of what it leaves"),
    switch_for<&Profile::mremap_count>(
        "mremap_count", {"late", "early"},
        "every mremap asks first whether there may be four areas more"),
    switch_for<&Profile::uffd_copy>(
        "uffd_copy", {"merges", "alone"},
        "what a userfaultfd watched merges with nothing where it moves"),
    switch_for<&Profile::dofork>("dofork", {"io", "special"},
                                 "dofork refuses all that a driver marked, and not only io"),
    switch_for<&Profile::source_charge>(
        "source_charge", {"returned", "kept"},
        "the area of an old place that mremap cannot unmap is charged for good"),
    switch_for<&Profile::move_charge>(
        "move_charge", {"returned", "kept"},
        "pages that a failed mremap would have added are never uncharged"),
    switch_for<&Profile::tail_charge>(
        "tail_charge", {"returned", "kept"},
        "mremap to a named place charges for the tail that it cuts off"),
    switch_for<&Profile::second_merge>("second_merge", off_on,
                                       "mmap tries to merge again if an mmap hook changed flags"),
    switch_for<&Profile::second_merge_of>(
        "second_merge_of", {"existing", "new"},
        "it does so before the area is there, and only if another lies before it"),
    switch_for<&Profile::set_file>(
        "set_file", {"dropped", "kept"},
        "the file that mmap_prepare sets is never let go if the range merges"),
};
static_assert(profile_switch_table.size() <= profile_switches_max);

constexpr std::array<KnownDefect, 8> known_defect_table = {{
    {"stack_charge", 1, "the charge of a stack's growth stays when the stack has gone",
     "stack_growth_is_charged_for_good"},
    {"replaced_charge", 1, "the charge of replaced pages stays when mmap fails",
     "failed_mmap_keeps_the_charge_that_it_took_over"},
    {"prepare_charge", 1, "the charge of a mapping stays when mmap_prepare refuses it",
     "refused_mmap_prepare_keeps_the_charge"},
    {"dontunmap", 0, "dontunmap unlocks more than it moves, and locked_vm keeps that",
     "mremap_dontunmap_unlocks_more_than_moves"},
    {"source_charge", 1, "the charge of an area that mremap cannot unmap stays when it has gone",
     "unwind/mremap_old_place_cannot_be_cut"},
    {"move_charge", 1, "the charge of added pages stays when mremap cannot move page tables",
     "unwind/failed_move_keeps_the_charge_of_what_it_added"},
    {"tail_charge", 1, "mremap to a named place charges for the tail that it cuts off",
     "mremap_tail_is_charged_again"},
    {"set_file", 1, "a reference to the file that mmap_prepare set stays when the range merged",
     "file_set_by_mmap_prepare_is_never_let_go"},
}};

const ProfileSwitch& switch_of(const KnownDefect& defect) {
    const auto* const found =
        std::find_if(profile_switch_table.begin(), profile_switch_table.end(),
                     [&](const ProfileSwitch& each) { return each.name == defect.name; });
    CHECK(found != profile_switch_table.end());
    return *found;
}

// The profiles that are not in the list, by what they are based on and where they differ from it.
struct OtherProfiles {
    struct Entry {
        std::string name;
        Profile profile;
    };
    std::mutex mutex;
    std::map<std::pair<const Profile*, SwitchMask>, Entry> entries;
};

OtherProfiles& other_profiles() {
    static OtherProfiles only;
    return only;
}

SwitchMask difference(const Profile& one, const Profile& other) {
    SwitchMask mask = 0;
    for (std::size_t at = 0; at < profile_switch_table.size(); ++at) {
        const ProfileSwitch& each = profile_switch_table[at];
        if (each.value(one) != each.value(other)) mask |= static_cast<SwitchMask>(1U << at);
    }
    return mask;
}

std::string name_of_other(const Profile& base, const Profile& wanted, SwitchMask mask) {
    std::string name(base.name);
    for (std::size_t at = 0; at < profile_switch_table.size(); ++at) {
        if ((mask >> at & 1U) == 0) continue;
        const ProfileSwitch& each = profile_switch_table[at];
        name += ',';
        name += each.name;
        name += ':';
        name += each.values[each.value(wanted)];
    }
    return name;
}

}  // namespace

std::span<const ProfileSwitch> profile_switches() {
    return profile_switch_table;
}

const Profile& base_of(const Profile& profile) {
    const Profile* const base = find_listed_profile(profile.name.substr(0, profile.name.find(',')));
    CHECK(base != nullptr);
    return *base;
}

SwitchMask switches_of(const Profile& profile) {
    return difference(profile, base_of(profile));
}

std::string_view contradiction_in(const Profile& profile) {
    if (profile.maximal != profile.atomic) {
        return "`maximal` and `atomic` are both on or both off";
    }
    if (!profile.maximal) return "";
    if (profile.fault_identity) return "`maximal` is without `fault_identity`";
    if (profile.count_limit) return "`maximal` is without `count_limit`";
    if (profile.close_hooks) return "`maximal` is without `close_hooks`";
    if (profile.ksm_flag != KsmFlag::early) return "`maximal` is with `ksm_flag:early`";
    return "";
}

const Profile& profile_like(const Profile& base, const Profile& wanted) {
    const Profile* const listed = find_listed_profile(base.name);
    CHECK(listed == &base);
    CHECK(contradiction_in(wanted).empty());
    const SwitchMask mask = difference(base, wanted);
    if (mask == 0) return *listed;
    OtherProfiles& others = other_profiles();
    const std::scoped_lock lock(others.mutex);
    const auto [found, is_new] = others.entries.try_emplace({&base, mask});
    OtherProfiles::Entry& entry = found->second;
    if (is_new) {
        entry.name = name_of_other(base, wanted, mask);
        entry.profile = wanted;
        entry.profile.name = entry.name;
        entry.profile.source = base.source;
    }
    return entry.profile;
}

const Profile* profile_with(const Profile& base, SwitchMask turned) {
    if (turned >> profile_switch_table.size() != 0) return nullptr;
    Profile wanted = base;
    for (std::size_t at = 0; at < profile_switch_table.size(); ++at) {
        const ProfileSwitch& each = profile_switch_table[at];
        if ((turned >> at & 1U) != 0) each.set(wanted, 1 - each.value(base));
    }
    return contradiction_in(wanted).empty() ? &profile_like(base, wanted) : nullptr;
}

std::span<const KnownDefect> known_defects() {
    return known_defect_table;
}

bool has_defect(const Profile& profile, const KnownDefect& defect) {
    return switch_of(defect).value(profile) == defect.wrong;
}

const Profile& without_defects(const Profile& profile) {
    Profile wanted = profile;
    for (const KnownDefect& defect : known_defect_table) {
        switch_of(defect).set(wanted, 1 - defect.wrong);
    }
    return profile_like(base_of(profile), wanted);
}

}  // namespace vmacheck
