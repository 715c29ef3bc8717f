// Passes of the minimizer that are about one kind of thing: initial areas, and moves.
#pragma once

#include "search/passes.h"

namespace vmacheck {

// An area that is there from the start is made by steps instead.
void replace_areas(const Candidate& best, const Finding& finding, const Consider& consider);

// Initial areas without one of the things that they carry: all of them, or each by itself.
void simplify_areas(const Candidate& best, const Finding& finding, const Consider& consider);

// A move to where the pages are, or of as many pages as there were.
void simplify_moves(const Candidate& best, const Finding& finding, const Consider& consider);

}  // namespace vmacheck
