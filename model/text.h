// The text of programs: the form in which a program is kept, read and mailed.
//
//     vma 1
//     world pages=64 profile=linux-6.18
//     file a driver=mmap_prepare pages=32
//     mmap 0+4 rw- anon private                    = ok
//     munmap 2+1 ! split                           = ENOMEM
//     areas 0+4 rw-
//
// docs/format.md is the manual of the format. The text of a step is derived from the `fields` of
// its operation (model/op.h): a field type has one printer and one parser, an operation has none.
//
// Two laws hold. For every well-formed program, parse(print(program)) == program; and for every
// text that parses, print(parse(text)) is a fixpoint. A program that came from parse_program() is
// well-formed. One that was built otherwise is, if its numbers keep the limits below and those of
// world.h, and if it holds nothing that the text cannot say:
// - the comments are UTF-8 without control characters, there is none above the version, and
//   `file_comments` and `area_comments` are empty unless one of their entries says something;
// - the files have different names, and a Backing without a file has the offset 0;
// - the members of a Failure that its kind does not use have their defaults;
// - a claim with an empty list of areas is the number 0;
// - initial areas are sorted, do not overlap, lie inside the world, and have the MAY and sharing
//   flags that mmap would have given them; none is shared anonymous memory, none is `forked`
//   without a fault identity, and those with the same identity are all forked or none is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "model/program.h"

namespace vmacheck {

// The limits of a text; a text beyond one is refused. Pages, counts of pages and offsets stay below
// page_number_max, so that the sum of two cannot wrap.
inline constexpr std::size_t step_lines_max = 1'000'000;   // As many as a long trace has.
inline constexpr std::size_t areas_lines_max = 1'000'000;  // One claim after each step.
inline constexpr std::size_t initial_areas_max = 1'000'000;
inline constexpr std::uint32_t fault_number_max = 1'000'000;  // One for each initial area.
inline constexpr std::size_t file_name_length_max = 64;

// Line and column count from 1, the column in bytes. `message` says what was expected and found.
struct ParseError {
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;
};

// NUL bytes at the end of `text` are ignored: a journal that is written through mmap has them.
[[nodiscard]] std::variant<Program, ParseError> parse_program(std::string_view text);

[[nodiscard]] std::string print_program(const Program& program);

// The printers append to `out` and add no newline, except print_header, which ends each of its
// lines (version, world, files, initial areas) with one.
void print_header(std::string& out, const World& world);

// One step, without claim and comments. Allocates nothing but room in `out`.
void print_step(std::string& out, const Step& step, const World& world);

// The parts that reports use as well.
void print_number(std::string& out, std::uint64_t number);
void print_range(std::string& out, PageRange range);                               // 8+2
void print_prot(std::string& out, Prot prot);                                      // rw-
void print_backing(std::string& out, const Backing& backing, const World& world);  // file=a@0
void print_failure(std::string& out, const Failure& failure);                      // ! split#2
void print_result(std::string& out, Result result);                                // ok unused

// What an area line says behind its range: `rw- anon private flags=account fault=1`. `start` is the
// page that `attributes` speak of. The object of shared anonymous memory is printed as `anon`.
void print_attributes(std::string& out, const Attributes& attributes, Page start,
                      const World& world);

}  // namespace vmacheck
