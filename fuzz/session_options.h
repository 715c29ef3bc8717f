// Options of the program target. They begin with `--`, which libFuzzer leaves to the target.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/profile.h"

namespace vmacheck {

struct SessionOptions {
    const Profile* profile = nullptr;  // Rules for every input; null: those that it names.
    bool raw = false;                  // The engine's own mutations of bytes instead of ours.
    bool systematic = false;           // Fails all of a step in turn, too, for one input in some.

    // With a folder for what is found, the run goes on after a find, and tells `vmacheck fuzz`
    // about it on stdout (fuzz/report.h). Without one a find ends the process with abort(), which
    // is what an engine takes for a crash.
    std::string finds;
    bool once = false;  // It ends with its first find all the same.

    // A file that holds the input under way. An engine saves the input of a crash itself; this is
    // for when it cannot.
    std::string journal;
};

// A sentence if the words are wrong. Words that are not `--NAME...` are the engine's.
[[nodiscard]] std::variant<SessionOptions, std::string> parse_session_options(
    int argc, const char* const* argv);

}  // namespace vmacheck
