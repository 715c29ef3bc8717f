// The one generator of programs.
//
// Swarm testing: each program first draws what it is made of (its world, a few operations, a few
// attributes, whether steps fail, the pages where things happen), then its steps. Neighbours with
// equal attributes, linear offsets and ranges at existing boundaries are what merging is about, so
// they are made likely; bad arguments come at a stated rate. A program is a pure function of the
// choices of its Source and of (profile, alphabet, pages).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/cases.h"
#include "model/program.h"
#include "model/reference.h"
#include "model/target.h"
#include "search/source.h"

namespace vmacheck {

// The operations, attributes and files that programs are made of.
struct Alphabet {
    std::string_view name;
    bool families;       // Forks, locks, seals, names, policies, userfaultfds, heaps and stacks.
    bool shared_memory;  // Shared mappings, `noreserve`, and more than one file.
    bool failures;       // Injected failures, and arguments that are refused.
    std::vector<Prot> prots;
    std::vector<Advice> advices;
};
// `core`: mmap (private, anonymous or one file), munmap, mprotect, touch, one advice and DONTNEED.
// `full`: everything.
const Alphabet& core_alphabet();
const Alphabet& full_alphabet();
const Alphabet* find_alphabet(std::string_view name);

// Whether programs over this alphabet can meet a case that their profile allows.
bool alphabet_allows(const Alphabet& alphabet, CaseId id);

// One step in this many has an empty range, or one that leaves the world.
inline constexpr std::uint64_t bad_range_one_in = 48;
inline constexpr std::uint64_t steps_per_program_max = 64;

// What one program is made of.
struct Swarm {
    World world;
    std::array<std::uint8_t, op_count> weights{};  // 0: the operation does not occur.
    unsigned weight_sum = 0;
    std::vector<Prot> prots;
    std::vector<Advice> advices;
    std::vector<Policy> policies;
    PageCount window;                  // Things happen in the first so many pages of the world.
    std::vector<Page> hot_pages;       // Where ranges like to end if the state is not known.
    std::uint64_t spaces = 1;          // Steps go to spaces below this number.
    std::uint64_t failure_one_in = 0;  // 0: no step fails.
    bool anonymous_only = false;
    bool noreserve = false;
    bool shared = false;
    bool populates = false;
    bool stacks = false;
    bool droppable = false;
    std::uint64_t length = 0;  // Steps.
};

// Keeps a swarm to what a target of this sight can be asked.
void fit(const Sight& sight, Swarm& swarm);

class Generator {
  public:
    Generator(const Alphabet& alphabet, const Profile& profile, PageCount pages)
        : alphabet_(alphabet), profile_(profile), pages_(pages) {}

    // Draws what the next program is made of; `swarm` is reused.
    void draw_swarm(Source& source, Swarm& swarm) const;

    // Draws a step. With `reference` ranges like to end at boundaries of its state, else at the hot
    // pages of the swarm.
    [[nodiscard]] Step draw_step(Source& source, const Swarm& swarm,
                                 const Reference* reference) const;

  private:
    void draw_world(Source& source, World& world) const;

    const Alphabet& alphabet_;
    const Profile& profile_;
    PageCount pages_;
};

}  // namespace vmacheck
