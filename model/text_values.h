// The parsers of single values: one overload for each type that a word of a text can write.
//
// Each reads the word at the cursor. On success it takes the word and returns true; otherwise it
// sets the error of `line` and returns false.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>

#include "model/text_fields.h"
#include "model/text_scanner.h"

namespace vmacheck::text {

// The files of the world by name.
using FileNames = std::map<std::string, FileId, std::less<>>;

// `noun` says what the number is, for the error: "a number of pages".
struct NumberLimits {
    std::string_view noun;
    std::uint64_t min;
    std::uint64_t max;
};
[[nodiscard]] bool parse_number(LineScanner& line, std::uint64_t& number,
                                const NumberLimits& limits);
[[nodiscard]] bool parse_value(LineScanner& line, PageRange& range, const FileNames& files);
[[nodiscard]] bool parse_value(LineScanner& line, Page& page, const FileNames& files);
[[nodiscard]] bool parse_value(LineScanner& line, FilePage& page, const FileNames& files);
[[nodiscard]] bool parse_value(LineScanner& line, Prot& prot, const FileNames& files);
[[nodiscard]] bool parse_value(LineScanner& line, Backing& backing, const FileNames& files);
[[nodiscard]] bool parse_value(LineScanner& line, SpaceId& space, const FileNames& files);

template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] bool parse_value(LineScanner& line, Enum& value, const FileNames&) {
    const Names names = names_of(Enum{});
    if (const auto index = index_of(line.word(), names)) {
        value = static_cast<Enum>(*index);
        line.take();
        return true;
    }
    for (std::size_t i = 0; i < names.size(); i++) {
        if (!names[i].empty()) continue;
        value = static_cast<Enum>(i);
        line.may_be(names);
        return true;
    }
    return line.fail(quoted(names));
}

// `@1`, at the cursor; nothing is taken if the word does not start with `@`.
[[nodiscard]] bool parse_optional_space(LineScanner& line, SpaceId& space);

// What follows `!`.
[[nodiscard]] bool parse_failure(LineScanner& line, Failure& failure);

// What follows `=`.
[[nodiscard]] bool parse_result(LineScanner& line, Result& result);

// What follows `driver=` and `flags=`: a list with commas.
[[nodiscard]] bool parse_driver(LineScanner& line, Driver& driver);
[[nodiscard]] bool parse_listed_flags(LineScanner& line, Flags& flags);

// Whether one more of `max` lines may come; `noun` says of what kind.
[[nodiscard]] bool check_count(LineScanner& line, std::size_t count, std::size_t max,
                               std::string_view noun);

// The name of a file that is being declared.
[[nodiscard]] bool parse_new_file_name(LineScanner& line, std::string& name,
                                       const FileNames& files);

}  // namespace vmacheck::text
