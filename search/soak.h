// The plain driver: program after program through the one generator, in lockstep, as fast as it
// goes.
//
// RapidCheck's state machinery costs ten times a checked step, so long runs use this loop; both
// draw from the same generator. Program i of seed s is a pure function of (s, i, profile, alphabet,
// pages) and of what the target can be asked: who else runs, and for how long, changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/check.h"
#include "search/generate.h"
#include "search/minimize.h"

namespace vmacheck {

// Is told of everything before it happens, so that it can outlive a crash.
class Journal {
  public:
    Journal() = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    virtual ~Journal() = default;

    virtual void begin(const World& world, std::uint64_t program) = 0;
    virtual void step(const Step& step, const World& world) = 0;
};

struct SoakOptions {
    std::uint64_t seed = 1;
    const Alphabet* alphabet = &full_alphabet();
    const Profile* profile = &linux_6_18_profile;
    PageCount pages = world_pages_default;
};

struct SoakFind {
    std::uint64_t program = 0;
    Candidate candidate;  // Up to the step that failed.
    Finding finding;
};

class Soak {
  public:
    // `journal` may be null.
    Soak(const SoakOptions& options, Target& target, Journal* journal);

    // Runs program `number` of the seed to its end or to what it finds. One that the target refuses
    // ends with its first step.
    std::optional<SoakFind> run(std::uint64_t number);

    [[nodiscard]] const Lockstep& lockstep() const { return lockstep_; }
    // Why the target refused the last program; empty if it did not.
    [[nodiscard]] std::string_view refusal() const { return lockstep_.refusal(); }

  private:
    SoakOptions options_;
    Generator generator_;
    Journal* journal_;
    Lockstep lockstep_;
    Swarm swarm_;
    std::vector<Step> steps_;
};

}  // namespace vmacheck
