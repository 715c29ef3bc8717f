// The commands, each with its options as the command line has parsed them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_choice.h"
#include "cli/version.h"
#include "model/world.h"

namespace vmacheck::cli {

struct RunCommand {
    TargetChoice target;
    std::string profile = "linux-6.18";  // Or "all", or a file.
    std::string alphabet = "full";
    std::optional<std::chrono::milliseconds> time;
    std::optional<std::uint64_t> programs;
    std::optional<std::uint64_t> seed;
    unsigned jobs = 1;
    std::string property = "all";
    PageCount pages = world_pages_default;
    bool strict = false;
    bool cases = false;
    bool require = false;
    std::string out = "found";
    std::string json;  // Empty: none.
};
inline constexpr std::chrono::milliseconds run_time_default{30000};
inline constexpr unsigned jobs_max = 256;
inline constexpr PageCount run_pages_max{4096};
[[nodiscard]] Exit run(const RunCommand& command);

struct FuzzCommand {
    TargetChoice target;
    std::string engine = "libfuzzer";
    std::string profile = "linux-6.18";             // Or "all".
    std::optional<std::chrono::milliseconds> time;  // None: until Ctrl-C.
    std::optional<std::uint64_t> seed;
    unsigned jobs = 1;
    std::string corpus = "fuzz-corpus";
    std::string out = "found";
    bool once = false;
    bool raw = false;
    bool systematic = true;
    bool cases = false;
    bool require = false;
    std::string json;
};
[[nodiscard]] Exit run(const FuzzCommand& command);

struct MinimizeCommand {
    TargetChoice target;
    std::string file;
    std::optional<std::string> out;  // None: beside the file.
    bool any_failure = false;
    std::string json;
};
[[nodiscard]] Exit run(const MinimizeCommand& command);

struct ReplayCommand {
    TargetChoice target;
    std::vector<std::string> files;
    std::string profile;  // Empty: that of the file.
    bool step = false;
    bool strict = false;
    std::string json;
};
[[nodiscard]] Exit run(const ReplayCommand& command);

struct ShowCommand {
    std::string file;
};
[[nodiscard]] Exit run(const ShowCommand& command);

struct ImportCommand {
    std::string trace;
    std::string out = "-";
};
[[nodiscard]] Exit run(const ImportCommand& command);

struct TargetsCommand {
    std::string json;
};
[[nodiscard]] Exit run(const TargetsCommand& command);

}  // namespace vmacheck::cli
