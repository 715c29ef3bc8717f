// Snapshots of a target: its state as it shows it, taken at one moment and compared with another.
//
// Two snapshots are compared up to renaming of identities, and a channel that the target withholds
// is not compared. Answers are sentences for a report; nothing means equal.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/check.h"
#include "model/program.h"
#include "model/step_log.h"
#include "model/target.h"
#include "properties/laws.h"

namespace vmacheck {

struct Snapshot {
    std::array<bool, space_count_max> exists{};
    std::array<SpaceView, space_count_max> spaces;
    MachineView machine;
};

// A target on its way through a program, alone.
class Run {
  public:
    // `world` outlives the run.
    Run(LawCase& law, const World& world);

    Result step(const Step& step);
    void steps(const std::vector<Step>& steps);

    [[nodiscard]] Snapshot snapshot() const;
    [[nodiscard]] const Target& target() const { return *target_; }
    [[nodiscard]] const World& world() const { return world_; }
    // Of the last step.
    [[nodiscard]] const StepLog& log() const { return log_; }

  private:
    LawCase& law_;
    const World& world_;
    std::unique_ptr<Target> target_;
    StepLog log_;
};

// What two snapshots need not agree in.
struct Matching {
    std::uint64_t shift = 0;  // `found` lies so many pages higher.
    bool fault = true;        // Fault identities are compared.
    bool account = true;      // The flag `account` is compared.
    bool sticky = true;       // Sticky flags are compared.
};

// Areas, counters, files: everything.
std::optional<std::string> difference(const Run& run, const Snapshot& expected,
                                      const Snapshot& found, const Matching& matching);

// What each page of each space carries; boundaries and counters aside.
std::optional<std::string> page_difference(const Run& run, const Snapshot& expected,
                                           const Snapshot& found, const Matching& matching);

// All that a target alone can be asked: check_alone(), as far as it shows what that needs.
std::optional<std::string> broken_invariant(const Run& run, const Snapshot& snapshot);

// The attributes of a page, its own offset among them; nothing if it is not mapped.
std::optional<Attributes> attributes_at(const SpaceView& view, Page page);

// All ends of areas of both views, sorted: between two of them nothing changes.
std::vector<Page> ends_of(const SpaceView& one, const SpaceView& other);

// Whether two areas meet there, the second of which starts at `page`.
bool is_seam(const SpaceView& view, Page page);

// "0+4 rw- | 4+2 r--"
std::string areas_text(const SpaceView& view);

}  // namespace vmacheck
