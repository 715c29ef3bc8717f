// Text for people. It goes to stdout, but to stderr if stdout carries a document for machines.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace vmacheck::cli {

// `json` is the value of the option of that name.
inline std::FILE* text_file(const std::string& json) {
    return json == "-" ? stderr : stdout;
}

// Never throws: a full disk or a closed pipe must not come between a find and its file. Whether
// stdout took everything is asked at the end of the command.
template <class... Values>
void say(std::FILE* file, fmt::format_string<Values...> format, Values&&... values) {
    const std::string text = fmt::format(format, std::forward<Values>(values)...);
    std::fwrite(text.data(), 1, text.size(), file);
}

}  // namespace vmacheck::cli
