// The folder of finds; see the header.
#include "cli/bucket_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/engine.h"
#include "cli/files.h"
#include "cli/say.h"
#include "model/text.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int ledger_schema = 1;

// Throws what nlohmann-json throws.
StoredBucket bucket_of(const Json& json) {
    return {json.at("count").get<std::uint64_t>(), json.at("verdict").get<std::string>(),
            json.at("file").get<std::string>(), json.at("steps").get<std::uint64_t>(),
            json.at("pages").get<std::uint64_t>()};
}

}  // namespace

bool BucketStore::load() {
    std::error_code error;
    if (!fs::exists(ledger(), error)) return true;
    const std::optional<std::string> text = read_input(ledger());
    if (!text) return false;
    try {
        const Json json = Json::parse(*text);
        if (json.at("schema").get<int>() != ledger_schema) throw std::runtime_error("schema");
        for (const Json& bucket : json.at("buckets")) {
            buckets_[bucket.at("bucket").get<std::string>()] = bucket_of(bucket);
        }
        return true;
    } catch (const std::exception&) {
        complain(fmt::format("{}: is no list of buckets of this version; move it away to go on",
                             printable(ledger())));
        return false;
    }
}

bool BucketStore::save() const {
    Json json{{"schema", ledger_schema}};
    json["buckets"] = Json::array();
    for (const auto& [name, bucket] : buckets_) {
        json["buckets"].push_back({{"bucket", name},
                                   {"verdict", bucket.verdict},
                                   {"count", bucket.count},
                                   {"file", bucket.file},
                                   {"steps", bucket.steps},
                                   {"pages", bucket.pages}});
    }
    return write_output(ledger(), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

const StoredBucket* BucketStore::find(const std::string& bucket) const {
    const auto found = buckets_.find(bucket);
    return found == buckets_.end() ? nullptr : &found->second;
}

bool BucketStore::keep(const FindJob& job, const Story& story) {
    const std::string name = bucket_name(story.example.finding.bucket);
    StoredBucket& bucket = buckets_[name];
    const std::uint64_t steps = story.candidate.steps.size();
    const std::uint64_t pages = story.candidate.world.pages.value;
    const bool known = !bucket.file.empty();
    if (known && std::pair(steps, pages) >= std::pair(bucket.steps, bucket.pages)) return false;
    const std::string path = fmt::format("{}/{}.vma", directory_, file_name_of(name));
    const std::string text = print_program(annotated(story.example, job.environment));
    if (!write_output(path, text)) {
        // It must not be lost.
        say(stderr, "{}", text);
        if (known) return false;
    }
    bucket.verdict = std::string(name_of(story.example.finding.bucket.verdict));
    bucket.file = path;
    bucket.steps = steps;
    bucket.pages = pages;
    return true;
}

void BucketStore::set_count(const std::string& bucket, std::uint64_t count) {
    buckets_[bucket].count = count;
}

std::vector<std::string> BucketStore::originals() const {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        const bool saved = name.starts_with("find-") && name.ends_with(".orig.vma");
        // Our own finds of crashes begin like an engine's, but have an extension.
        const bool left = is_engine_artifact(name) && at->path().extension().empty();
        if ((saved || left) && at->is_regular_file(error)) paths.push_back(at->path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace vmacheck::cli
