// Texts that come from elsewhere, made fit to print.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmacheck {

// Lines of at most `width` columns, broken at spaces; a word that is longer stays whole.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// Printable ASCII stays; every other byte, so also the escapes that move a terminal's cursor and
// what is not UTF-8, becomes `?`.
std::string printable(std::string_view text);

// As it is, or in single quotes if a shell would see more in it than a word.
std::string quoted_for_shell(const std::string& word);

}  // namespace vmacheck
