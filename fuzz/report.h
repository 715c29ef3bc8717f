// What a fuzzing process says to `vmacheck fuzz` on stdout, line by line:
//
//     stats EXECUTIONS STEPS FAILED_STEPS COUNT...    so far; a COUNT for each case
//     bucket COUNT NAME                               so far
//     find BYTES PATH                                 followed by BYTES bytes of program text
//
// `find` comes for a program that is the shortest of its bucket; PATH is where it was saved before,
// `-` if it could not be. A process that dies has said all that it wrote.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/cases.h"

namespace vmacheck {

struct StatsMessage {
    std::uint64_t executions = 0;
    std::uint64_t steps = 0;
    std::uint64_t failed_steps = 0;
    std::array<std::uint64_t, case_count> cases{};
    friend bool operator==(const StatsMessage&, const StatsMessage&) = default;
};
struct BucketMessage {
    std::uint64_t count = 0;
    std::string name;
    friend bool operator==(const BucketMessage&, const BucketMessage&) = default;
};
struct FindMessage {
    std::string path;  // Empty: it could not be saved.
    std::string text;
    friend bool operator==(const FindMessage&, const FindMessage&) = default;
};
// A line that is none of these: a word of somebody else's.
struct OtherLine {
    std::string text;
    friend bool operator==(const OtherLine&, const OtherLine&) = default;
};
using Message = std::variant<StatsMessage, BucketMessage, FindMessage, OtherLine>;

std::string message_text(const Message& message);

// Takes the first message off the front of `text`; nothing if it is not there as a whole yet.
std::optional<Message> take_message(std::string& text);

}  // namespace vmacheck
