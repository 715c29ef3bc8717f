// What lies beside a range, and operations that ask for the same: equal attributes on both sides of
// a boundary are what merging is about.
//
// Copying is derived from the `fields` of operations (model/op.h): a new operation costs no line, a
// new type of field one overload in mutate_neighbour.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "model/program.h"
#include "model/reference.h"
#include "search/source.h"

namespace vmacheck {

// A cell beside a range, and the end of the range that it lies at.
struct Neighbour {
    const Cell* cell = nullptr;
    const Cell* own = nullptr;  // The cell of the range next to it; null outside of the world.
    bool is_left = true;
    PageRange range;
    std::size_t files = 0;  // Of the world; the objects of shared anonymous memory come behind.
};

// Whether there is an area at a page, which may lie outside of the world.
bool is_mapped(const std::vector<Cell>& cells, std::uint64_t page);

// The mapped cell beside one end of `range`, or beside the other.
std::optional<Neighbour> find_neighbour(const std::vector<Cell>& cells, PageRange range,
                                        const World& world, Source& source);

// The fields of `op` take over what the neighbour carries; false if they had it.
bool copy_neighbour(const Neighbour& neighbour, Op& op, Source& source);

// The operation that makes the neighbour's range, which is mapped or not, more like the neighbour.
[[nodiscard]] Op op_towards(const Neighbour& neighbour, Source& source);

}  // namespace vmacheck
