// What a mutated program keeps, so that it can be written in the binary form (model/binary.h): a
// page takes a byte there, and an offset two.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/binary.h"
#include "model/profile.h"
#include "model/program.h"
#include "search/minimize.h"

namespace vmacheck {

struct MutateLimits {
    std::size_t steps_max = 64;
    PageCount pages_max = binary_pages_max;
    std::size_t files_max = binary_files_max;
    const Profile* profile = nullptr;  // The one that every program gets; null: the one it has.
};

// The nearest offset with a binary form, on the same side of the gap.
constexpr std::uint64_t nearest_stored_offset(std::uint64_t offset) {
    if (has_stored_form(offset)) return offset;
    if (offset > file_pages_max) return file_pages_max;
    return offset < file_pages_max / 2 ? near_pages_end - 1 : far_pages_start;
}

// Gives `file` the first name of one letter or two that no other file of the world has.
void give_name(File& file, const World& world);

// Changes what does not keep the limits: values go to the nearest that does, initial areas that
// cannot be kept go. What keeps them stays as it is.
void fit(Candidate& program, const MutateLimits& limits);

}  // namespace vmacheck
