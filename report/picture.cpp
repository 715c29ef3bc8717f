// Columns, letters and rulers; see the header.
#include "report/picture.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/text.h"

namespace vmacheck {
namespace {

constexpr std::size_t legend_width_max = 58;

// The letter of the area with index `at` in its list.
char letter_of(const AreaView& area, std::size_t at) {
    const char first = area.attributes.flags.has(Flag::write) ? 'A' : 'a';
    return static_cast<char>(first + static_cast<char>(at % 26));
}

// The stretches between the ends of all areas drawn, from page 0 to the end of the world.
std::vector<PageRange> stretches_of(const World& world,
                                    const std::vector<const std::vector<AreaView>*>& drawn) {
    const Page end{world.pages.value};
    std::vector<Page> cuts{Page{0}, end};
    for (const std::vector<AreaView>* areas : drawn) {
        for (const AreaView& area : *areas) {
            cuts.push_back(std::min(area.range.start, end));
            cuts.push_back(std::min(area.range.end(), end));
        }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    std::vector<PageRange> stretches;
    for (std::size_t at = 1; at < cuts.size(); ++at) {
        stretches.push_back(range_between(cuts[at - 1], cuts[at]));
    }
    return stretches;
}

// Where a window of `width` columns begins that has the start of `focus` a third from its left.
std::size_t window_start(const std::vector<PageRange>& columns, PageRange focus,
                         std::size_t width) {
    const auto at = std::find_if(columns.begin(), columns.end(), [&](const PageRange& column) {
        return column.contains(focus.start);
    });
    if (at == columns.end()) return 0;
    const auto index = static_cast<std::size_t>(at - columns.begin());
    const std::size_t wished = index < width / 3 ? 0 : index - width / 3;
    return std::min(wished, columns.size() - width);
}

}  // namespace

std::string areas_text(const std::vector<AreaView>& areas, std::size_t listed_max) {
    if (areas.empty() || areas.size() > listed_max) return std::to_string(areas.size());
    std::string text;
    for (const AreaView& area : areas) {
        if (!text.empty()) text += " | ";
        print_range(text, area.range);
        text += ' ';
        print_prot(text, {area.attributes.flags & access_flags});
    }
    return text;
}

Canvas::Canvas(const World& world, const std::vector<const std::vector<AreaView>*>& drawn,
               PageRange focus)
    : per_page_(world.pages <= column_per_page_max) {
    if (per_page_) {
        for (std::uint64_t page = 0; page < world.pages.value; ++page) {
            columns_.push_back({Page{page}, PageCount{1}});
        }
        return;
    }
    columns_ = stretches_of(world, drawn);
    if (columns_.size() <= stretch_columns_max) return;
    first_ = window_start(columns_, focus, stretch_columns_max);
    const auto start = columns_.begin() + static_cast<std::ptrdiff_t>(first_);
    columns_ = {start, start + static_cast<std::ptrdiff_t>(stretch_columns_max)};
}

std::vector<std::string> Canvas::ruler() const {
    std::string tens;
    std::string ones;
    // The stretches are numbered from 0 in their own window: the legend says where that lies.
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        ones += static_cast<char>('0' + static_cast<char>(column % 10));
        const bool shown = column % 10 == 0 && column > 0;
        tens += shown ? static_cast<char>('0' + static_cast<char>(column / 10)) : ' ';
    }
    while (!tens.empty() && tens.back() == ' ') tens.pop_back();
    if (tens.empty()) return {ones};
    return {tens, ones};
}

std::string Canvas::draw(const std::vector<AreaView>& areas) const {
    std::string picture(columns_.size(), '.');
    std::size_t at = 0;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        const Page page = columns_[column].start;
        while (at < areas.size() && areas[at].range.end() <= page) ++at;
        if (at == areas.size()) break;
        if (areas[at].range.contains(page)) picture[column] = letter_of(areas[at], at);
    }
    return picture;
}

std::vector<std::string> Canvas::legend() const {
    std::vector<std::string> lines;
    if (per_page_) return lines;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        std::string entry = fmt::format("{} = ", column);
        print_range(entry, columns_[column]);
        if (!lines.empty() && lines.back().size() + entry.size() + 3 <= legend_width_max)
            lines.back() += "   " + entry;
        else
            lines.push_back(entry);
    }
    return lines;
}

std::vector<std::string> picture_lines(const World& world, const std::vector<AreaView>& areas,
                                       PageRange focus) {
    const Canvas canvas(world, {&areas}, focus);
    std::vector<std::string> lines;
    const std::vector<std::string> ruler = canvas.ruler();
    for (const std::string& line : ruler) {
        lines.push_back(
            fmt::format("{:<8}{}", &line == &ruler.back() ? canvas.ruler_name() : "", line));
    }
    lines.push_back(fmt::format("{:<8}{}", "areas", canvas.draw(areas)));
    for (const std::string& line : canvas.legend())
        lines.push_back(fmt::format("{:<8}{}", "", line));
    return lines;
}

}  // namespace vmacheck
