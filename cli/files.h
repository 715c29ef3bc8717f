// Reading programs and writing what was found. Bad input is one clear line on stderr, never a
// crash; what is written appears at once and whole, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/program.h"

namespace vmacheck::cli {

// A larger file is refused before it is read: the longest trace has a tenth of this.
inline constexpr std::size_t input_bytes_max = std::size_t{64} << 20;

// Prints `vmacheck: MESSAGE` on stderr; never throws.
void complain(std::string_view message);

// The bytes of a file; nothing, with a complaint, if it is missing, a directory, too large, ...
[[nodiscard]] std::optional<std::string> read_input(const std::string& path);

// Whether an engine names files so: `crash-...` and its likes an input that ended its process, the
// inputs of a corpus by a hash.
[[nodiscard]] bool is_engine_artifact(const std::string& name);
[[nodiscard]] bool is_engine_input(const std::string& name);

struct ProgramFile {
    std::string path;
    std::string text;
    Program program;
};
// A `.vma` file, a journal, which may end in NUL bytes and in a torn line, or a program in binary
// form (model/binary.h). Binary is what begins with a world record, and what an engine has named,
// unless it ends in `.vma` or begins like a text. The text of a binary program is that which prints
// it.
[[nodiscard]] std::optional<ProgramFile> read_program(const std::string& path);

// The lines of the text (counted from 1) on which the lines of its program stand.
[[nodiscard]] std::vector<std::size_t> line_numbers(const ProgramFile& file);

// The files that PATHS mean: a directory stands for the `*.vma` files in it, by name.
[[nodiscard]] std::optional<std::vector<std::string>> expand(const std::vector<std::string>& paths);

// Whether `path` can be written; complains if not. Leaves what is there as it is. `-` is stdout.
[[nodiscard]] bool check_output(const std::string& path);
// Makes the directory if it is missing.
[[nodiscard]] bool check_output_directory(const std::string& path);

// Replaces a regular file in one move, after its bytes have reached the disk. A device or a pipe is
// written to as it is. False, with a complaint, if that fails; then nothing has changed.
[[nodiscard]] bool write_output(const std::string& path, std::string_view text);

// The journals in a folder that hold a program, by name.
[[nodiscard]] std::vector<std::string> leftover_journals(const std::string& directory);

// FNV-1a, 12 hexadecimal digits: the part of a file's name that tells programs apart.
[[nodiscard]] std::string hash_of(std::string_view text);
// `text` with everything but letters, digits, `_` and `.` made into one `-`.
[[nodiscard]] std::string file_name_of(std::string_view text);

}  // namespace vmacheck::cli
