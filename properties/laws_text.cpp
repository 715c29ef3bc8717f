// Laws about the text of programs.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <variant>

#include "model/text.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

void show_program(LawCase& law, const Program& program) {
    law.is_about({program.world, program.steps()});
}

// The program of a text that must parse.
Program parsed(const LawCase& law, const std::string& text) {
    auto result = law.subject().parse(text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        fail(std::to_string(error->line) + ":" + std::to_string(error->column) + " " +
             error->message + "\n" + text);
    }
    return std::get<Program>(std::move(result));
}

bool says_more_than_steps(const Program& program) {
    return !(program == program_of(program.world, program.steps())) || !program.world.areas.empty();
}

std::size_t place_of(Source& source, const std::string& text, char wanted) {
    std::size_t place = source.below(text.size());
    while (place < text.size() && text[place] != wanted) ++place;
    return place;
}

// One small damage. Half of them leave a good text in another layout.
void damage(Source& source, std::string& text) {
    constexpr std::array<std::string_view, 8> words = {" ",    "\n", "# x\n", "0",
                                                       "= ok", "\t", "\xff",  "@1 "};
    if (text.empty()) return;
    switch (source.below(6)) {
        case 0: text.insert(place_of(source, text, ' '), "  "); return;
        case 1: text.insert(place_of(source, text, '\n'), "  # beside"); return;
        case 2: text.insert(place_of(source, text, '\n'), "\n\n# above"); return;
        case 3: text.erase(source.below(text.size()), 1); return;
        case 4: text.insert(source.below(text.size()), words[source.below(words.size())]); return;
        default: {
            // A line twice.
            const std::size_t start = place_of(source, text, '\n');
            if (start + 1 >= text.size()) return;
            const std::size_t end = std::min(text.find('\n', start + 1), text.size());
            text.insert(start, text.substr(start, end - start));
            return;
        }
    }
}

void expect_place(const ParseError& error, const std::string& text) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    RC_ASSERT(error.line >= 1U);
    RC_ASSERT(error.line <= lines);
    RC_ASSERT(error.column >= 1U);
    RC_ASSERT(error.column <= text.size() + 1);
    RC_ASSERT(!error.message.empty());
}

}  // namespace

void print_parse_round_trip(LawCase& law) {
    const Program program = *draw_program(law.setting());
    show_program(law, program);
    const std::string text = law.subject().print(program);
    RC_ASSERT(parsed(law, text) == program);
    law.count_steps(program.lines.size());
    law.count_interesting(says_more_than_steps(program) ? 1 : 0);
}

void printing_is_a_fixpoint(LawCase& law) {
    const Program program = *draw_program(law.setting());
    show_program(law, program);
    const std::string printed = law.subject().print(program);
    RC_ASSERT(law.subject().print(parsed(law, printed)) == printed);

    std::string text = printed;
    RcSource source;
    const std::uint64_t count = 1 + source.below(3);
    for (std::uint64_t i = 0; i < count; ++i) damage(source, text);
    const auto result = law.subject().parse(text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        expect_place(*error, text);
        return;
    }
    const Program& read = std::get<Program>(result);
    const std::string once = law.subject().print(read);
    const Program again = parsed(law, once);
    RC_ASSERT(again == read);
    RC_ASSERT(law.subject().print(again) == once);
    law.count_steps(read.lines.size());
    law.count_interesting(once != text ? 1 : 0);
}

}  // namespace vmacheck::laws
