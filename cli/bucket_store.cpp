// The folder of finds; see the header.
#include "cli/bucket_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "cli/files.h"
#include "model/text.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int ledger_schema = 1;
constexpr int lock_turns = 20;
constexpr std::chrono::milliseconds lock_interval{100};

// Throws what nlohmann-json throws.
StoredBucket bucket_of(const Json& json) {
    return {json.at("count").get<std::uint64_t>(), json.at("verdict").get<std::string>(),
            // A name, whatever somebody has written there.
            fs::path(json.at("file").get<std::string>()).filename().string(),
            json.at("steps").get<std::uint64_t>(), json.at("pages").get<std::uint64_t>(),
            std::nullopt};
}

// An engine's `find-HASH.orig.vma.tmp`; or our own `.NAME.PROCESS.tmp`, whose process is gone: the
// default folder is that of `vmacheck run`, too, which may be at work.
bool is_unfinished(const std::string& name) {
    static const std::regex engines("find-[0-9a-f]{16}\\.orig\\.vma\\.tmp");
    static const std::regex ours("\\.(buckets\\.json|.+\\.vma)\\.([0-9]{1,9})\\.tmp");
    std::smatch parts;
    if (std::regex_match(name, engines)) return true;
    return std::regex_match(name, parts, ours) && kill(std::stoi(parts[2]), 0) != 0 &&
           errno == ESRCH;
}

// What a process that was killed had begun to write: nobody was told of it.
void remove_unfinished(const std::string& directory) {
    std::error_code error;
    std::vector<fs::path> unfinished;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        if (is_unfinished(at->path().filename().string())) unfinished.push_back(at->path());
    }
    for (const fs::path& path : unfinished) fs::remove(path, error);
}

}  // namespace

BucketStore::~BucketStore() {
    if (lock_ >= 0) close(lock_);
}

bool BucketStore::open() {
    // Of a run that was killed the engines live a moment longer; they hold nothing, but this may be
    // its successor that a script starts at once.
    lock_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool locked = lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0;
    for (int turn = 1; turn < lock_turns && !locked && errno == EWOULDBLOCK; ++turn) {
        std::this_thread::sleep_for(lock_interval);
        locked = flock(lock_, LOCK_EX | LOCK_NB) == 0;
    }
    if (!locked) {
        const int error = errno;
        const std::string name = printable(directory_);
        if (error == EWOULDBLOCK)
            complain(fmt::format("another run has the folder {}; give this one its own with --out",
                                 name));
        else
            complain(fmt::format("{}: cannot lock the folder: {}", name, std::strerror(error)));
        return false;
    }
    remove_unfinished(directory_);
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

bool BucketStore::save() {
    if (!changed_) return true;
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
    const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    changed_ = !write_output(ledger(), text);
    return !changed_;
}

const StoredBucket* BucketStore::find(const std::string& bucket) const {
    const auto found = buckets_.find(bucket);
    return found == buckets_.end() ? nullptr : &found->second;
}

void BucketStore::confirm(const std::string& name, const TargetChoice& target) {
    const auto found = buckets_.find(name);
    if (found == buckets_.end()) return;
    StoredBucket& bucket = found->second;
    if (!holds(bucket)) bucket.confirmed.reset();
    if (bucket.confirmed || !holds(bucket)) return;
    const std::optional<ProgramFile> file = read_program(path(bucket));
    if (!file) return;
    const Candidate candidate = candidate_of(file->program);
    const std::optional<Finding> finding = finding_of(candidate, target);
    if (finding && bucket_name(finding->bucket) == name) bucket.confirmed = size_of(candidate);
}

BucketStore::Kept BucketStore::keep(const FindJob& job, const Story& story) {
    const std::string name = bucket_name(story.example.finding.bucket);
    StoredBucket& bucket = buckets_[name];
    const Size size = size_of(story.candidate);
    if (!holds(bucket)) bucket.confirmed.reset();
    if (bucket.confirmed && *bucket.confirmed <= size) return Kept::not_needed;
    const std::string text = print_program(annotated(story.example, job.environment));
    const std::string before = bucket.confirmed ? bucket.file : "";
    const std::string file = fmt::format("{}-{}.vma", file_name_of(name), hash_of(text));
    if (!write_output(directory_ + "/" + file, text)) {
        if (bucket.file.empty()) buckets_.erase(name);
        return Kept::not_at_all;
    }
    bucket.verdict = std::string(name_of(story.example.finding.bucket.verdict));
    bucket.file = file;
    bucket.steps = story.candidate.steps.size();
    bucket.pages = story.candidate.world.pages.value;
    bucket.confirmed = size;
    changed_ = true;
    if (!save()) return Kept::as_smallest;
    // Only what is known to be the same bug, larger. What was there unconfirmed stays.
    if (!before.empty() && before != file) unlink((directory_ + "/" + before).c_str());
    return Kept::as_smallest;
}

void BucketStore::set_count(const std::string& name, std::uint64_t count) {
    const auto found = buckets_.find(name);
    if (found == buckets_.end() || found->second.count == count) return;
    found->second.count = count;
    changed_ = true;
}

std::vector<std::string> BucketStore::originals(Originals which) const {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        const bool saved =
            which == Originals::all && name.starts_with("find-") && name.ends_with(".orig.vma");
        // Our own finds of crashes begin like an engine's, but have an extension.
        const bool left = is_engine_artifact(name) && at->path().extension().empty();
        if ((saved || left) && at->is_regular_file(error)) paths.push_back(at->path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

bool BucketStore::holds(const StoredBucket& bucket) const {
    std::error_code error;
    return fs::is_regular_file(path(bucket), error);
}

std::string BucketStore::set_aside(const std::string& path, const std::string& kind) const {
    const std::string to =
        fmt::format("{}/{}-{}", directory_, kind, fs::path(path).filename().string());
    std::error_code error;
    fs::rename(path, to, error);
    return error ? path : to;
}

}  // namespace vmacheck::cli
