// The grammar of strace's lines; see the header.
#include "model/strace_parse.h"

#include <algorithm>
#include <array>

namespace vmacheck::strace {

namespace {

constexpr std::string_view unfinished_mark = "<unfinished ...>";
constexpr std::string_view detached_mark = "<detached ...>";
constexpr std::string_view attached_start = "strace: Process ";
constexpr std::string_view attached_end = " attached";
constexpr std::size_t quoted_length_max = 20;  // Of what is found, in an error message.

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}
bool is_name_character(char character) {
    return is_digit(character) || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '_';
}

std::string_view without_end_spaces(std::string_view text) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}
std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return without_end_spaces(text);
}

// Takes `mark` from the end of `text`, with the spaces around it.
bool take_end(std::string_view& text, std::string_view mark) {
    const std::string_view shorter = without_end_spaces(text);
    if (!shorter.ends_with(mark)) return false;
    text = without_end_spaces(shorter.substr(0, shorter.size() - mark.size()));
    return true;
}

// Whether the `<` at `at` opens what a descriptor stands for; MAP_HUGE_SHIFT has a `<<` before it.
bool opens_path(std::string_view text, std::size_t at) {
    const bool after_word = at > 0 && is_name_character(text[at - 1]);
    const bool doubled = at + 1 < text.size() && text[at + 1] == '<';
    return after_word && !doubled;
}

// The place behind the `>` that closes the `<` at `at`. A path holds no `>` (strace escapes it),
// but for a device behind it; an address of a socket holds `->`.
std::size_t end_of_path(std::string_view text, std::size_t at) {
    const bool is_path = at + 1 < text.size() && text[at + 1] == '/';
    std::size_t depth = 0;
    for (; at < text.size(); ++at) {
        if (text[at] == '<') ++depth;
        const bool arrow = !is_path && text[at - 1] == '-';
        if (text[at] == '>' && !arrow && --depth == 0) return at + 1;
    }
    return std::string_view::npos;
}

std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return std::string_view::npos;
}

// Splits what follows the `(` at `open` at the commas of the outermost level. The place of its `)`,
// or npos if there is none.
std::size_t split_arguments(std::string_view text, std::size_t open, std::size_t column,
                            std::vector<Part>& arguments) {
    std::size_t depth = 0;
    std::size_t start = open + 1;
    const auto add = [&](std::size_t end) {
        while (start < end && text[start] == ' ') ++start;
        arguments.push_back({without_end_spaces(text.substr(start, end - start)), column + start});
        start = end + 1;
    };
    std::size_t at = start;
    while (at < text.size()) {
        const char character = text[at];
        if (character == '"' || (character == '<' && opens_path(text, at))) {
            at = character == '"' ? end_of_string(text, at) : end_of_path(text, at);
            continue;
        }
        if (character == '(' || character == '[' || character == '{') ++depth;
        if (character == ')' && depth == 0) {
            if (at > open + 1) add(at);
            return at;
        }
        if ((character == ')' || character == ']' || character == '}') && depth > 0) --depth;
        if (character == ',' && depth == 0) add(at);
        ++at;
    }
    return std::string_view::npos;
}

bool makes_process(std::string_view name) {
    constexpr std::array<std::string_view, 4> names = {"fork", "vfork", "clone", "clone3"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view text) {
    if (text == "NULL") return 0;
    const bool is_hexadecimal = text.starts_with("0x");
    if (is_hexadecimal) text.remove_prefix(2);
    if (text.empty()) return std::nullopt;
    const std::uint64_t base = is_hexadecimal ? 16 : 10;
    std::uint64_t number = 0;
    for (const char character : text) {
        const std::size_t digit = std::string_view("0123456789abcdef").find(character);
        if (digit >= base || number > (UINT64_MAX - digit) / base) return std::nullopt;
        number = number * base + digit;
    }
    return number;
}

std::optional<Descriptor> descriptor_of(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto number = number_of(text.substr(0, digits));
    if (!number) return std::nullopt;
    Descriptor found{*number, {}};
    if (digits < text.size() && text[digits] == '<') {
        const std::size_t end = end_of_path(text, digits);
        if (end == std::string_view::npos) return std::nullopt;
        found.path = text.substr(digits + 1, end - digits - 2);
    }
    return found;
}

std::vector<std::string_view> symbols_of(std::string_view text) {
    std::vector<std::string_view> found;
    while (true) {
        const std::size_t bar = std::min(text.find('|'), text.size());
        found.push_back(text.substr(0, bar));
        if (bar == text.size()) return found;
        text.remove_prefix(bar + 1);
    }
}

Reader::Next Reader::next(Call& call) {
    while (next_line()) {
        if (!check_bytes()) return Next::error;
        const Kind kind = read_line(call);
        if (kind == Kind::error) return Next::error;
        if (kind == Kind::call) return Next::call;
    }
    return Next::end;
}

std::size_t Reader::calls_cut_off() const {
    std::size_t count = cut_off_;
    for (const auto& [process, text] : unfinished_) {
        if (process == 0 || process == first_) ++count;
    }
    return count;
}

bool Reader::next_line() {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    line_is_last_ = end == rest_.size();
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(line_is_last_ ? end : end + 1);
    cursor_ = 0;
    ++number_;
    return true;
}

// strace writes printable ASCII and escapes all else.
bool Reader::check_bytes() {
    for (std::size_t at = 0; at < line_.size(); ++at) {
        if (line_[at] >= ' ' && line_[at] <= '~') continue;
        if (line_[at] == '\r') return fail(at, "expected a line feed, found a carriage return");
        const auto byte = static_cast<unsigned char>(line_[at]);
        return fail(at, "expected printable ASCII, found the byte " + std::to_string(byte));
    }
    return true;
}

bool Reader::fail(std::size_t offset, std::string message) {
    error_ = {number_, offset + 1, std::move(message)};
    return false;
}

void Reader::read_prefix() {
    process_ = 0;
    while (cursor_ < line_.size() && line_[cursor_] == ' ') ++cursor_;
    read_process();
    skip_time();
    choose_first();
}

void Reader::read_process() {
    const bool bracket = left().starts_with("[pid ");
    std::size_t start = bracket ? cursor_ + 5 : cursor_;
    while (bracket && start < line_.size() && line_[start] == ' ') ++start;
    std::size_t end = start;
    while (end < line_.size() && is_digit(line_[end])) ++end;
    const auto number = number_of(line_.substr(start, end - start));
    const char closing = bracket ? ']' : ' ';
    if (!number || end == line_.size() || line_[end] != closing) return;
    process_ = *number;
    cursor_ = end + 1;
    while (cursor_ < line_.size() && line_[cursor_] == ' ') ++cursor_;
}

// `12:00:01`, `12:00:01.000023`, `0.000023`.
void Reader::skip_time() {
    std::size_t end = cursor_;
    bool has_mark = false;
    while (end < line_.size() && (is_digit(line_[end]) || line_[end] == ':' || line_[end] == '.')) {
        has_mark = has_mark || !is_digit(line_[end]);
        ++end;
    }
    if (!has_mark || end == line_.size() || line_[end] != ' ') return;
    cursor_ = end;
    while (cursor_ < line_.size() && line_[cursor_] == ' ') ++cursor_;
}

// Without -o, strace names processes only while there are several of them: the first process is the
// first that is named and that is not known as a child.
void Reader::choose_first() {
    if (process_ != 0 && !first_ && !children_.contains(process_)) first_ = process_;
}

void Reader::note_attached(std::string_view number) {
    if (const auto child = number_of(number)) children_.insert(*child);
}

Reader::Kind Reader::read_line(Call& call) {
    // Without -o, `strace: Process 7 attached` breaks into the line of the call that made
    // process 7.
    const std::size_t attached = line_.rfind(attached_start);
    if (attached != std::string_view::npos && line_.ends_with(attached_end)) {
        const std::size_t start = attached + attached_start.size();
        note_attached(line_.substr(start, line_.size() - attached_end.size() - start));
        line_ = line_.substr(0, attached);
        if (trimmed(line_).empty()) return Kind::nothing;
        read_prefix();
        unfinished_[process_] = left();
        return Kind::nothing;
    }
    read_prefix();
    const std::string_view text = left();
    if (text.empty() || text.starts_with("--- ") || text.starts_with("strace: ")) {
        return Kind::nothing;
    }
    if (text.starts_with("+++ ")) {
        read_end(text);
        return Kind::nothing;
    }
    if (without_end_spaces(text) == unfinished_mark) return Kind::nothing;
    if (text.starts_with("<... ")) return read_resumed(call);
    if (text.starts_with("[ Process ")) {
        return bad_call(cursor_ + 1, "expected a process in 64-bit mode throughout");
    }
    return read_call(call, text, cursor_ + 1, false);
}

// The end of a process. If a thread called execve, it goes on under the number of the process.
void Reader::read_end(std::string_view text) {
    constexpr std::string_view superseded = "+++ superseded by execve in pid ";
    if (text.starts_with(superseded)) {
        const std::string_view behind = text.substr(superseded.size());
        const auto thread = number_of(behind.substr(0, behind.find(' ')));
        const auto found = thread ? unfinished_.find(*thread) : unfinished_.end();
        if (found == unfinished_.end()) return;
        const std::string call = found->second;
        unfinished_.erase(found);
        unfinished_[process_] = call;
    } else if (process_ == 0 || process_ == first_) {
        first_is_gone_ = true;
    }
}

Reader::Kind Reader::read_resumed(Call& call) {
    constexpr std::string_view end_mark = " resumed>";
    const std::string_view text = left();
    const std::size_t end = text.find(end_mark);
    auto before = unfinished_.find(process_);
    // The number may have come or gone in between, with the other processes.
    if (before == unfinished_.end() && process_ == first_) before = unfinished_.find(0);
    if (before == unfinished_.end() && process_ == 0 && first_) before = unfinished_.find(*first_);
    const bool same_name = end != std::string_view::npos && before != unfinished_.end() &&
                           before->second.starts_with(std::string(text.substr(5, end - 5)) + "(");
    if (!same_name) {
        return bad_call(cursor_ + 1, "expected a call that was left unfinished before");
    }
    joined_ = before->second + std::string(text.substr(end + end_mark.size()));
    unfinished_.erase(before);
    return read_call(call, joined_, cursor_ + 1, true);
}

Reader::Kind Reader::bad_call(std::size_t column, std::string message) {
    if (line_is_last_ && number_ > 1) {
        if (process_ == 0 || process_ == first_) ++cut_off_;
        return Kind::nothing;
    }
    return fail(column - 1, std::move(message)) ? Kind::nothing : Kind::error;
}

Reader::Kind Reader::read_call(Call& call, std::string_view text, std::size_t column, bool joined) {
    // Of a joined text, all errors are where it was resumed.
    const auto column_of = [&](std::size_t at) { return joined ? column : column + at; };
    call = Call{};
    call.line = number_;
    call.of_other = first_is_gone_ || (process_ != 0 && process_ != first_);

    std::size_t open = 0;
    while (open < text.size() && is_name_character(text[open])) ++open;
    if (open == 0 || open == text.size() || text[open] != '(') {
        return bad_call(column, "expected a line of strace such as `brk(NULL) = 0x1000`, found `" +
                                    std::string(text.substr(0, quoted_length_max)) +
                                    "` (record with -o FILE)");
    }
    call.name = text.substr(0, open);
    std::string_view whole = text;
    if (take_end(whole, unfinished_mark) || take_end(whole, detached_mark)) {
        unfinished_[process_] = whole;
        return Kind::nothing;
    }
    const std::size_t close = split_arguments(text, open, column, call.arguments);
    if (close == std::string_view::npos) {
        return bad_call(column_of(text.size()), "expected `)`, found the end of the line");
    }
    if (joined) {
        for (Part& argument : call.arguments) argument.column = column;
    }
    std::size_t at = close + 1;
    while (at < text.size() && text[at] == ' ') ++at;
    if (at == text.size() || text[at] != '=') {
        return bad_call(column_of(at), "expected `=` and the result of the call");
    }
    call.result_text = trimmed(text.substr(at + 1));
    const std::size_t end =
        std::min(call.result_text.find_first_of(" <("), call.result_text.size());
    const std::string_view word = call.result_text.substr(0, end);
    if (word.starts_with('-')) {
        const std::string_view behind = trimmed(call.result_text.substr(end));
        call.error = behind.substr(0, behind.find(' '));
    } else if (word != "?") {
        call.result = number_of(word);
        if (!call.result) {
            return bad_call(column_of(at + 2),
                            "expected a result: a number below 2^64, -1 and an "
                            "errno, or `?`");
        }
    }
    if (makes_process(call.name) && call.result && *call.result != 0) {
        children_.insert(*call.result);
    }
    return Kind::call;
}

}  // namespace vmacheck::strace
