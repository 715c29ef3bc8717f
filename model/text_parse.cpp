// Parsing a program: one pass over the lines, each in one pass over its words.
//
// The lines come in a fixed order: version, world, files, initial areas, then steps and claims. The
// first mistake ends the parse. Comments above a line wait in `above_` until the line is there.
#include <algorithm>
#include <array>

#include "model/check_macro.h"
#include "model/text.h"
#include "model/text_fields.h"
#include "model/text_header.h"
#include "model/text_scanner.h"
#include "model/text_values.h"

namespace vmacheck {

namespace {

using text::Expected;
using text::LineScanner;
using text::quoted;

// The most fields that one of the operations has.
template <class>
constexpr std::size_t fields_max = 0;
template <class... Ops>
constexpr std::size_t fields_max<std::variant<Ops...>> =
    std::max({std::tuple_size_v<decltype(Ops::fields)>...});
static_assert(fields_max<Op> <= text::optional_words_max, "LineScanner remembers too few words");

// The kinds of lines, in the order in which they come. There is at most one `world`.
enum class Section : std::uint8_t { start, version, world, file, area, steps };

struct HeaderWord {
    std::string_view word;
    Section section;
};
constexpr std::array<HeaderWord, 3> header_words = {{
    {"world", Section::world},
    {"file", Section::file},
    {"area", Section::area},
}};

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}
    std::variant<Program, ParseError> run();

  private:
    [[nodiscard]] bool parse_line();
    [[nodiscard]] bool parse_header_line(Section section);
    [[nodiscard]] bool may_come(Section section) const;
    [[nodiscard]] bool parse_version();
    [[nodiscard]] bool parse_areas_line();
    [[nodiscard]] bool parse_areas_list(std::vector<AreasLine::Area>& areas);
    [[nodiscard]] bool parse_step();
    [[nodiscard]] bool parse_op(Op& op, bool has_space);

    [[nodiscard]] bool fail_line_start(bool has_space);
    // The end of the line, maybe with a comment. `expected` could have stood there instead.
    [[nodiscard]] bool finish_line(Comments& comments, Expected expected);

    std::string_view text_;
    LineScanner line_;
    Section section_ = Section::start;  // Of the last line.
    Program program_;
    text::FileNames file_names_;
    text::ForkedFaults forked_faults_;
    std::vector<std::string> above_;
    std::size_t step_count_ = 0;
    std::size_t areas_count_ = 0;
};

// Without comments the lists are empty, so that equal programs are equal.
void drop_empty(std::vector<Comments>& list) {
    const Comments none;
    if (std::all_of(list.begin(), list.end(), [&](const Comments& x) { return x == none; })) {
        list.clear();
    }
}

std::variant<Program, ParseError> Parser::run() {
    // A journal that is written through mmap ends with NUL bytes.
    text_ = text_.substr(0, text_.find_last_not_of('\0') + 1);
    std::size_t start = 0;
    for (std::size_t number = 1; number == 1 || start < text_.size(); number++) {
        const std::size_t end = std::min(text_.find('\n', start), text_.size());
        line_ = LineScanner(text_.substr(start, end - start), number);
        if (!line_.check_bytes() || !parse_line()) return line_.error();
        start = std::min(end + 1, text_.size());
    }
    drop_empty(program_.file_comments);
    drop_empty(program_.area_comments);
    program_.end_comments = std::move(above_);
    return std::move(program_);
}

bool Parser::parse_line() {
    if (section_ == Section::start) return parse_version();
    if (line_.at_hash()) {
        above_.emplace_back(line_.comment());
        return true;
    }
    if (line_.at_end()) return true;
    for (const HeaderWord& header : header_words) {
        if (may_come(header.section) && line_.take_if(header.word)) {
            return parse_header_line(header.section);
        }
    }
    return line_.take_if("areas") ? parse_areas_line() : parse_step();
}

bool Parser::may_come(Section section) const {
    return section == Section::world ? section_ < section : section_ <= section;
}

bool Parser::parse_header_line(Section section) {
    World& world = program_.world;
    section_ = section;
    if (section == Section::world) {
        return parse_world(line_, world) && finish_line(program_.world_comments, {});
    }
    if (section == Section::file) {
        return parse_file(line_, world, file_names_) &&
               finish_line(program_.file_comments.emplace_back(), {});
    }
    CHECK(section == Section::area);
    return parse_area(line_, world, file_names_, forked_faults_) &&
           finish_line(program_.area_comments.emplace_back(), {});
}

// The word at the start of the line, or behind `@SPACE`, names no line that may stand here.
bool Parser::fail_line_start(bool has_space) {
    Expected expected;
    for (const HeaderWord& header : header_words) {
        if (!has_space && may_come(header.section)) expected.push_back(quoted(header.word));
    }
    for (std::size_t kind = 0; kind < op_count; kind++) expected.push_back(quoted(op_name(kind)));
    if (!has_space) {
        expected.emplace_back("`areas`");
        expected.emplace_back("`@SPACE`");
    }
    const std::string_view word = line_.word();
    const bool is_late = std::any_of(header_words.begin(), header_words.end(),
                                     [&](const HeaderWord& x) { return x.word == word; });
    line_.fail(expected);
    if (is_late) line_.explain(" (one `world` comes first, then `file`, then `area`, then steps)");
    return false;
}

bool Parser::finish_line(Comments& comments, Expected expected) {
    if (!line_.at_end()) {
        expected.emplace_back("the end of the line");
        return line_.fail(expected);
    }
    comments.above = std::move(above_);
    comments.beside = line_.comment();
    above_.clear();
    return true;
}

bool Parser::parse_version() {
    constexpr std::string_view keyword = "vma ";  // Followed by the version without another space.
    section_ = Section::version;
    if (text_.substr(0, keyword.size()) != keyword) {
        return line_.fail({"`vma 1` as the first line"});
    }
    line_.take_part(keyword.size());
    if (!line_.take_if("1")) return line_.fail({"the version `1`"});
    return finish_line(program_.version_comments, {});
}

bool Parser::parse_areas_line() {
    section_ = Section::steps;
    if (!check_count(line_, areas_count_++, areas_lines_max, "`areas`")) return false;
    Line& line = program_.lines.emplace_back();
    AreasLine& content = line.content.emplace<AreasLine>();
    if (!parse_optional_space(line_, content.space)) return false;
    if (const auto number = text::number_of(line_.word(), page_number_max - 1)) {
        content.areas = *number;
        line_.take();
        return finish_line(line.comments, {});
    }
    if (line_.word().find('+') == std::string_view::npos) {
        return line_.fail({"a number of areas below 2^52", "a range such as `8+2`"});
    }
    if (!parse_areas_list(content.areas.emplace<std::vector<AreasLine::Area>>())) return false;
    return finish_line(line.comments, {"`|`"});
}

bool Parser::parse_areas_list(std::vector<AreasLine::Area>& areas) {
    static constexpr std::array<std::string_view, 2> backings = {"anon", "file=NAME@OFFSET"};
    do {
        AreasLine::Area& area = areas.emplace_back();
        if (!parse_value(line_, area.range, file_names_)) return false;
        if (!parse_value(line_, area.prot, file_names_)) return false;
        const std::string_view word = line_.word();
        if (word == "anon" || word.substr(0, 5) == "file=") {
            if (!parse_value(line_, area.backing.emplace(), file_names_)) return false;
        } else {
            line_.may_be(backings);
        }
    } while (line_.take_if("|"));
    return true;
}

bool Parser::parse_step() {
    Line& line = program_.lines.emplace_back();
    StepLine& content = line.content.emplace<StepLine>();
    if (!check_count(line_, step_count_++, step_lines_max, "steps")) return false;
    const bool has_space = line_.word().substr(0, 1) == "@";
    if (!parse_optional_space(line_, content.step.space)) return false;
    if (!parse_op(content.step.op, has_space)) return false;
    section_ = Section::steps;
    Expected expected;
    if (line_.take_if("!")) {
        if (!parse_failure(line_, content.step.failure)) return false;
    } else {
        expected.emplace_back("`!`");
    }
    if (line_.take_if("=")) {
        expected.clear();
        if (!parse_result(line_, content.claim.emplace())) return false;
    } else {
        expected.emplace_back("`=`");
    }
    return finish_line(line.comments, expected);
}

bool Parser::parse_op(Op& op, bool has_space) {
    bool is_known = false;
    bool is_good = false;
    const auto try_kind = [&]<std::size_t kind>(std::integral_constant<std::size_t, kind>) {
        if (is_known || !line_.take_if(op_name(kind))) return;
        is_known = true;
        is_good = true;
        for_each_field(op.emplace<kind>(), [&](const auto&, auto& value) {
            is_good = is_good && parse_value(line_, value, file_names_);
        });
    };
    [&]<std::size_t... kinds>(std::index_sequence<kinds...>) {
        (try_kind(std::integral_constant<std::size_t, kinds>{}), ...);
    }
    (std::make_index_sequence<op_count>{});
    return is_known ? is_good : fail_line_start(has_space);
}

}  // namespace

std::variant<Program, ParseError> parse_program(std::string_view text) {
    return Parser(text).run();
}

}  // namespace vmacheck
