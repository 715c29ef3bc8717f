// Reports for machines. The fields are those of the documentation of the command line and stay;
// more may come. Each function answers one JSON document without a newline at its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/check.h"
#include "model/target.h"

namespace vmacheck {

inline constexpr int json_schema = 1;

struct FindReport {
    std::string bucket;
    std::string verdict;
    std::string file;
    std::uint64_t steps = 0;
    std::uint64_t pages = 0;
    std::string replay;       // The command that does it again.
    std::uint64_t count = 1;  // Programs that fell into the bucket.
};

struct LawReport {
    std::string name;
    std::uint64_t cases = 0;
    bool held = true;
    std::uint64_t interesting = 0;           // What the law is really about, in all cases.
    std::uint64_t interesting_required = 0;  // With less the law says nothing.
};

struct RunReport {
    std::string version;
    std::string target;
    std::string bug;  // Empty: none is seeded.
    std::string profile;
    std::string alphabet;
    std::uint64_t pages = 0;
    std::uint64_t seed = 0;
    std::uint64_t programs = 0;
    std::uint64_t refused = 0;  // Of the programs: those that the target refused.
    std::uint64_t steps = 0;
    std::uint64_t failed_steps = 0;
    double cpu_seconds = 0;
    double wall_seconds = 0;
    std::vector<std::pair<std::string, std::uint64_t>> cases;
    std::vector<std::string> required_missing;
    std::vector<LawReport> laws;
    std::vector<FindReport> finds;
};
std::string to_json(const RunReport& report);

struct FuzzReport {
    std::string version;
    std::string target;
    std::string bug;  // Empty: none is seeded.
    std::string profile;
    std::uint64_t seed = 0;
    unsigned jobs = 1;
    std::uint64_t executions = 0;
    std::uint64_t steps = 0;
    std::uint64_t failed_steps = 0;
    std::uint64_t corpus = 0;  // Files of the corpus at the end.
    double cpu_seconds = 0;
    double wall_seconds = 0;
    std::vector<std::pair<std::string, std::uint64_t>> cases;
    std::vector<std::string> required_missing;
    std::vector<FindReport> finds;
};
std::string to_json(const FuzzReport& report);

struct MinimizeReport {
    struct Extent {
        std::uint64_t steps = 0;
        std::uint64_t pages = 0;
    };
    std::string version;
    std::string target;
    std::string profile;
    std::string verdict;
    std::string bucket;
    Extent before;
    Extent after;
    std::uint64_t tries = 0;
    double cpu_seconds = 0;
    std::string file;
};
std::string to_json(const MinimizeReport& report);

struct ReplayReport {
    struct Step {
        std::string text;
        std::string result;
        std::string expected;
        std::string areas;
    };
    std::string file;
    std::string target;
    std::string verdict;  // Empty: nothing was found.
    std::string bucket;
    std::uint64_t step = 0;  // Counts from 1; 0: none.
    std::string claim;       // The claim that does not hold, as a sentence.
    std::string skipped;     // Why it was not tested, or not to its end; empty: it was.
    std::vector<Step> steps;
};
std::string to_json(const ReplayReport& report);
// An array, even of one.
std::string to_json(const std::vector<ReplayReport>& reports);

struct TargetReport {
    std::string name;
    bool available = true;
    std::string reason;  // Why it is not.
    Sight sight;
};
std::string to_json(const std::vector<TargetReport>& reports);

}  // namespace vmacheck
