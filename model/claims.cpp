// See the header.
#include "model/claims.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "model/text.h"

namespace vmacheck {

std::vector<AreaView> areas_of(const Reference& reference, SpaceId space) {
    std::vector<AreaView> areas;
    if (!reference.has_space(space)) return areas;
    const std::vector<Cell>& cells = reference.cells(space);
    const Cells& layout = reference.layout();
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        if (!cells[cell].mapped) continue;
        if (cells[cell].boundary) {
            areas.push_back({{layout.start(cell), PageCount{0}}, cells[cell].attributes});
        }
        areas.back().range.count += layout.weight(cell);
    }
    return areas;
}

AreasLine claim_about(const std::vector<AreaView>& areas, SpaceId space, const World& world) {
    AreasLine line{space, std::uint64_t{areas.size()}};
    if (areas.empty()) return line;
    std::vector<AreasLine::Area> listed;
    for (const AreaView& area : areas) {
        const Attributes& at = area.attributes;
        const bool named = world.file(at.file) != nullptr;
        listed.push_back({area.range,
                          {at.flags & access_flags},
                          named ? Backing{at.file, at.pgoff} : Backing{}});
    }
    line.areas = std::move(listed);
    return line;
}

bool claim_holds(const AreasLine& line, const std::vector<AreaView>& areas, const World& world) {
    if (const auto* const count = std::get_if<std::uint64_t>(&line.areas)) {
        return *count == areas.size();
    }
    const auto& claimed = std::get<std::vector<AreasLine::Area>>(line.areas);
    if (claimed.size() != areas.size()) return false;
    const AreasLine held = claim_about(areas, line.space, world);
    const auto& found = std::get<std::vector<AreasLine::Area>>(held.areas);
    return std::equal(claimed.begin(), claimed.end(), found.begin(),
                      [](const AreasLine::Area& claim, const AreasLine::Area& area) {
                          const bool same_backing = !claim.backing || claim.backing == area.backing;
                          return claim.range == area.range && claim.prot == area.prot &&
                                 same_backing;
                      });
}

std::string print_areas(const AreasLine& line, const World& world) {
    if (const auto* const count = std::get_if<std::uint64_t>(&line.areas)) {
        return std::to_string(*count);
    }
    std::string text;
    for (const AreasLine::Area& area : std::get<std::vector<AreasLine::Area>>(line.areas)) {
        if (!text.empty()) text += " | ";
        print_range(text, area.range);
        text += ' ';
        print_prot(text, area.prot);
        if (!area.backing) continue;
        text += ' ';
        print_backing(text, *area.backing, world);
    }
    return text;
}

}  // namespace vmacheck
