// Reports for machines have the fields that scripts rely on.
#include "report/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vmacheck {
namespace {

using nlohmann::json;

void expect_fields(const json& object, const std::vector<const char*>& names) {
    for (const char* const name : names) EXPECT_TRUE(object.contains(name)) << name;
}

TEST(json, of_a_run_has_its_fields) {
    RunReport report;
    report.seed = 18446744073709551615U;
    report.cases = {{"mmap/merge/left", 3}};
    report.finds = {{"missed_merge mmap/merge/left", "missed_merge", "found/\xff.vma", 3, 8, ""}};
    const json parsed = json::parse(to_json(report));
    expect_fields(parsed, {"schema", "command", "target", "profile", "seed", "programs", "refused",
                           "steps", "failed_steps", "cpu_seconds", "wall_seconds", "cases",
                           "required_missing", "finds"});
    EXPECT_EQ(parsed["schema"], 1);
    EXPECT_EQ(parsed["seed"], 18446744073709551615U);
    EXPECT_EQ(parsed["cases"]["mmap/merge/left"], 3);
    EXPECT_TRUE(parsed["required_missing"].is_array());
    expect_fields(parsed["finds"][0], {"bucket", "verdict", "file", "steps", "pages", "replay"});
    EXPECT_TRUE(parsed["bug"].is_null());
}

TEST(json, of_minimize_has_its_fields) {
    MinimizeReport report;
    report.verdict = "crash";
    const json parsed = json::parse(to_json(report));
    expect_fields(parsed, {"version", "target", "profile", "verdict", "bucket", "before", "after",
                           "certified", "tries", "cpu_seconds", "file"});
    expect_fields(parsed["before"], {"steps", "pages"});
}

TEST(json, of_one_replay_is_an_object_and_of_a_list_an_array) {
    ReplayReport report;
    report.steps = {{"munmap 0+1", "ok", "ok", "0"}};
    const json one = json::parse(to_json(report));
    expect_fields(one, {"file", "target", "verdict", "step", "steps"});
    EXPECT_TRUE(one["verdict"].is_null());
    expect_fields(one["steps"][0], {"text", "result", "expected", "areas"});
    EXPECT_EQ(json::parse(to_json(std::vector<ReplayReport>{report})).size(), 1U);
}

TEST(json, of_targets_says_what_is_withheld_and_why) {
    TargetReport report;
    report.name = "live";
    report.sight.withholds = {{Channel::stages, "the kernel does not tell"}};
    const json parsed = json::parse(to_json(std::vector<TargetReport>{report}));
    const json& target = parsed["targets"][0];
    expect_fields(target, {"name", "available", "reason", "shows", "withholds", "failures"});
    EXPECT_EQ(target["shows"].size(), channel_names.size() - 1);
    EXPECT_EQ(target["withholds"][0]["promise"], "stages");
    EXPECT_EQ(target["withholds"][0]["reason"], "the kernel does not tell");
}

}  // namespace
}  // namespace vmacheck
