// What fuzzing found: every program that fails is run by itself, sorted into its bucket and
// minimized; the smallest of a bucket is kept, and how often the bucket was met.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/bucket_store.h"
#include "cli/find.h"

namespace vmacheck::cli {

using BucketCounts = std::map<std::string, std::uint64_t>;

class Triage {
  public:
    // `counts_of_engines`: how often the engines of this run met each bucket.
    Triage(FindJob job, Progress& progress, std::function<BucketCounts()> counts_of_engines)
        : job_(std::move(job)),
          progress_(progress),
          counts_of_engines_(std::move(counts_of_engines)),
          store_(job_.directory) {}

    // Takes the folder. False, with a complaint, if that cannot be.
    [[nodiscard]] bool open();
    // Writes the counts, if they have changed.
    bool save();

    // A program that is said to fail. `path`: where it is saved; empty: nowhere yet. `count`: how
    // often no engine counted it.
    void examine(const Candidate& candidate, const std::string& path, std::uint64_t count);
    // The same, but answers false if it does not fail when it is run by itself.
    bool sort_in(const Candidate& candidate, std::string path, std::uint64_t count);
    // Those that engines have saved; answers how many there were.
    std::size_t examine_originals(BucketStore::Originals which);

    // Of this run, whatever became of it.
    [[nodiscard]] bool found_any() const {
        return !found_.empty() || !unsaved_.empty() || !others_.empty();
    }
    [[nodiscard]] std::vector<FindReport> finds() const;
    // Of earlier runs, too.
    [[nodiscard]] std::size_t bucket_count() const { return store_.buckets().size(); }
    // Programs in the folder that are in no bucket yet.
    [[nodiscard]] std::size_t original_count() const {
        return store_.originals(BucketStore::Originals::all).size();
    }

  private:
    struct Unsaved {
        Size size;
        FindReport report;
    };

    // Of all runs on this folder.
    [[nodiscard]] BucketCounts counts() const;
    // What the program comes to by itself.
    [[nodiscard]] std::optional<Finding> look(const Candidate& candidate);
    // Whether the program may be the smallest of its bucket.
    [[nodiscard]] bool worth_telling(const Finding& finding);
    bool keep(const Story& story, bool is_new);
    void note_unsaved(const Story& story, const std::string& path);
    void note_unconfirmed(const Candidate& candidate, const std::string& path);

    FindJob job_;
    Progress& progress_;
    std::function<BucketCounts()> counts_of_engines_;
    BucketStore store_;
    BucketCounts counts_before_;
    BucketCounts uncounted_;         // By engines; of this run.
    std::set<std::string> counted_;  // Paths of originals that stay though they are counted.
    std::set<std::string> found_;    // Buckets met in this run.
    // What could not be saved: the smallest of each bucket, which was printed.
    std::map<std::string, Unsaved> unsaved_;
    std::vector<FindReport> others_;  // What is in no bucket.
};

}  // namespace vmacheck::cli
