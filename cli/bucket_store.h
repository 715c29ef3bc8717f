// What fuzzing has found so far, in a folder: for each bucket the smallest program and how often it
// was met. Found again in the next run.
//
//     DIR/BUCKET.vma      the smallest program, with its story
//     DIR/buckets.json    the counts
//     DIR/find-*.orig.vma, crash-*, timeout-*, oom-*, leak-*
//                         programs as an engine saved them, until they are in a bucket
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/find.h"
#include "search/minimize.h"

namespace vmacheck::cli {

struct StoredBucket {
    std::uint64_t count = 0;  // Programs that fell into it, earlier runs included.
    std::string verdict;
    std::string file;
    std::uint64_t steps = 0;
    std::uint64_t pages = 0;
};

class BucketStore {
  public:
    explicit BucketStore(std::string directory) : directory_(std::move(directory)) {}

    // False, with a complaint, if the counts are there and cannot be read.
    [[nodiscard]] bool load();
    bool save() const;

    [[nodiscard]] const std::map<std::string, StoredBucket>& buckets() const { return buckets_; }
    [[nodiscard]] const StoredBucket* find(const std::string& bucket) const;

    // Writes the program if its bucket has none that is as small. Answers whether it has done so.
    bool keep(const FindJob& job, const Story& story);
    void set_count(const std::string& bucket, std::uint64_t count);

    // Programs as an engine saved them, by name.
    [[nodiscard]] std::vector<std::string> originals() const;

  private:
    [[nodiscard]] std::string ledger() const { return directory_ + "/buckets.json"; }

    std::string directory_;
    std::map<std::string, StoredBucket> buckets_;
};

}  // namespace vmacheck::cli
