// Printing a program as text.
//
// Everything appends to a string of the caller, with std::to_chars for numbers: a soak run prints
// every step into a journal before it runs. Claims stand in one column, so that a program reads
// like a table: steps to the left, results to the right.
#include <charconv>
#include <type_traits>

#include "model/check_macro.h"
#include "model/text.h"
#include "model/text_fields.h"

namespace vmacheck {

namespace {

// Bytes of a line before the `=` of its claim. A longer step is followed by one space.
constexpr std::size_t claim_offset = 45;

// One overload for each type of field; each puts a space before its text.
void print_field(std::string& out, PageRange range, const World&) {
    out += ' ';
    print_range(out, range);
}

void print_field(std::string& out, Page page, const World&) {
    out += ' ';
    print_number(out, page.value);
}

void print_field(std::string& out, FilePage page, const World&) {
    out += ' ';
    print_number(out, page.value);
}

void print_field(std::string& out, Prot prot, const World&) {
    out += ' ';
    print_prot(out, prot);
}

void print_field(std::string& out, const Backing& backing, const World& world) {
    out += ' ';
    print_backing(out, backing, world);
}

void print_field(std::string& out, SpaceId space, const World&) {
    out += ' ';
    print_number(out, space.value);
}

template <class Enum>
requires std::is_enum_v<Enum>
void print_field(std::string& out, Enum value, const World&) {
    const std::string_view name = names_of(value)[static_cast<std::size_t>(value)];
    if (name.empty()) return;
    out += ' ';
    out += name;
}

void print_space(std::string& out, SpaceId space) {
    out += '@';
    print_number(out, space.value);
}

void print_comments_above(std::string& out, const std::vector<std::string>& comments) {
    for (const std::string& comment : comments) {
        out += '#';
        out += comment;
        out += '\n';
    }
}

void end_line(std::string& out, std::string_view comment_beside) {
    if (!comment_beside.empty()) {
        out += "  #";
        out += comment_beside;
    }
    out += '\n';
}

void print_world(std::string& out, const World& world) {
    out += "world pages=";
    print_number(out, world.pages.value);
    out += " profile=";
    out += world.profile->name;
    if (world.max_map_count != max_map_count_default) {
        out += " max_map_count=";
        print_number(out, world.max_map_count);
    }
    for (const WorldLimit& limit : world_limits) {
        if (world.*limit.member == no_limit) continue;
        out += ' ';
        out += limit.name;
        out += '=';
        print_number(out, world.*limit.member);
    }
    if (world.heap != Page{}) {
        out += " heap=";
        print_number(out, world.heap.value);
    }
    if (world.pkeys != 0) {
        out += " pkeys=";
        print_number(out, world.pkeys);
    }
    if (world.memory_merge) out += " memory_merge";
}

void print_file(std::string& out, const File& file) {
    out += "file ";
    out += file.name;
    out += " driver=";
    if (file.driver == Driver{}) out += text::driver_none;
    bool first = true;
    for (const text::DriverWord& word : text::driver_words) {
        if (!(file.driver.*word.member)) continue;
        if (!first) out += ',';
        first = false;
        out += word.name;
    }
    if (file.pages.value != 0) {
        out += " pages=";
        print_number(out, file.pages.value);
    }
    if (file.read_only) out += " mode=ro";
}

void print_listed_flags(std::string& out, Flags flags) {
    std::string_view separator = " flags=";
    for (std::size_t i = 0; i < text::listed_flag_names.size(); i++) {
        if (!flags.has(text::listed_flag(i))) continue;
        out += separator;
        out += text::listed_flag_names[i];
        separator = ",";
    }
}

// The context and its modes. A wrong target may have one without the other.
void print_uffd(std::string& out, const Attributes& attributes) {
    const Flags modes = attributes.flags & uffd_flags;
    if (attributes.uffd == UffdContext::none && modes.empty()) return;
    out += " uffd=";
    out += uffd_context_names[static_cast<std::size_t>(attributes.uffd)];
    for (std::size_t mode = 0; mode < uffd_mode_names.size(); mode++) {
        if (modes != uffd_mode_flags[mode]) continue;
        out += ' ';
        out += uffd_mode_names[mode];
    }
}

void print_initial_area(std::string& out, const InitialArea& area, const World& world) {
    out += "area ";
    print_range(out, area.range);
    out += ' ';
    print_attributes(out, area.attributes, area.range.start, world);
}

void print_content(std::string& out, const StepLine& line, const World& world) {
    const std::size_t line_start = out.size();
    print_step(out, line.step, world);
    if (!line.claim) return;
    const std::size_t width = out.size() - line_start;
    out.append(width < claim_offset ? claim_offset - width : 1, ' ');
    out += "= ";
    print_result(out, *line.claim);
}

void print_content(std::string& out, const AreasLine& line, const World& world) {
    out += "areas";
    if (line.space != SpaceId{}) {
        out += ' ';
        print_space(out, line.space);
    }
    const auto* const areas = std::get_if<std::vector<AreasLine::Area>>(&line.areas);
    if (areas == nullptr || areas->empty()) {
        out += ' ';
        print_number(out, areas == nullptr ? *std::get_if<std::uint64_t>(&line.areas) : 0);
        return;
    }
    std::string_view separator = "";
    for (const AreasLine::Area& area : *areas) {
        out += separator;
        print_field(out, area.range, world);
        print_field(out, area.prot, world);
        if (area.backing) print_field(out, *area.backing, world);
        separator = " |";
    }
}

struct HeaderComments {
    const Comments& version;
    const Comments& world;
    const std::vector<Comments>& files;
    const std::vector<Comments>& areas;
};

// The comments of entry `i` of a list that is empty when there are none.
const Comments& comments_of(const std::vector<Comments>& list, std::size_t i) {
    static const Comments no_comments;
    return list.empty() ? no_comments : list[i];
}

void print_commented_header(std::string& out, const World& world, const HeaderComments& comments) {
    out += "vma 1";
    end_line(out, comments.version.beside);

    print_comments_above(out, comments.world.above);
    print_world(out, world);
    end_line(out, comments.world.beside);

    for (std::size_t i = 0; i < world.files.size(); i++) {
        const Comments& around = comments_of(comments.files, i);
        print_comments_above(out, around.above);
        print_file(out, world.files[i]);
        end_line(out, around.beside);
    }
    for (std::size_t i = 0; i < world.areas.size(); i++) {
        const Comments& around = comments_of(comments.areas, i);
        print_comments_above(out, around.above);
        print_initial_area(out, world.areas[i], world);
        end_line(out, around.beside);
    }
}

}  // namespace

void print_number(std::string& out, std::uint64_t number) {
    char digits[20];  // 2^64 - 1 has 20.
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
    out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

void print_range(std::string& out, PageRange range) {
    print_number(out, range.start.value);
    out += '+';
    print_number(out, range.count.value);
}

void print_prot(std::string& out, Prot prot) {
    out += prot.flags.has(Flag::read) ? 'r' : '-';
    out += prot.flags.has(Flag::write) ? 'w' : '-';
    out += prot.flags.has(Flag::exec) ? 'x' : '-';
}

void print_backing(std::string& out, const Backing& backing, const World& world) {
    if (backing.file.none()) {
        out += "anon";
        return;
    }
    const File* const file = world.file(backing.file);
    CHECK(file != nullptr);
    out += "file=";
    out += file->name;
    out += '@';
    print_number(out, backing.offset);
}

void print_failure(std::string& out, const Failure& failure) {
    switch (failure.kind) {
        case Failure::Kind::none: return;
        case Failure::Kind::at_stage:
            out += "! ";
            out += name_of(failure.stage);
            if (failure.k == 1) return;
            break;
        case Failure::Kind::at_any: out += "! "; break;
    }
    out += '#';
    print_number(out, failure.k);
}

void print_result(std::string& out, Result result) {
    out += name_of(result.error);
    if (result.unused) out += " unused";
}

void print_attributes(std::string& out, const Attributes& attributes, Page start,
                      const World& world) {
    const bool has_named_file = world.file(attributes.file) != nullptr;
    const bool is_shared = attributes.flags.has(Flag::may_share);
    print_prot(out, {attributes.flags & access_flags});
    out += ' ';
    print_backing(out, has_named_file ? Backing{attributes.file, attributes.pgoff} : Backing{},
                  world);
    const Sharing alone =
        attributes.flags.has(Flag::droppable) ? Sharing::droppable : Sharing::is_private;
    print_field(out, is_shared ? Sharing::is_shared : alone, world);
    print_listed_flags(out, attributes.flags);
    if (!attributes.fault.none()) {
        out += " fault=";
        print_number(out, attributes.fault.value);
    }
    if (attributes.forked) out += " forked";
    if (attributes.policy != Policy::none) {
        out += " policy=";
        out += policy_names[static_cast<std::size_t>(attributes.policy)];
    }
    if (attributes.home_node) out += " home_node";
    if (attributes.name != AreaName::none) {
        out += " name=";
        out += area_names[static_cast<std::size_t>(attributes.name)];
    }
    print_uffd(out, attributes);
    if (attributes.flags.has_any(pkey_flags)) {
        out += " pkey=";
        print_number(out, pkey_of(attributes.flags));
    }
    if (!has_named_file && attributes.pgoff != start.value) {
        out += " pgoff=";
        print_number(out, attributes.pgoff);
    }
}

void print_step(std::string& out, const Step& step, const World& world) {
    if (step.space != SpaceId{}) {
        print_space(out, step.space);
        out += ' ';
    }
    out += op_name(step.op.index());
    std::visit(
        [&](const auto& op) {
            for_each_field(op,
                           [&](const auto&, const auto& value) { print_field(out, value, world); });
        },
        step.op);
    if (step.failure.kind == Failure::Kind::none) return;
    out += ' ';
    print_failure(out, step.failure);
}

void print_header(std::string& out, const World& world) {
    static const Comments no_comments;
    static const std::vector<Comments> no_list;
    print_commented_header(out, world, {no_comments, no_comments, no_list, no_list});
}

std::string print_program(const Program& program) {
    const World& world = program.world;
    std::string out;
    print_commented_header(out, world,
                           {program.version_comments, program.world_comments, program.file_comments,
                            program.area_comments});
    for (const Line& line : program.lines) {
        print_comments_above(out, line.comments.above);
        std::visit([&](const auto& content) { print_content(out, content, world); }, line.content);
        end_line(out, line.comments.beside);
    }
    print_comments_above(out, program.end_comments);
    return out;
}

}  // namespace vmacheck
