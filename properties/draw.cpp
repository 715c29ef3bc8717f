// The generators; see the header. An exec stands around each part that is to shrink as one.
#include "properties/draw.h"

#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "model/check_macro.h"
#include "model/text.h"

namespace vmacheck {
namespace {

Generator generator_of(const LawSetting& setting) {
    return {*setting.alphabet, *setting.profile, setting.pages};
}

Prot draw_prot(Source& source) {
    return {Flags::of(static_cast<std::uint32_t>(source.below(8)) ^ 3U)};
}

Backing draw_backing(Source& source, const World& world) {
    Backing backing;
    backing.file.value = static_cast<std::uint32_t>(source.below(world.files.size() + 1));
    if (!backing.file.none()) backing.offset = source.below(page_number_max);
    return backing;
}

// All that may stand in a comment, the marks of the format included.
std::string draw_words(Source& source) {
    constexpr std::array<std::string_view, 12> pieces = {
        "a",     " ",       "#",        "= ok",         "@1",
        "|",     "! split", "\xc3\xa9", "\xe2\x86\x92", "\xf0\x9f\x99\x82",
        "vma 1", "\"",
    };
    std::string words;
    const std::uint64_t count = source.below(5);
    for (std::uint64_t i = 0; i < count; ++i) words += pieces[source.below(pieces.size())];
    return words;
}

// Most lines have none.
Comments draw_comments(Source& source) {
    Comments comments;
    if (!source.one_in(4)) return comments;
    const std::uint64_t above = source.below(3);
    for (std::uint64_t i = 0; i < above; ++i) comments.above.push_back(draw_words(source));
    comments.beside = draw_words(source);
    return comments;
}

std::vector<Comments> draw_comments(Source& source, std::size_t count) {
    std::vector<Comments> list(count);
    bool any = false;
    for (Comments& comments : list) {
        comments = draw_comments(source);
        any = any || comments != Comments{};
    }
    return any ? list : std::vector<Comments>{};
}

// Flags that a text lists one by one.
constexpr std::array<Flag, 10> listed_flags = {
    Flag::account,      Flag::noreserve, Flag::seq_read,  Flag::rand_read, Flag::dont_copy,
    Flag::wipe_on_fork, Flag::dont_dump, Flag::mergeable, Flag::huge_page, Flag::no_huge_page,
};

InitialArea draw_initial_area(Source& source, const World& world, PageRange range) {
    InitialArea area;
    area.range = range;
    Prot prot = draw_prot(source);
    const Backing backing = draw_backing(source, world);
    const File* const file = world.file(backing.file);
    Flags flags = may_access_flags;
    if (file != nullptr && source.one_in(3)) {
        flags = flags | Flag::shared | Flag::may_share;
        if (file->read_only) {
            flags = flags.without(Flag::shared | Flag::may_write);
            prot.flags = prot.flags.without(Flag::write);
        }
    }
    for (const Flag flag : listed_flags) {
        if (source.one_in(6)) flags = flags | flag;
    }
    if (file == nullptr && source.one_in(6)) {
        flags = flags | (source.one_in(2) ? Flag::grows_down : Flag::droppable);
    }
    area.attributes.flags = flags | prot.flags;
    area.attributes.file = backing.file;
    area.attributes.pgoff = backing.offset;
    if (file == nullptr) {
        area.attributes.pgoff =
            source.one_in(4) ? source.below(page_number_max) : range.start.value;
    }
    if (file == nullptr && source.one_in(4) && !flags.has(Flag::droppable)) {
        area.attributes.uffd = source.one_in(2) ? UffdContext::a : UffdContext::b;
        area.attributes.flags =
            area.attributes.flags | uffd_mode_flags[source.below(uffd_mode_flags.size())];
    }
    if (source.one_in(3)) {
        area.attributes.fault.value = static_cast<std::uint32_t>(1 + source.below(5));
        // Areas that share an identity share its history.
        area.attributes.forked = area.attributes.fault.value % 3 == 0;
    }
    return area;
}

std::vector<InitialArea> draw_initial_areas(Source& source, const World& world) {
    std::vector<InitialArea> areas;
    const std::uint64_t count = source.below(4);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        at += source.below(4);
        if (at >= world.pages.value) break;
        const std::uint64_t room = world.pages.value - at;
        const PageRange range{Page{at}, PageCount{1 + source.below(room < 8 ? room : 8)}};
        areas.push_back(draw_initial_area(source, world, range));
        at = range.end().value;
    }
    return areas;
}

AreasLine draw_areas_line(Source& source, const World& world) {
    AreasLine line;
    line.space.value = static_cast<std::uint8_t>(source.below(space_count_max));
    if (source.one_in(3)) {
        line.areas = source.below(page_number_max);
        return line;
    }
    std::vector<AreasLine::Area> areas(1 + source.below(3));
    for (AreasLine::Area& area : areas) {
        area.range = {Page{source.below(world.pages.value)}, PageCount{source.below(9)}};
        area.prot = draw_prot(source);
        if (source.one_in(2)) area.backing = draw_backing(source, world);
    }
    line.areas = std::move(areas);
    return line;
}

// The lines of the text in which `step` stands: it, and maybe a claim about the areas behind it.
std::vector<Line> draw_lines(Source& source, const World& world, const Step& step) {
    StepLine content{step, std::nullopt};
    if (source.one_in(2)) {
        const auto error = static_cast<Errno>(source.below(errno_count - 1));
        content.claim = Result{error, source.one_in(4)};
    }
    std::vector<Line> lines;
    lines.push_back({content, draw_comments(source)});
    if (source.one_in(4)) lines.push_back({draw_areas_line(source, world), draw_comments(source)});
    return lines;
}

}  // namespace

std::uint64_t RcSource::below(std::uint64_t count) {
    CHECK(count > 0);
    if (count == 1) return 0;
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint64_t>(0, count));
}

rc::Gen<Swarm> draw_swarm(const LawSetting& setting) {
    return rc::gen::exec([setting] {
        RcSource source;
        Swarm swarm;
        generator_of(setting).draw_swarm(source, swarm);
        return swarm;
    });
}

rc::Gen<Step> draw_step(const LawSetting& setting, const Swarm& swarm) {
    return rc::gen::exec([setting, shared = std::make_shared<const Swarm>(swarm)] {
        RcSource source;
        return generator_of(setting).draw_step(source, *shared, nullptr);
    });
}

rc::Gen<Candidate> draw_candidate(const LawSetting& setting) {
    return rc::gen::exec([setting] {
        const Swarm swarm = *draw_swarm(setting);
        Candidate candidate{swarm.world, {}};
        candidate.steps = *rc::gen::container<std::vector<Step>>(draw_step(setting, swarm));
        return candidate;
    });
}

rc::Gen<Program> draw_program(const LawSetting& setting) {
    return rc::gen::exec([setting] {
        const Candidate candidate = *draw_candidate(setting);
        RcSource source;
        Program program;
        program.world = candidate.world;
        program.world.areas = draw_initial_areas(source, program.world);
        program.version_comments.beside = draw_comments(source).beside;
        program.world_comments = draw_comments(source);
        program.file_comments = draw_comments(source, program.world.files.size());
        program.area_comments = draw_comments(source, program.world.areas.size());
        for (const Step& step : candidate.steps) {
            for (Line& line : draw_lines(source, program.world, step)) {
                program.lines.push_back(std::move(line));
            }
        }
        program.end_comments = draw_comments(source).above;
        return program;
    });
}

rc::Gen<std::vector<std::uint8_t>> draw_bytes() {
    constexpr double bytes_per_step = 12;
    const auto byte = rc::gen::exec([] {
        RcSource source;
        return static_cast<std::uint8_t>(source.below(256));
    });
    return rc::gen::scale(bytes_per_step, rc::gen::container<std::vector<std::uint8_t>>(byte));
}

void fail(const std::string& message) {
    throw rc::detail::CaseResult(rc::detail::CaseResult::Type::Failure, message);
}

// NOLINTBEGIN(readability-identifier-naming)
void showValue(const Candidate& candidate, std::ostream& out) {
    out << '\n' << print_program(program_of(candidate.world, candidate.steps));
}

void showValue(const Program& program, std::ostream& out) {
    out << '\n' << print_program(program);
}

// The names of the files are in the world, which a step alone does not know.
void showValue(const Step& step, std::ostream& out) {
    out << op_name(step.op.index());
}

void showValue(const Swarm& swarm, std::ostream& out) {
    std::string text;
    print_header(text, swarm.world);
    out << '\n' << text;
}
// NOLINTEND(readability-identifier-naming)

}  // namespace vmacheck
