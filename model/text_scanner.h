// One line of a text, read word by word, and the error that says what is wrong with it.
//
// A word is a stretch of bytes without spaces and without `#`. The cursor stands at the start of a
// word, or at the end of the line, or at the `#` of a comment; only take_part() leaves it inside of
// a word. Words that could have stood at the cursor and did not (may_be()) are remembered until the
// cursor moves, so that an error lists them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/text.h"
#include "model/text_fields.h"

namespace vmacheck::text {

// What could stand at a place, one entry each, in the words of an error message.
using Expected = std::vector<std::string>;

[[nodiscard]] std::string quoted(std::string_view word);
// Each name in quotes. The empty name is left out.
[[nodiscard]] Expected quoted(Names names);

// The number that `word` writes in decimal, without leading zeros, if it is at most `max`.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view word, std::uint64_t max);

// The place of `word` in `names`, if it is there.
[[nodiscard]] std::optional<std::size_t> index_of(std::string_view word, Names names);

// Most optional words in a row that a line can have.
inline constexpr std::size_t optional_words_max = 8;

class LineScanner {
  public:
    LineScanner() = default;
    LineScanner(std::string_view line, std::size_t number);

    // Control characters are refused everywhere, and what is not ASCII outside of comments. Reports
    // the first offending byte.
    [[nodiscard]] bool check_bytes();

    // The rest of the word at the cursor; empty at the end of the line and at a comment.
    [[nodiscard]] std::string_view word() const { return line_.substr(cursor_, word_length_); }
    [[nodiscard]] bool at_hash() const { return cursor_ < line_.size() && line_[cursor_] == '#'; }
    [[nodiscard]] bool at_end() const { return cursor_ == line_.size() || at_hash(); }

    // Moves behind the word and the spaces that follow it.
    void take();
    // Moves by `bytes` and no further.
    void take_part(std::size_t bytes);
    // Takes the word at the cursor if it is `whole_word`.
    [[nodiscard]] bool take_if(std::string_view whole_word);
    // Says that one of `names` could have stood at the cursor.
    void may_be(Names names);

    // The comment at the cursor without its `#`. The cursor is at the end of the line or at a
    // comment.
    [[nodiscard]] std::string_view comment() const {
        return at_hash() ? line_.substr(cursor_ + 1) : std::string_view();
    }

    // Sets the error and returns false. `found` is a part of the line; its place is the error's.
    bool fail(const Expected& expected);
    bool fail_on(std::string_view found, const Expected& expected);
    bool fail_at(std::size_t offset, std::string message);

    [[nodiscard]] const ParseError& error() const { return error_; }
    void explain(std::string_view reason) { error_.message += reason; }

  private:
    void settle();
    [[nodiscard]] std::string describe(std::string_view found) const;
    [[nodiscard]] bool check_comment(std::size_t start);

    std::string_view line_;
    std::size_t number_ = 0;
    std::size_t cursor_ = 0;
    std::size_t word_length_ = 0;
    std::array<Names, optional_words_max> missed_;
    std::size_t missed_count_ = 0;
    ParseError error_;
};

}  // namespace vmacheck::text
