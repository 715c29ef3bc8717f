// Draws what a program is made of; see the header.
#include "search/generate.h"

#include <algorithm>

#include "model/advices.h"

namespace vmacheck {
namespace {

// One to three protections, and mostly rw- with them: memory that can be written is what most rules
// are about.
void draw_prots(Source& source, const std::vector<Prot>& from, std::vector<Prot>& some) {
    some.clear();
    for (std::uint64_t wanted = 1 + source.below(3); wanted > 0; --wanted) {
        some.push_back(from[source.below(from.size())]);
    }
    if (!source.one_in(4)) some.push_back({read_write_flags});
}

// The advice that takes back what `advice` did, so that seams come and go.
Advice opposite(Advice advice) {
    for (const AdviceOfFlag& row : advices_of_flags) {
        if (advice == row.sets) return row.clears;
    }
    for (const AdviceOfFlag& row : advices_of_flags) {
        if (advice == row.clears) return row.sets;
    }
    return advice;
}

// One or two advices, each with its opposite.
void draw_advices(Source& source, const std::vector<Advice>& from, std::vector<Advice>& some) {
    some.clear();
    for (std::uint64_t wanted = 1 + source.below(2); wanted > 0; --wanted) {
        const Advice advice = from[source.below(from.size())];
        some.push_back(advice);
        some.push_back(opposite(advice));
    }
}

// Of the advices about pages: guards, whose flag comes to stay, so that in few steps many
// neighbours differ in it; or others, which have little more than their errors.
void draw_page_advices(Source& source, const Profile& profile, std::vector<Advice>& some) {
    const std::uint64_t kind = source.below(8);
    if (kind < (profile.guard_regions ? 2U : 1U)) {
        some.push_back(Advice::guard_install);
        some.push_back(Advice::guard_remove);
    } else if (kind == 2) {
        constexpr auto first = static_cast<std::uint64_t>(Advice::willneed);
        for (int wanted = 2; wanted > 0; --wanted) {
            const std::uint64_t skipped = source.below(advice_names.size() - first);
            some.push_back(static_cast<Advice>(first + skipped));
        }
    }
}

// Everything about a file is drawn by itself, so that each meets each. Most files are ordinary
// ones: one hook that the profile knows, opened for writing, larger than what is mapped of it.
File draw_file(Source& source, char name, const World& world) {
    const std::uint64_t world_pages = world.pages.value;
    File file{std::string(1, name), {}, PageCount{2 * world_pages}, source.one_in(4)};
    const std::uint64_t hooks = source.below(16);
    const std::uint64_t prepares = world.profile->prepare_hooks ? 8 : 1;
    file.driver.mmap_prepare = hooks < prepares || hooks == 14;
    file.driver.mmap = hooks >= prepares && hooks != 15;
    file.driver.dont_dump = hooks % 4 == 1;
    file.driver.set_file = hooks % 8 == 2 || hooks % 8 == 5;
    file.driver.set_pgoff = hooks % 8 == 3;
    file.driver.close = source.one_in(4);
    file.driver.may_split = source.one_in(4);
    if (source.one_in(8)) {
        const auto member = optional_driver_members[source.below(optional_driver_members.size())];
        file.driver.*member = true;
    }
    if (source.one_in(4)) file.pages.value = source.below(world_pages);
    return file;
}

// A key of the program's, or that of execute-only memory.
void give_pkey(Source& source, const World& world, Attributes& at) {
    unsigned pkey = static_cast<unsigned>(source.below(world.pkeys));
    if (source.one_in(4)) {
        at.flags = at.flags.without(access_flags) | Flag::exec;
        pkey = world.execute_only_pkey();
    }
    at.flags = at.flags | flags_of_pkey(pkey);
}

// A few areas that are there from the start, as in a snapshot of a process.
void draw_areas(Source& source, World& world) {
    std::uint64_t page = 0;
    for (std::uint64_t wanted = 1 + source.below(4); wanted > 0; --wanted) {
        page += source.below(3);
        InitialArea area{{Page{page}, PageCount{1 + source.below(4)}}, {}};
        page = area.range.end().value;
        if (page > world.pages.value) return;
        Attributes& at = area.attributes;
        at.flags = may_access_flags | read_write_flags;
        if (source.one_in(3)) at.flags = at.flags.without(Flag::write);
        at.file.value = static_cast<std::uint32_t>(source.below(world.files.size() + 1));
        bool account = at.flags.has(Flag::write);
        if (world.profile->fault_identity) {
            at.fault.value = static_cast<std::uint32_t>(source.below(3));
            at.forked = at.fault == FaultId{2};
            // Where faults are known, a charge may have stayed behind, or never have been made.
            if (source.one_in(4)) account = !account;
        }
        if (account) at.flags = at.flags | Flag::account;
        if (world.pkeys > 0 && source.one_in(2)) give_pkey(source, world, at);
        if (source.one_in(3)) at.policy = Policy::bind;
        at.pgoff = area.range.start.value;
        world.areas.push_back(area);
    }
}

// The default policy, one that may have a home node, and maybe any other.
void draw_policies(Source& source, bool identities, Swarm& swarm) {
    swarm.policies.assign({Policy::bind});
    if (identities) return;
    swarm.policies.push_back(Policy::none);
    if (source.one_in(2)) {
        swarm.policies.push_back(static_cast<Policy>(source.below(policy_names.size())));
    }
}

// Operations that belong together: a program has all of a family or none of it.
enum class Family : std::uint8_t {
    core,
    fork,
    lock,
    seal,
    name,
    policy,
    move,
    uffd,
    heap,
    remap,
    ksm,
};

// How often an operation is drawn: in most programs, and in those about fault identities.
struct Share {
    Family family;
    std::uint8_t usual;
    std::uint8_t of_identities;
};
// In the order of Op.
constexpr std::array<Share, op_count> shares = {{
    {Family::core, 6, 3},     // mmap
    {Family::core, 3, 1},     // munmap
    {Family::core, 6, 3},     // mprotect
    {Family::core, 4, 6},     // madvise
    {Family::core, 3, 5},     // touch
    {Family::fork, 1, 1},     // fork
    {Family::lock, 3, 6},     // mlock
    {Family::lock, 3, 4},     // munlock
    {Family::lock, 1, 2},     // mlockall
    {Family::lock, 1, 1},     // munlockall
    {Family::seal, 3, 8},     // mseal
    {Family::name, 4, 12},    // anon_name
    {Family::policy, 4, 6},   // mbind
    {Family::policy, 3, 10},  // home_node
    {Family::move, 6, 8},     // mremap
    {Family::uffd, 5, 8},     // uffd_register
    {Family::uffd, 3, 6},     // uffd_unregister
    {Family::uffd, 1, 6},     // uffd_close
    {Family::heap, 5, 6},     // brk
    {Family::remap, 5, 2},    // remap_file_pages
    {Family::ksm, 1, 2},      // memory_merge
}};
// One program in so many has the family; the operations of `core` are left out one by one.
constexpr std::array<std::uint64_t, 11> family_one_in = {1, 2, 3, 5, 4, 4, 3, 4, 4, 6, 6};

// One family of operations for a program about fault identities, which take long to come about: or
// none but `core`.
Family draw_theme(Source& source, const Alphabet& alphabet) {
    return alphabet.families ? static_cast<Family>(source.below(family_one_in.size()))
                             : Family::core;
}

// Registers an area that is there from the start.
void watch(UffdContext context, Attributes& at) {
    at.uffd = context;
    at.flags = at.flags | Flag::uffd_missing;
}

// What the operations of a family leave on an area.
void mark(Family theme, Attributes& at) {
    switch (theme) {
        case Family::core:
        case Family::heap:
        case Family::remap:
        case Family::ksm:
        case Family::fork: at.flags = at.flags | Flag::dont_dump; return;
        case Family::move:
        case Family::lock: at.flags = at.flags | Flag::locked; return;
        case Family::seal: at.flags = at.flags | Flag::sealed; return;
        case Family::name: at.name = AreaName::a; return;
        case Family::policy: at.home_node = true; return;
        case Family::uffd: watch(UffdContext::a, at); return;
    }
}

// Areas side by side; every other one has an identity, and lacks or has what the theme changes. So
// whatever is changed has neighbours on both sides, and may fit one, both, or both but not each
// other.
void draw_crowd(Source& source, Family theme, World& world) {
    const std::uint64_t wanted = 3 + source.below(6);
    const bool odd_ones_marked = source.one_in(2);
    // At times two contexts keep neighbours apart that are equal in all else.
    const bool watched = theme != Family::uffd && source.one_in(4);
    // At times all have a policy, so that each split and each copy needs memory for one more.
    const bool bound = theme == Family::policy || source.one_in(4);
    world.areas.clear();
    std::uint64_t page = 0;
    for (std::uint64_t number = 0; number < wanted && page < world.pages.value; ++number) {
        const bool two = source.one_in(4) && page + 1 < world.pages.value;
        InitialArea area{{Page{page}, PageCount{two ? 2U : 1U}}, {}};
        page = area.range.end().value;
        Attributes& at = area.attributes;
        at.pgoff = area.range.start.value;
        at.flags = may_access_flags | read_write_flags | Flag::account;
        const bool odd = number % 2 == 1;
        const bool faulted = odd == source.one_in(4);
        if (faulted) at.fault.value = static_cast<std::uint32_t>(1 + source.below(4));
        at.forked = at.fault == FaultId{3};
        // Some have moved here since they were written to.
        const bool moved = faulted && world.profile->fault_identity && source.one_in(8);
        if (moved) at.pgoff += wanted;
        if (bound) at.policy = Policy::bind;
        if (watched) watch(source.one_in(4) ? UffdContext::b : UffdContext::a, at);
        // What moves has to fit in its new place.
        const bool fits = theme == Family::move;
        if (fits ? source.one_in(6) : (odd == odd_ones_marked) != source.one_in(4)) mark(theme, at);
        world.areas.push_back(area);
    }
}

void draw_weights(Source& source, const Alphabet& alphabet, const Family* theme, Swarm& swarm) {
    std::array<bool, family_one_in.size()> has{true};
    for (std::size_t family = 1; alphabet.families && family < has.size(); ++family) {
        has[family] = theme == nullptr ? source.one_in(family_one_in[family])
                                       : *theme == static_cast<Family>(family);
    }
    swarm.weight_sum = 0;
    for (std::size_t op = 0; op < op_count; ++op) {
        const Share& share = shares[op];
        const bool core = share.family == Family::core;
        const bool left_out =
            core && op != op_index<Mmap>() && source.one_in(theme == nullptr ? 4 : 16);
        const bool drawn = has[static_cast<std::size_t>(share.family)] && !left_out;
        const std::uint8_t weight = theme == nullptr ? share.usual : share.of_identities;
        swarm.weights[op] = drawn ? weight : std::uint8_t{0};
        swarm.weight_sum += swarm.weights[op];
    }
}

}  // namespace

void Generator::draw_world(Source& source, World& world) const {
    world.pages = pages_;
    world.profile = &profile_;
    world.areas.clear();
    world.memory_merge = alphabet_.shared_memory && source.one_in(4);
    world.max_map_count = max_map_count_default;
    if (alphabet_.failures && source.one_in(4)) {
        world.max_map_count = static_cast<std::uint32_t>(3 + source.below(8));
    }
    for (const WorldLimit& limit : world_limits) {
        world.*limit.member = no_limit;
        if (!alphabet_.failures || !source.one_in(6)) continue;
        world.*limit.member = source.below(pages_.value / 2 + 1);
    }
    world.heap =
        Page{source.below(std::min<std::uint64_t>(pages_.value, source.one_in(4) ? 64 : 8))};
    // Few, so that they meet; now and then all, which leaves none for execute-only memory.
    world.pkeys = 0;
    if (alphabet_.shared_memory && source.one_in(6)) {
        world.pkeys = source.one_in(4) ? pkey_count : 1 + static_cast<unsigned>(source.below(3));
    }
    world.files.clear();
    if (!alphabet_.shared_memory) {
        world.files.push_back({"a", usual_driver(profile_), PageCount{2 * pages_.value}, false});
        return;
    }
    // Most programs know one or two files, so that neighbours have the same one.
    const std::uint64_t files = source.one_in(4) ? 3 + source.below(3) : 1 + source.below(2);
    for (char name = 'a'; world.files.size() < files; ++name) {
        world.files.push_back(draw_file(source, name, world));
    }
    if (source.one_in(8)) draw_areas(source, world);
}

void fit(const Sight& sight, Swarm& swarm) {
    if (!sight.failures) swarm.failure_one_in = 0;
    for (std::size_t op = 0; op < op_count; ++op) {
        if (sight.offers(op)) continue;
        swarm.weight_sum -= swarm.weights[op];
        swarm.weights[op] = 0;
    }
    if (sight.any_world) return;
    swarm.world.max_map_count = max_map_count_default;
    for (const WorldLimit& limit : world_limits) swarm.world.*limit.member = no_limit;
    swarm.world.pkeys = 0;
    swarm.world.areas.clear();
    for (File& file : swarm.world.files) {
        for (const auto member : optional_driver_members) file.driver.*member = false;
        if (file.driver.mmap == file.driver.mmap_prepare) {
            file.driver = usual_driver(*swarm.world.profile);
        }
    }
}

void Generator::draw_swarm(Source& source, Swarm& swarm) const {
    draw_world(source, swarm.world);
    draw_prots(source, alphabet_.prots, swarm.prots);
    draw_advices(source, alphabet_.advices, swarm.advices);
    // One program in four is about fault identities: little but rw- memory that gets and loses one
    // advice between faults. What needs three areas and two faults would be rare without it.
    const bool identities = source.one_in(4);
    if (identities) {
        swarm.prots.assign(1, {read_write_flags});
        if (source.one_in(3)) swarm.prots.push_back({Flag::read});
        if (alphabet_.families && source.one_in(2)) {
            swarm.advices.assign(
                {Advice::wipeonfork, Advice::keeponfork, Advice::dontdump, Advice::dodump});
        }
    }
    // Memory that can be executed only has a key of its own, where there are keys.
    if (swarm.world.pkeys > 0 && source.one_in(2)) swarm.prots.push_back({Flag::exec});
    const Family theme = identities ? draw_theme(source, alphabet_) : Family::core;
    draw_weights(source, alphabet_, identities ? &theme : nullptr, swarm);
    if (identities && alphabet_.families && !source.one_in(4)) {
        draw_crowd(source, theme, swarm.world);
    }
    draw_policies(source, identities, swarm);
    const bool forks = swarm.weights[op_index<Fork>()] > 0;
    swarm.spaces = forks ? 2 + source.below(space_count_max - 1) : 1;
    // Small windows are crowded, and crowds are where neighbours meet.
    swarm.window = pages_;
    std::uint64_t halvings = identities ? 3 : source.below(4);
    for (; halvings > 0 && swarm.window.value > 8; --halvings) swarm.window.value /= 2;
    swarm.hot_pages.clear();
    const std::uint64_t hot = 2 + source.below(6);
    for (std::uint64_t i = 0; i < hot; ++i) {
        swarm.hot_pages.push_back(Page{source.below(swarm.window.value)});
    }
    constexpr std::array<std::uint64_t, 4> rates = {0, 8, 3, 0};
    swarm.failure_one_in = alphabet_.failures ? rates[source.below(rates.size())] : 0;
    swarm.noreserve = alphabet_.shared_memory && source.one_in(3);
    const bool remaps = swarm.weights[op_index<RemapFilePages>()] > 0;
    swarm.shared = alphabet_.shared_memory && (remaps || source.one_in(2));
    swarm.stacks = alphabet_.families && source.one_in(4);
    swarm.droppable = alphabet_.families && source.one_in(8);
    swarm.populates = alphabet_.families && source.one_in(4);
    swarm.anonymous_only = !remaps && (identities || source.one_in(3));
    swarm.length = identities ? steps_per_program_max : 1 + source.below(steps_per_program_max);
    if (alphabet_.families) draw_page_advices(source, profile_, swarm.advices);
}

}  // namespace vmacheck
