// Values as arrays of numbers, in the order of their fields; see the header. Both ends are the same
// process image, so the format has no versions.
#include "cli/wire.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <variant>

#include "model/text.h"

namespace vmacheck::cli {
namespace {

using nlohmann::json;

json range_to_wire(PageRange range) {
    return {range.start.value, range.count.value};
}
PageRange range_from_wire(const json& wire) {
    return {Page{wire[0].get<std::uint64_t>()}, PageCount{wire[1].get<std::uint64_t>()}};
}

}  // namespace

void send(int pipe, const json& value) {
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    text += '\n';
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = write(pipe, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) std::_Exit(0);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::vector<json> received(std::string_view output) {
    std::vector<json> values;
    for (std::size_t end = 0; (end = output.find('\n')) != std::string_view::npos;) {
        json value = json::parse(output.substr(0, end), nullptr, false);
        if (!value.is_discarded()) values.push_back(std::move(value));
        output.remove_prefix(end + 1);
    }
    return values;
}

json to_wire(Result result) {
    return {static_cast<int>(result.error), result.unused};
}
Result result_from_wire(const json& wire) {
    return {static_cast<Errno>(wire[0].get<int>()), wire[1].get<bool>()};
}

json to_wire(const Finding& finding) {
    const Bucket& bucket = finding.bucket;
    return {{"verdict", static_cast<int>(bucket.verdict)},
            {"op", bucket.op},
            {"case", bucket.case_id},
            {"stage", bucket.stage ? static_cast<int>(*bucket.stage) : -1},
            {"step", finding.step},
            {"what", finding.what},
            {"space", finding.space.value},
            {"where", range_to_wire(finding.where)},
            {"expected", to_wire(finding.expected)},
            {"found", to_wire(finding.found)}};
}

Finding finding_from_wire(const json& wire) {
    Finding finding;
    finding.bucket.verdict = static_cast<Verdict>(wire["verdict"].get<int>());
    finding.bucket.op = wire["op"].get<std::size_t>();
    finding.bucket.case_id = wire["case"].get<std::size_t>();
    const int stage = wire["stage"].get<int>();
    if (stage >= 0) finding.bucket.stage = static_cast<Stage>(stage);
    finding.step = wire["step"].get<std::size_t>();
    finding.what = wire["what"].get<std::string>();
    finding.space = SpaceId{wire["space"].get<std::uint8_t>()};
    finding.where = range_from_wire(wire["where"]);
    finding.expected = result_from_wire(wire["expected"]);
    finding.found = result_from_wire(wire["found"]);
    return finding;
}

std::string to_wire(const Candidate& candidate) {
    return print_program(program_of(candidate.world, candidate.steps));
}

std::optional<Candidate> candidate_from_wire(std::string_view text) {
    const auto parsed = parse_program(text);
    const auto* const program = std::get_if<Program>(&parsed);
    if (program == nullptr) return std::nullopt;
    return Candidate{program->world, program->steps()};
}

json to_wire(const std::vector<AreaView>& areas) {
    json wire = json::array();
    for (const AreaView& area : areas) {
        const Attributes& at = area.attributes;
        wire.push_back({area.range.start.value, area.range.count.value, at.pgoff, at.flags.bits,
                        at.file.value, at.fault.value, at.forked, static_cast<int>(at.policy),
                        at.home_node, static_cast<int>(at.name), static_cast<int>(at.uffd)});
    }
    return wire;
}

std::vector<AreaView> areas_from_wire(const json& wire) {
    std::vector<AreaView> areas;
    for (const json& each : wire) {
        AreaView area;
        area.range = range_from_wire(each);
        area.attributes.pgoff = each[2].get<std::uint64_t>();
        area.attributes.flags = Flags::of(each[3].get<std::uint64_t>());
        area.attributes.file.value = each[4].get<std::uint32_t>();
        area.attributes.fault.value = each[5].get<std::uint32_t>();
        area.attributes.forked = each[6].get<bool>();
        area.attributes.policy = static_cast<Policy>(each[7].get<int>());
        area.attributes.home_node = each[8].get<bool>();
        area.attributes.name = static_cast<AreaName>(each[9].get<int>());
        area.attributes.uffd = static_cast<UffdContext>(each[10].get<int>());
        areas.push_back(area);
    }
    return areas;
}

}  // namespace vmacheck::cli
