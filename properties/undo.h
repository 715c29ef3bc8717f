// Undoing: which operation gives pages their attributes back, and how pieces of areas are chosen
// for it.
//
// The same function names the operations that do nothing: to undo a change that was not made.
#pragma once

#include <cstddef>
#include <optional>

#include "model/op.h"
#include "model/target.h"
#include "model/world.h"
#include "properties/snapshot.h"
#include "search/source.h"

namespace vmacheck {

// The operation that gives pages with attributes `before` these again after `change` was done to
// them; nothing if there is none. It may leave another `account`.
std::optional<Op> undo(const World& world, const Op& change, const Attributes& before,
                       PageRange range);

// An operation that gives pages another protection, advice, name, policy, lock or userfaultfd.
Op draw_change(Source& source, const World& world, PageRange range);

// A space that has areas; nothing if none has.
std::optional<SpaceId> draw_space(Source& source, const Snapshot& snapshot);

// A part of `range`, often one that reaches one of its ends, sometimes all of it.
PageRange draw_part(Source& source, PageRange range);

// Any range of the world, often one that ends at boundaries of the view.
PageRange draw_range(Source& source, const SpaceView& view, const World& world);

// Areas that follow each other without a hole, [first, end), and a range that touches all of them.
struct Stretch {
    std::size_t first;
    std::size_t end;
    PageRange range;
};
Stretch draw_stretch(Source& source, const SpaceView& view);

PageRange intersection(PageRange one, PageRange other);

}  // namespace vmacheck
