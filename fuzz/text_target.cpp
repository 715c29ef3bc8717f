// The parser of program texts: any bytes, no crash; what parses is printed, and the print is a
// fixpoint that says the same.
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/engine.h"
#include "model/check_macro.h"
#include "model/text.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using vmacheck::Program;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = vmacheck::parse_program(text);
    const auto* const program = std::get_if<Program>(&parsed);
    if (program == nullptr) return 0;
    const std::string printed = vmacheck::print_program(*program);
    const auto again = vmacheck::parse_program(printed);
    const auto* const same = std::get_if<Program>(&again);
    CHECK(same != nullptr);
    CHECK(*same == *program);
    CHECK(vmacheck::print_program(*same) == printed);
    return 0;
}
