// From a program that failed to a counterexample on disk and on the screen: saved at once as it is,
// run again by itself, minimized, saved again with its story, reported.
#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

#include "cli/isolate.h"
#include "cli/progress.h"
#include "cli/shrink.h"
#include "report/json.h"

namespace vmacheck::cli {

struct FindJob {
    TargetChoice target;
    Environment environment;
    std::string directory;
    std::FILE* text = stdout;  // Where the report goes.
    // Asked while a find is minimized: true ends that. May be empty.
    std::function<bool()> stop = {};
};

// The smallest form of a program that fails, and what happened in it.
struct Story {
    Candidate candidate;
    Counterexample example;
    std::string stderr_text;  // Of a target that died.
};
// Nothing if the program does not fail when it is run by itself. Neither prints nor saves.
[[nodiscard]] std::optional<Story> tell(const FindJob& job, const Candidate& candidate,
                                        Progress& progress);

// Prints the report; the path of the file is its last line. What cannot be saved goes to stderr.
// `finding` is what the worker saw. The original is in `find.file` if nothing smaller could be made
// of it.
[[nodiscard]] FindReport handle_find(const FindJob& job, const Candidate& candidate,
                                     const Finding& finding, Progress& progress);

}  // namespace vmacheck::cli
