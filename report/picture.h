// Pictures of an address space, one line each.
//
//     pages     01234567
//     expected  AAA.....
//     found     ABC.....
//
// An area is a letter: A, B, C... in their order, so that two areas that touch differ; capital when
// it can be written, small when not. A dot is a hole. A column is a page. In a world too wide for
// that, a column is a stretch that no drawn area cuts, and a legend says which pages it stands for;
// of very many stretches only those around the pages of interest are drawn.
#pragma once

#include <string>
#include <vector>

#include "model/reference.h"
#include "model/target.h"

namespace vmacheck {

// Worlds of at most this many pages get a column a page.
inline constexpr PageCount column_per_page_max{96};
// The most columns of a wider world.
inline constexpr std::size_t stretch_columns_max = 48;

// What an `areas` line says of them: the list, or the number if there are more than `listed_max`.
std::string areas_text(const std::vector<AreaView>& areas, std::size_t listed_max);

class Canvas {
  public:
    // For pictures of the lists in `drawn`, which share a ruler. `focus` is what must be visible.
    Canvas(const World& world, const std::vector<const std::vector<AreaView>*>& drawn,
           PageRange focus);

    // "pages", or "cells" if columns are stretches.
    [[nodiscard]] std::string ruler_name() const { return per_page_ ? "pages" : "cells"; }
    // The digits above the columns: one line, or two if the columns need two digits.
    [[nodiscard]] std::vector<std::string> ruler() const;
    [[nodiscard]] std::string draw(const std::vector<AreaView>& areas) const;
    // "0 = 4096+16": what the columns stand for; empty if they are pages.
    [[nodiscard]] std::vector<std::string> legend() const;

  private:
    std::vector<PageRange> columns_;
    std::size_t first_ = 0;  // Number of the first column.
    bool per_page_ = true;
};

// The picture of one list under its ruler, with the legend: lines for `--step` and `show`.
std::vector<std::string> picture_lines(const World& world, const std::vector<AreaView>& areas,
                                       PageRange focus);

}  // namespace vmacheck
