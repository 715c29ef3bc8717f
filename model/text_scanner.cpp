// Words, numbers, bytes and error messages of one line.
#include "model/text_scanner.h"

#include <algorithm>

#include "model/check_macro.h"

namespace vmacheck::text {

namespace {

constexpr std::size_t quoted_length_max = 40;  // So that a message fits a screen.

constexpr bool is_control(unsigned char byte) {
    return byte < 0x20 || byte == 0x7f;
}

constexpr bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

// The length in bytes of the UTF-8 character at the start of `text`; 0 if there is none. The bounds
// of the second byte exclude overlong forms, surrogates, and what lies above U+10FFFF.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
    if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; i++) {
        if (!is_continuation(text[i])) return 0;
    }
    switch (byte(0)) {
        case 0xe0: return byte(1) >= 0xa0 ? length : 0;
        case 0xed: return byte(1) < 0xa0 ? length : 0;
        case 0xf0: return byte(1) >= 0x90 ? length : 0;
        case 0xf4: return byte(1) < 0x90 ? length : 0;
        default: return length;
    }
}

std::string describe_byte(unsigned char byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "byte 0x";
    text += digits[byte >> 4];
    text += digits[byte & 0xfU];
    if (byte == '\t') text += " (a tab)";
    if (byte == '\r') text += " (a carriage return)";
    return text;
}

std::string joined(const Expected& expected) {
    std::string text;
    for (std::size_t i = 0; i < expected.size(); i++) {
        if (i > 0) text += i + 1 == expected.size() ? " or " : ", ";
        text += expected[i];
    }
    return text;
}

}  // namespace

std::string quoted(std::string_view word) {
    std::string text = "`";
    if (word.size() <= quoted_length_max) {
        text += word;
    } else {
        std::size_t length = quoted_length_max;
        while (length > 0 && is_continuation(word[length])) length--;
        text += word.substr(0, length);
        text += "...";
    }
    text += '`';
    return text;
}

Expected quoted(Names names) {
    Expected expected;
    for (const std::string_view name : names) {
        if (!name.empty()) expected.push_back(quoted(name));
    }
    return expected;
}

std::optional<std::uint64_t> number_of(std::string_view word, std::uint64_t max) {
    if (word.empty() || (word.size() > 1 && word[0] == '0')) return std::nullopt;
    std::uint64_t number = 0;
    for (const char character : word) {
        if (character < '0' || character > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(character - '0');
        if (digit > max || number > (max - digit) / 10) return std::nullopt;
        number = number * 10 + digit;
    }
    return number;
}

std::optional<std::size_t> index_of(std::string_view word, Names names) {
    const auto found = std::find(names.begin(), names.end(), word);
    if (word.empty() || found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
}

LineScanner::LineScanner(std::string_view line, std::size_t number) : line_(line), number_(number) {
    settle();
}

bool LineScanner::check_bytes() {
    for (std::size_t i = 0; i < line_.size(); i++) {
        const auto byte = static_cast<unsigned char>(line_[i]);
        if (byte == '#') return check_comment(i);
        if (is_control(byte) || byte >= 0x80) {
            return fail_at(i, "expected printable ASCII, found " + describe_byte(byte));
        }
    }
    return true;
}

bool LineScanner::check_comment(std::size_t start) {
    for (std::size_t i = start; i < line_.size();) {
        const auto byte = static_cast<unsigned char>(line_[i]);
        const std::size_t length = utf8_length(line_.substr(i));
        if (is_control(byte) || length == 0) {
            return fail_at(i, "expected a comment in UTF-8 without control characters, found " +
                                  describe_byte(byte));
        }
        i += length;
    }
    return true;
}

// Skips spaces, and finds where the word ends.
void LineScanner::settle() {
    while (cursor_ < line_.size() && line_[cursor_] == ' ') cursor_++;
    take_part(0);
}

void LineScanner::take() {
    cursor_ += word_length_;
    settle();
}

void LineScanner::take_part(std::size_t bytes) {
    cursor_ += bytes;
    CHECK(cursor_ <= line_.size());
    std::size_t end = cursor_;
    while (end < line_.size() && line_[end] != ' ' && line_[end] != '#') end++;
    word_length_ = end - cursor_;
    missed_count_ = 0;
}

bool LineScanner::take_if(std::string_view whole_word) {
    if (word() != whole_word) return false;
    take();
    return true;
}

void LineScanner::may_be(Names names) {
    CHECK(missed_count_ < missed_.size());
    missed_[missed_count_++] = names;
}

std::string LineScanner::describe(std::string_view found) const {
    if (!found.empty()) return quoted(found);
    const auto offset = static_cast<std::size_t>(found.data() - line_.data());
    if (offset == line_.size()) return "the end of the line";
    if (offset == cursor_ && at_hash()) return "a comment";
    return line_[offset] == ' ' ? "a space" : "nothing";
}

bool LineScanner::fail(const Expected& expected) {
    return fail_on(word(), expected);
}

bool LineScanner::fail_on(std::string_view found, const Expected& expected) {
    Expected all;
    for (std::size_t i = 0; i < missed_count_; i++) {
        for (std::string& name : quoted(missed_[i])) all.push_back(std::move(name));
    }
    all.insert(all.end(), expected.begin(), expected.end());
    const auto offset = static_cast<std::size_t>(found.data() - line_.data());
    return fail_at(offset, "expected " + joined(all) + ", found " + describe(found));
}

bool LineScanner::fail_at(std::size_t offset, std::string message) {
    error_ = {number_, offset + 1, std::move(message)};
    return false;
}

}  // namespace vmacheck::text
