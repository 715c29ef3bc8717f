// The mutator of programs, for engines that know bytes: decodes, changes steps, encodes.
//
// The answer is a function of the bytes and the seed, is in the normal form of model/binary.h, and
// obeys `max_size`. This file and those below it are built without the engine's instrumentation:
// what the mutator does is no news about the target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/profile.h"
#include "search/minimize.h"
#include "search/mutate.h"

namespace vmacheck {

class ByteMutator {
  public:
    // `profile`: what every program gets; null: it is mutated like the rest.
    explicit ByteMutator(const Profile* profile)
        : profile_(profile), mutator_({.profile = profile}) {}

    // Both answer the new size, 0 if there is no room for a program. `data` has room for
    // `max_size`.
    std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);
    std::size_t cross_over(std::span<const std::uint8_t> first, std::span<const std::uint8_t> donor,
                           std::uint8_t* out, std::size_t max_size, unsigned seed);

  private:
    void decode(std::span<const std::uint8_t> bytes, Candidate& program) const;
    std::size_t put(std::uint8_t* out, std::size_t max_size);

    const Profile* profile_;
    Mutator mutator_;
    Candidate program_;
    Candidate donor_;
    std::vector<std::uint8_t> bytes_;
};

}  // namespace vmacheck
