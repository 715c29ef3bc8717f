// The oracle: runs the reference and a target side by side and says where they part.
//
// After every step it looks, in this order, at the target's own structure, the result, the pages
// (with the stages passed), the boundaries, the counters and the hooks. The first difference is the
// verdict.
//
// A target that does not show stages says only that it failed. Then each outcome of a failure of
// that kind is permitted, at whichever point of the reference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/cases.h"
#include "model/cells.h"
#include "model/program.h"
#include "model/reference.h"
#include "model/step_log.h"
#include "model/target.h"

namespace vmacheck {

enum class Verdict : std::uint8_t {
    broken_invariant,  // The target's own state cannot be: areas unsorted, empty, overlapping, ...
    wrong_result,      // Another errno, or a failure that struck on one side only.
    wrong_pages,   // A page differs: mapped or not, its attributes, identities up to renaming; or
                   // the stages passed.
    missed_merge,  // The target has a boundary where the reference has none, or has no reason.
    wrong_merge,   // The reverse.
    wrong_counter,
    wrong_hooks,
    crash,  // From outside: the target's process died.
    hang,   // From outside: it did not come back in time.
};
inline constexpr std::array<std::string_view, 9> verdict_names = {
    "broken_invariant", "wrong_result", "wrong_pages", "missed_merge", "wrong_merge",
    "wrong_counter",    "wrong_hooks",  "crash",       "hang",
};
constexpr std::string_view name_of(Verdict verdict) {
    return verdict_names[static_cast<std::size_t>(verdict)];
}

// Finds in one bucket are one bug until shown otherwise.
struct Bucket {
    Verdict verdict = Verdict::crash;
    std::size_t op = op_count;   // op_count: the unmapping of everything at the end of a program.
    CaseId case_id = no_case;    // The last case of the step, as the reference saw it.
    std::optional<Stage> stage;  // Where the step's failure struck.
    friend bool operator==(const Bucket&, const Bucket&) = default;
};
// "missed_merge mprotect/merge/left", "wrong_counter mmap/errno/ENOMEM !charge".
std::string bucket_name(const Bucket& bucket);

struct Finding {
    Bucket bucket;
    std::size_t step = 0;  // Index of the step; the number of steps for the end of the program.
    std::string what;      // One sentence.
    SpaceId space;
    PageRange where;  // Pages concerned; empty if the finding is about none.
    Result expected;
    Result found;
};

// "[3,5)"
std::string text_of_pages(PageRange range);

// Names of the invariants of a target's own state, in the order in which they are checked.
enum class Invariant : std::uint8_t {
    inside_world,
    not_empty,
    sorted_without_overlap,
    identity_in_bounds,
    // Unfaulted private anonymous pages have their address for an offset, unless they were forked.
    anonymous_offset,
    shared_unfaulted,  // Shared memory never has a fault identity.
    access_permitted,  // What is permitted now is among what may be.
    pkey_allocated,    // A key is the program's, or that of execute-only memory.
    uffd_has_modes,    // A userfaultfd waits for something, and nothing else does.
    maximal,           // `canonical`: no two adjacent areas could be one.
    counters,          // Running counters equal their recomputation from the areas.
};
inline constexpr std::array<std::string_view, 11> invariant_names = {
    "inside_world",
    "not_empty",
    "sorted_without_overlap",
    "identity_in_bounds",
    "anonymous_offset",
    "shared_unfaulted",
    "access_permitted",
    "pkey_allocated",
    "uffd_has_modes",
    "maximal",
    "counters",
};

struct Violation {
    Invariant invariant;
    PageRange where;
};

// The structural ones, up to identity_in_bounds: what a comparison of pages takes for granted.
std::optional<Violation> check_structure(const World& world, const SpaceView& view);

// All of them, on a target alone: no reference has a say. `views` holds one for each space, that of
// space 0 first.
std::optional<Violation> check_alone(const World& world, const std::vector<SpaceView>& views,
                                     const MachineView& machine);

// Expected and found identities as a bijection that grows over a program; 0 is always 0.
class Renaming {
  public:
    // Forgets all but that 1 to `fixed` are themselves.
    void reset(std::uint32_t fixed);
    [[nodiscard]] bool same(std::uint32_t expected, std::uint32_t found);

  private:
    static std::uint32_t& slot(std::vector<std::uint32_t>& names, std::uint32_t id);
    std::uint32_t fixed_ = 0;
    std::vector<std::uint32_t> found_of_;
    std::vector<std::uint32_t> expected_of_;
};

// One program at a time: begin, step after step until one answers a finding, finish.
class Lockstep {
  public:
    explicit Lockstep(Target& target);

    void begin(const World& world, const Cells& layout);
    [[nodiscard]] std::optional<Finding> step(const Step& step);
    // Unmaps everything in every space; every count must be zero then.
    [[nodiscard]] std::optional<Finding> finish();
    // Why the program cannot be tested on this target, or not from some step on; empty if it can.
    // Steps are passed over from there, and nothing is found.
    [[nodiscard]] std::string_view refusal() const { return refusal_; }

    [[nodiscard]] const Reference& reference() const { return reference_; }
    [[nodiscard]] const Cases& cases() const { return cases_; }
    [[nodiscard]] const Target& target() const { return target_; }
    // Of the step before: what it answered, and what the target showed.
    [[nodiscard]] Result expected() const { return expected_; }
    [[nodiscard]] Result found() const { return found_; }
    // How many points that can fail the reference passed in it.
    [[nodiscard]] std::size_t points() const { return expected_log_.passed().size(); }
    [[nodiscard]] bool declined() const { return found_.error == Errno::declined; }
    [[nodiscard]] const SpaceView& view(SpaceId space) const { return views_[space.value]; }
    [[nodiscard]] std::uint64_t step_count() const { return steps_; }
    [[nodiscard]] std::uint64_t failed_step_count() const { return failed_steps_; }

  private:
    [[nodiscard]] Finding finding(Verdict verdict, std::string what, SpaceId space = {},
                                  PageRange where = {}) const;
    [[nodiscard]] std::optional<Finding> follow(const Step& step);
    [[nodiscard]] std::optional<Finding> follow_to_any_outcome(const Step& step);
    [[nodiscard]] std::optional<Finding> compare(const Step& step);
    [[nodiscard]] std::optional<Finding> compare_structure();
    [[nodiscard]] std::optional<Finding> compare_spaces();
    [[nodiscard]] std::optional<Finding> compare_pages(SpaceId space);
    [[nodiscard]] bool same_pages(const AreaView& area, std::size_t first, std::size_t end,
                                  const std::vector<Cell>& cells);
    [[nodiscard]] std::optional<Finding> compare_boundaries(SpaceId space) const;
    [[nodiscard]] std::optional<Finding> compare_whole_areas(SpaceId space);
    [[nodiscard]] std::optional<Finding> compare_counters();
    [[nodiscard]] std::optional<Finding> compare_hooks() const;

    Target& target_;
    Cases cases_;
    Reference reference_;
    const World* world_ = nullptr;
    std::string refusal_;
    StepLog expected_log_;
    StepLog found_log_;
    Result expected_;
    Result found_;
    std::array<bool, space_count_max> shown_{};  // Spaces that the target has after the step.
    std::array<SpaceView, space_count_max> views_;
    Reference::Census census_;
    MachineView found_machine_;
    Renaming files_;
    Renaming faults_;
    std::size_t op_ = op_count;
    std::size_t index_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t failed_steps_ = 0;
};

// Runs a whole program, its end included, and answers what it finds first. `points` gets how many
// points that can fail each step passed, up to the step with the finding.
std::optional<Finding> run_program(Lockstep& lockstep, const World& world,
                                   const std::vector<Step>& steps,
                                   std::vector<std::size_t>* points = nullptr);

}  // namespace vmacheck
