// The binary form of programs: what a fuzzing engine mutates and what its corpus holds.
//
// A program is a sequence of records of 16 bytes: an optional world record, and limits, file, area
// and step records. docs/format.md has the tables. Decoding is total: every byte string is a
// program, and one that is well-formed in the sense of model/text.h. So an engine that knows
// nothing of records loses no input, and a mutator that does needs no repairs. What is out of range
// is brought into it (mostly modulo), never refused.
//
// Many byte strings stand for one program; encode_program() writes the canonical one. These laws
// hold (properties/laws_binary.cpp), where decode() fills in one profile:
// - canonical(bytes) = encode(decode(bytes)) decodes to the same program and is its own canonical
//   form;
// - decode(encode(program)) == program, for every well-formed program without a misfit.
//
// The meaning of canonical bytes is for ever, and corpus/golden pins it. So operations, profiles,
// stages, the values of an enum, the fields of an operation and the flags of an area are appended
// and never inserted or moved. A zero byte is the default of its field, so a new field changes no
// old file.
//
// The bytes of a step are derived from the `fields` of its operation (model/op.h): a type of field
// has one FieldForm (model/binary_fields.h), an operation has nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/program.h"

namespace vmacheck {

inline constexpr std::size_t record_size = 16;
inline constexpr std::uint8_t binary_version = 1;

// A byte holds a page of such a world, and a number of its pages.
inline constexpr PageCount binary_pages_max{255};
// More than the generator draws; with so few, each unnamed file finds a letter.
inline constexpr std::size_t binary_files_max = 16;
inline constexpr std::size_t binary_name_length_max = 11;
inline constexpr std::uint32_t binary_fault_max = 255;
inline constexpr std::uint16_t binary_failure_k_max = 256;

// Offsets in files and sizes of files: the first pages, and the last ones that a file can have, so
// that an offset can overflow (EOVERFLOW).
inline constexpr std::uint64_t near_pages_end = 0xff00;
inline constexpr std::uint64_t far_pages_start = file_pages_max - 255;
constexpr bool has_stored_form(std::uint64_t pages) {
    return pages < near_pages_end || (far_pages_start <= pages && pages <= file_pages_max);
}

// `profile` holds where the bytes have no world record. Any version is read as version 1; who wants
// to refuse others asks binary_version_of() first. A record that is not whole is ignored, as are
// files above binary_files_max and steps above step_lines_max. The storage of `world` and `steps`
// is used again, so that decoding one program after the other allocates nothing in the long run.
void decode_program(std::span<const std::uint8_t> bytes, const Profile& profile, World& world,
                    std::vector<Step>& steps);

// Why a well-formed program has no binary form; nothing if it has one. Comments and claims are not
// part of what runs, so they stay behind without being a reason.
[[nodiscard]] std::optional<std::string> binary_misfit(const World& world,
                                                       const std::vector<Step>& steps);

// Replaces `bytes` by the canonical form, which always has a world record. CHECKs that the program
// fits.
void encode_program(const World& world, const std::vector<Step>& steps,
                    std::vector<std::uint8_t>& bytes);

// Bytes of encode_program()'s answer before its first step record: world, limits, files, areas.
[[nodiscard]] std::size_t binary_header_size(const World& world);

// The version that the world record names; nothing if the bytes do not begin with a whole one.
[[nodiscard]] std::optional<std::uint8_t> binary_version_of(std::span<const std::uint8_t> bytes);

}  // namespace vmacheck
