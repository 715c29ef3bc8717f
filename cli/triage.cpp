// Sorting what was found; see the header.
#include "cli/triage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/files.h"
#include "cli/isolate.h"
#include "cli/say.h"
#include "fuzz/session.h"
#include "model/text.h"
#include "report/text_report.h"
#include "report/wrap.h"

namespace vmacheck::cli {

bool Triage::open() {
    if (!store_.open()) return false;
    for (const auto& [name, bucket] : store_.buckets()) counts_before_[name] = bucket.count;
    return true;
}

BucketCounts Triage::counts() const {
    BucketCounts counts = counts_before_;
    for (const auto& [name, count] : uncounted_) counts[name] += count;
    for (const auto& [name, count] : counts_of_engines_()) counts[name] += count;
    return counts;
}

bool Triage::save() {
    for (const auto& [name, count] : counts()) {
        store_.set_count(name, std::max<std::uint64_t>(count, 1));
    }
    return store_.save();
}

std::size_t Triage::examine_originals(BucketStore::Originals which) {
    std::size_t count = 0;
    for (const std::string& path : store_.originals(which)) {
        // The next run goes on with the rest.
        if (job_.stop()) break;
        ++count;
        const std::optional<ProgramFile> file = read_program(path);
        if (!file) {
            complain(
                fmt::format("it is kept as {}", printable(store_.set_aside(path, "unreadable"))));
            continue;
        }
        std::vector<Candidate> candidates{candidate_of(file->program)};
        // An engine's bytes may name another profile than that under which they ran.
        if (is_engine_artifact(std::filesystem::path(path).filename().string())) {
            for (const Profile* const profile : all_profiles) {
                if (profile == candidates.front().world.profile) continue;
                candidates.push_back(candidates.front());
                candidates.back().world.profile = profile;
            }
        }
        // What a process that died had saved, it had not counted.
        const std::uint64_t uncounted = counted_.count(path) == 0 ? 1 : 0;
        if (std::none_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
                return sort_in(candidate, path, uncounted);
            })) {
            note_unconfirmed(candidates.front(), path);
        }
    }
    return count;
}

void Triage::examine(const Candidate& candidate, const std::string& path, std::uint64_t count) {
    if (!sort_in(candidate, path, count)) note_unconfirmed(candidate, path);
}

// To be sure of a hang takes long. The engine has waited, too; so one that adds nothing to a hang
// that is known need not be asked twice.
std::optional<Finding> Triage::look(const Candidate& candidate) {
    std::optional<Finding> finding = finding_of(candidate, job_.target, false);
    if (!finding || finding->bucket.verdict != Verdict::hang || !worth_telling(*finding))
        return finding;
    return finding_of(candidate, job_.target);
}

bool Triage::worth_telling(const Finding& finding) {
    const std::string bucket = bucket_name(finding.bucket);
    store_.confirm(bucket, job_.target);
    const StoredBucket* const known = store_.find(bucket);
    if (known == nullptr || !known->confirmed) return true;
    const Verdict verdict = finding.bucket.verdict;
    const bool outside = verdict == Verdict::crash || verdict == Verdict::hang;
    // A candidate of a crash costs a process; so only what is shorter from the start is tried.
    return !outside || finding.step + 1 < known->steps;
}

bool Triage::sort_in(const Candidate& candidate, std::string path, std::uint64_t count) {
    const std::optional<Finding> finding = look(candidate);
    if (!finding) return false;
    std::string bucket = bucket_name(finding->bucket);
    if (worth_telling(*finding)) {
        // Minimizing takes its time, and may be ended.
        if (path.empty())
            path = save_find(store_.directory(),
                             print_program(program_of(candidate.world, candidate.steps)));
        const std::optional<Story> story = tell(job_, candidate, progress_);
        if (!story) {
            note_unconfirmed(candidate, path);
            return true;
        }
        // A target that depends on more than its program may have failed in another way.
        bucket = bucket_name(story->example.finding.bucket);
        if (!keep(*story, found_.count(bucket) == 0)) {
            uncounted_[bucket] += count;
            note_unsaved(*story, path);
            return true;
        }
    }
    uncounted_[bucket] += count;
    found_.insert(bucket);
    save();
    if (!path.empty()) unlink(path.c_str());
    return true;
}

// False if it could not be saved.
bool Triage::keep(const Story& story, bool is_new) {
    const BucketStore::Kept kept = store_.keep(job_, story);
    if (kept != BucketStore::Kept::as_smallest) return kept == BucketStore::Kept::not_needed;
    const std::string name = bucket_name(story.example.finding.bucket);
    const StoredBucket& bucket = *store_.find(name);
    const std::string path = store_.path(bucket);
    progress_.clear();
    if (is_new)
        say(job_.text, "{}{}\n", text_report(story.example, job_.environment, path), path);
    else
        say(job_.text, "smaller: {}: {} steps, {} pages: {}\n", name, bucket.steps, bucket.pages,
            path);
    std::fflush(job_.text);
    return true;
}

// The original stays where it is. What is printed must not be lost in what is printed: only the
// smallest is.
void Triage::note_unsaved(const Story& story, const std::string& path) {
    if (!path.empty()) counted_.insert(path);
    const Bucket& bucket = story.example.finding.bucket;
    const std::string name = bucket_name(bucket);
    const Size size = size_of(story.candidate);
    const auto known = unsaved_.find(name);
    if (known != unsaved_.end() && known->second.size <= size) return;
    progress_.clear();
    say(stderr, "{}", print_program(annotated(story.example, job_.environment)));
    const FindReport report{name,
                            std::string(name_of(bucket.verdict)),
                            path,
                            story.candidate.steps.size(),
                            story.candidate.world.pages.value,
                            "",
                            1};
    unsaved_.insert_or_assign(name, Unsaved{size, report});
}

// It must not come again with the next run, and it must not be lost. What took too long once may
// have been slow; anything else shows that the target depends on more than its program.
void Triage::note_unconfirmed(const Candidate& candidate, const std::string& path) {
    const std::string name = std::filesystem::path(path).filename().string();
    const bool slow = name.starts_with("timeout-") || name.starts_with("oom-");
    const std::string to = path.empty() ? "" : store_.set_aside(path, "unconfirmed");
    progress_.clear();
    if (path.empty())
        say(stderr, "{}", print_program(program_of(candidate.world, candidate.steps)));
    complain(fmt::format("{} does not fail when it is run by itself{}",
                         to.empty() ? "the program above" : printable(to),
                         slow ? "" : ": the target depends on more than its program"));
    if (slow) return;
    others_.push_back({"unconfirmed", "unconfirmed", to, candidate.steps.size(),
                       candidate.world.pages.value, replay_command(job_.environment, to), 1});
}

std::vector<FindReport> Triage::finds() const {
    std::vector<FindReport> finds;
    for (const std::string& name : found_) {
        const StoredBucket& bucket = *store_.find(name);
        // Somebody may have moved it away.
        const bool there = store_.holds(bucket);
        const std::string path = there ? store_.path(bucket) : "";
        finds.push_back({name, bucket.verdict, path, bucket.steps, bucket.pages,
                         there ? replay_command(job_.environment, path) : "", bucket.count});
    }
    BucketCounts sums = counts();
    for (const auto& [name, unsaved] : unsaved_) {
        if (found_.count(name) > 0) continue;
        finds.push_back(unsaved.report);
        finds.back().count = std::max<std::uint64_t>(sums[name], 1);
    }
    finds.insert(finds.end(), others_.begin(), others_.end());
    return finds;
}

}  // namespace vmacheck::cli
