// Version of the command, and how it ends.
#pragma once

#include <string_view>

namespace vmacheck::cli {

inline constexpr std::string_view version = "0.1.0";

// What the shell sees; 0, 1 and 125 are what `git bisect run` takes for good, bad and untestable.
enum class Exit : int {
    clean = 0,
    found = 1,      // A counterexample, or a claim that does not hold.
    bad_input = 2,  // Bad usage, a bad input file, an output that cannot be written.
    vacuous = 3,    // Nothing was found, but a case that must happen never did.
    untestable = 125,
};

}  // namespace vmacheck::cli
