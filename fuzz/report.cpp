// Messages to lines and back; see the header.
#include "fuzz/report.h"

#include <charconv>
#include <utility>

namespace vmacheck {
namespace {

// Takes a number off the front, and the one space behind it.
bool take_number(std::string_view& text, std::uint64_t& number) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    return true;
}

bool take_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::string text_of(const StatsMessage& stats) {
    std::string text = "stats " + std::to_string(stats.executions) + ' ' +
                       std::to_string(stats.steps) + ' ' + std::to_string(stats.failed_steps);
    for (const std::uint64_t count : stats.cases) text += ' ' + std::to_string(count);
    return text + '\n';
}
std::string text_of(const BucketMessage& bucket) {
    return "bucket " + std::to_string(bucket.count) + ' ' + bucket.name + '\n';
}
std::string text_of(const FindMessage& find) {
    return "find " + std::to_string(find.text.size()) + ' ' +
           (find.path.empty() ? "-" : find.path) + '\n' + find.text;
}
std::string text_of(const OtherLine& line) {
    return line.text + '\n';
}

std::optional<StatsMessage> stats_of(std::string_view line) {
    StatsMessage stats;
    bool good = take_word(line, "stats ") && take_number(line, stats.executions) &&
                take_number(line, stats.steps) && take_number(line, stats.failed_steps);
    for (std::uint64_t& count : stats.cases) good = good && take_number(line, count);
    return good && line.empty() ? std::optional(stats) : std::nullopt;
}

}  // namespace

std::string message_text(const Message& message) {
    return std::visit([](const auto& content) { return text_of(content); }, message);
}

std::optional<Message> take_message(std::string& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string::npos) return std::nullopt;
    const std::string whole = text.substr(0, end);
    std::string_view line = whole;
    std::uint64_t number = 0;
    std::size_t length = end + 1;
    Message message = OtherLine{whole};
    if (take_word(line, "find ") && take_number(line, number)) {
        if (text.size() - length < number) return std::nullopt;
        message = FindMessage{line == "-" ? "" : std::string(line), text.substr(length, number)};
        length += number;
    } else if (take_word(line, "bucket ") && take_number(line, number)) {
        message = BucketMessage{number, std::string(line)};
    } else if (auto stats = stats_of(line)) {
        message = *stats;
    }
    text.erase(0, length);
    return message;
}

}  // namespace vmacheck
