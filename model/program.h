// Programs: a world, and the steps that are run in it.
//
// A program is also a text (model/text.h), so it keeps the comments and the claims of that text.
// What runs needs only `world` and the steps.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/op.h"
#include "model/result.h"
#include "model/stage.h"
#include "model/world.h"

namespace vmacheck {

struct Step {
    Op op;
    SpaceId space;
    Failure failure;
    friend bool operator==(const Step&, const Step&) = default;
};

// `# ...` lines above a line, and the comment at its end; both without the `#`.
struct Comments {
    std::vector<std::string> above;
    std::string beside;
    friend bool operator==(const Comments&, const Comments&) = default;
};

// A step and, if the text claims one, its result.
struct StepLine {
    Step step;
    std::optional<Result> claim;
    friend bool operator==(const StepLine&, const StepLine&) = default;
};

// A claim about all areas of a space: their number, or the list of them.
struct AreasLine {
    struct Area {
        PageRange range;
        Prot prot;
        std::optional<Backing> backing;
        friend bool operator==(const Area&, const Area&) = default;
    };
    SpaceId space;
    std::variant<std::uint64_t, std::vector<Area>> areas;
    friend bool operator==(const AreasLine&, const AreasLine&) = default;
};

struct Line {
    std::variant<StepLine, AreasLine> content;
    Comments comments;
    friend bool operator==(const Line&, const Line&) = default;
};

struct Program {
    World world;
    std::vector<Line> lines;

    Comments version_comments;
    Comments world_comments;
    std::vector<Comments> file_comments;  // Empty, or one for each file of the world.
    std::vector<Comments> area_comments;  // Empty, or one for each initial area.
    std::vector<std::string> end_comments;

    [[nodiscard]] std::vector<Step> steps() const {
        std::vector<Step> found;
        for (const Line& line : lines) {
            if (const auto* step = std::get_if<StepLine>(&line.content))
                found.push_back(step->step);
        }
        return found;
    }
    friend bool operator==(const Program&, const Program&) = default;
};

// The program that runs `steps` in `world`: no comments, no claims.
inline Program program_of(const World& world, const std::vector<Step>& steps) {
    Program program;
    program.world = world;
    for (const Step& step : steps) program.lines.push_back({StepLine{step, std::nullopt}, {}});
    return program;
}

}  // namespace vmacheck
