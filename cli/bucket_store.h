// What fuzzing has found so far, in a folder: for each bucket the smallest program and how often it
// was met. Found again in the next run.
//
//     DIR/BUCKET-HASH.vma the smallest program, with its story
//     DIR/buckets.json    the counts
//     DIR/find-*.orig.vma, crash-*, timeout-*, oom-*, leak-*
//                         programs as an engine saved them, until they are in a bucket
//
// The list is a memory, not a proof: the file may be gone, and what was fixed since does not fail.
// So a program that is known stands in the way of another only after confirm().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/find.h"
#include "search/minimize.h"

namespace vmacheck::cli {

struct StoredBucket {
    std::uint64_t count = 0;  // Programs that fell into it, earlier runs included.
    std::string verdict;
    std::string file;  // Its name in the folder.
    std::uint64_t steps = 0;
    std::uint64_t pages = 0;
    std::optional<Size> confirmed;  // Of the program in the file, which fails as it should.
};

class BucketStore {
  public:
    explicit BucketStore(std::string directory) : directory_(std::move(directory)) {}
    BucketStore(const BucketStore&) = delete;
    BucketStore& operator=(const BucketStore&) = delete;
    ~BucketStore();

    // Takes the folder for itself and reads the counts. False, with a complaint, if another run has
    // the folder, or if the counts are there and cannot be read.
    [[nodiscard]] bool open();
    // Writes the counts, if they have changed.
    bool save();

    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] const std::map<std::string, StoredBucket>& buckets() const { return buckets_; }
    [[nodiscard]] const StoredBucket* find(const std::string& bucket) const;
    [[nodiscard]] std::string path(const StoredBucket& bucket) const {
        return directory_ + "/" + bucket.file;
    }

    // Looks whether the program of the bucket still fails in it: once, while its file is there.
    void confirm(const std::string& name, const TargetChoice& target);

    enum class Kept : std::uint8_t {
        as_smallest,
        not_needed,  // The confirmed program is as small.
        not_at_all,  // It could not be written.
    };
    Kept keep(const FindJob& job, const Story& story);
    void set_count(const std::string& name, std::uint64_t count);

    // Programs as an engine saved them, by name: those of the engine's own death, or all.
    enum class Originals : std::uint8_t { of_deaths, all };
    [[nodiscard]] std::vector<std::string> originals(Originals which) const;
    // Gives an original a name with `kind` before it, under which it is no original any more.
    // Answers the new path.
    [[nodiscard]] std::string set_aside(const std::string& path, const std::string& kind) const;
    // Whether the file of a bucket is there.
    [[nodiscard]] bool holds(const StoredBucket& bucket) const;

  private:
    [[nodiscard]] std::string ledger() const { return directory_ + "/buckets.json"; }

    std::string directory_;
    int lock_ = -1;
    std::map<std::string, StoredBucket> buckets_;
    bool changed_ = false;
};

}  // namespace vmacheck::cli
