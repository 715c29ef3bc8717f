// The documents, field by field; see the header.
#include "report/json.h"

#include <nlohmann/json.hpp>

namespace vmacheck {
namespace {

using Json = nlohmann::ordered_json;

// A path may hold bytes that are not UTF-8.
std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

Json extent(const MinimizeReport::Extent& extent) {
    return {{"steps", extent.steps}, {"pages", extent.pages}};
}

Json find(const FindReport& report) {
    return {{"bucket", report.bucket},
            {"verdict", report.verdict},
            {"file", report.file},
            {"steps", report.steps},
            {"pages", report.pages},
            {"count", report.count},
            {"replay", text_or_null(report.replay)}};
}

Json counts(const std::vector<std::pair<std::string, std::uint64_t>>& cases) {
    Json json = Json::object();
    for (const auto& [name, count] : cases) json[name] = count;
    return json;
}

Json replay(const ReplayReport& report) {
    Json json{{"schema", json_schema},
              {"command", "replay"},
              {"file", report.file},
              {"target", report.target}};
    json["verdict"] = text_or_null(report.verdict);
    json["bucket"] = text_or_null(report.bucket);
    json["step"] = report.step;
    json["claim"] = text_or_null(report.claim);
    json["skipped"] = text_or_null(report.skipped);
    json["steps"] = Json::array();
    for (const ReplayReport::Step& step : report.steps) {
        json["steps"].push_back({{"text", step.text},
                                 {"result", step.result},
                                 {"expected", step.expected},
                                 {"areas", step.areas}});
    }
    return json;
}

}  // namespace

std::string to_json(const RunReport& report) {
    Json json{{"schema", json_schema},
              {"command", "run"},
              {"version", report.version},
              {"target", report.target},
              {"bug", text_or_null(report.bug)},
              {"profile", report.profile},
              {"alphabet", report.alphabet},
              {"world_pages", report.pages},
              {"seed", report.seed},
              {"programs", report.programs},
              {"refused", report.refused},
              {"steps", report.steps},
              {"failed_steps", report.failed_steps},
              {"cpu_seconds", report.cpu_seconds},
              {"wall_seconds", report.wall_seconds}};
    json["cases"] = counts(report.cases);
    json["required_missing"] = report.required_missing;
    json["laws"] = Json::array();
    for (const LawReport& law : report.laws) {
        json["laws"].push_back({{"name", law.name},
                                {"cases", law.cases},
                                {"held", law.held},
                                {"interesting", law.interesting},
                                {"interesting_required", law.interesting_required}});
    }
    json["finds"] = Json::array();
    for (const FindReport& found : report.finds) json["finds"].push_back(find(found));
    return dump(json);
}

std::string to_json(const FuzzReport& report) {
    Json json{{"schema", json_schema},
              {"command", "fuzz"},
              {"version", report.version},
              {"target", report.target},
              {"bug", text_or_null(report.bug)},
              {"profile", report.profile},
              {"seed", report.seed},
              {"jobs", report.jobs},
              {"executions", report.executions},
              {"steps", report.steps},
              {"failed_steps", report.failed_steps},
              {"corpus", report.corpus},
              {"cpu_seconds", report.cpu_seconds},
              {"wall_seconds", report.wall_seconds}};
    json["cases"] = counts(report.cases);
    json["required_missing"] = report.required_missing;
    json["finds"] = Json::array();
    for (const FindReport& found : report.finds) json["finds"].push_back(find(found));
    return dump(json);
}

std::string to_json(const MinimizeReport& report) {
    Json json{{"schema", json_schema},     {"command", "minimize"},
              {"version", report.version}, {"target", report.target},
              {"profile", report.profile}, {"verdict", text_or_null(report.verdict)}};
    json["bucket"] = text_or_null(report.bucket);
    json["before"] = extent(report.before);
    json["after"] = extent(report.after);
    json["certified"] = false;
    json["tries"] = report.tries;
    json["cpu_seconds"] = report.cpu_seconds;
    json["file"] = text_or_null(report.file);
    return dump(json);
}

std::string to_json(const ReplayReport& report) {
    return dump(replay(report));
}

std::string to_json(const std::vector<ReplayReport>& reports) {
    Json json = Json::array();
    for (const ReplayReport& report : reports) json.push_back(replay(report));
    return dump(json);
}

std::string to_json(const std::vector<TargetReport>& reports) {
    Json json{{"schema", json_schema}, {"command", "targets"}};
    json["targets"] = Json::array();
    for (const TargetReport& report : reports) {
        Json target{{"name", report.name}, {"available", report.available}};
        target["reason"] = report.available ? Json() : Json(report.reason);
        target["shows"] = Json::array();
        for (std::size_t channel = 0; channel < channel_names.size(); ++channel) {
            if (!report.sight.shows(static_cast<Channel>(channel))) continue;
            target["shows"].push_back(channel_names[channel]);
        }
        target["withholds"] = Json::array();
        for (const Sight::Withheld& withheld : report.sight.withholds) {
            const auto channel = static_cast<std::size_t>(withheld.channel);
            target["withholds"].push_back(
                {{"promise", channel_names[channel]}, {"reason", withheld.reason}});
        }
        target["declines"] = Json::array();
        for (const Sight::Unoffered& declined : report.sight.declines) {
            target["declines"].push_back(
                {{"operation", op_name(declined.op)}, {"reason", declined.reason}});
        }
        target["failures"] = report.sight.failures;
        json["targets"].push_back(target);
    }
    return dump(json);
}

}  // namespace vmacheck
