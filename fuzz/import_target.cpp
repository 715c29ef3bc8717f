// The importer of traces: any bytes, no crash; the program that comes out is well-formed, and its
// claims hold in the reference.
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/engine.h"
#include "model/check_macro.h"
#include "model/claims.h"
#include "model/reference.h"
#include "model/strace.h"
#include "model/text.h"

namespace {

void check_claims(const vmacheck::Program& program) {
    vmacheck::Cases cases;
    vmacheck::Reference reference(cases);
    vmacheck::StepLog log;
    reference.create(program.world, vmacheck::Cells(program.world, program.steps()));
    for (const vmacheck::Line& line : program.lines) {
        if (const auto* const step = std::get_if<vmacheck::StepLine>(&line.content)) {
            const vmacheck::Errno error = reference.apply(step->step, log);
            CHECK(!step->claim || *step->claim == (vmacheck::Result{error, log.unused()}));
        } else {
            const auto& areas = std::get<vmacheck::AreasLine>(line.content);
            CHECK(vmacheck::claim_holds(areas, vmacheck::areas_of(reference, areas.space),
                                        program.world));
        }
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view trace(reinterpret_cast<const char*>(data), size);
    const auto imported = vmacheck::import_strace(trace);
    const auto* const import = std::get_if<vmacheck::StraceImport>(&imported);
    if (import == nullptr) return 0;
    const auto again = vmacheck::parse_program(vmacheck::print_program(import->program));
    CHECK(std::holds_alternative<vmacheck::Program>(again));
    CHECK(std::get<vmacheck::Program>(again) == import->program);
    check_claims(import->program);
    return 0;
}
