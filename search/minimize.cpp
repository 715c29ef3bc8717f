// The order of what is smaller, and the loop over the passes (search/passes.h).
#include "search/minimize.h"

#include <array>
#include <string>
#include <unordered_set>

#include "model/text.h"
#include "search/passes.h"

namespace vmacheck {
namespace {

// How far a value is from the plainest of its type, and which attributes a program uses. The
// plainest values are those that the kernel's own examples use: anonymous, private, rw-.
struct Measure {
    std::unordered_set<std::uint64_t> attributes;
    std::uint64_t values = 0;

    // `value` is 0 for the plainest one, which every program may use.
    void use(std::uint64_t type, std::uint64_t value) {
        if (value != 0) attributes.insert((type << 56U) | value);
        values += value;
    }
    void add(const PageRange& range) { values += range.count.value + range.start.value; }
    void add(const Page& page) { values += page.value; }
    void add(const FilePage& page) { values += page.value; }
    void add(const Prot& prot) {
        constexpr std::array<std::uint64_t, 8> rank = {2, 1, 5, 0,
                                                       6, 4, 7, 3};  // rw- r-- --- rwx ...
        use(1, rank[prot.flags.bits]);
    }
    void add(const Backing& backing) {
        use(2, backing.file.value);
        values += backing.offset;
    }
    void add(const SpaceId& space) { use(3, space.value); }
    template <class Enum>
    requires std::is_enum_v<Enum>
    void add(const Enum& value) {
        use(4 + index_among(value, static_cast<FieldEnums*>(nullptr)),
            static_cast<std::uint64_t>(value));
    }
    // The place of the enum among those of fields.
    template <class Enum, class... Enums>
    static constexpr std::uint64_t index_among(Enum, std::tuple<Enums...>*) {
        constexpr std::array<bool, sizeof...(Enums)> same = {std::is_same_v<Enum, Enums>...};
        return static_cast<std::uint64_t>(std::find(same.begin(), same.end(), true) - same.begin());
    }
};

class Search {
  public:
    Search(const Candidate& candidate, const Finding& finding, const Predicate& predicate,
           const MinimizeOptions& options,
           const std::function<void(const Candidate&, std::uint64_t)>& progress)
        : best_{candidate, finding, 0, true},
          best_size_(size_of(candidate)),
          predicate_(predicate),
          options_(options),
          progress_(progress) {}

    // The only door: order, then memory, then the run itself.
    bool consider(const Candidate& candidate) {
        const Size size = size_of(candidate);
        if (!(size < best_size_)) return false;
        if (best_.tries >= options_.tries_max) {
            best_.finished = false;
            return false;
        }
        const std::string text = print_program(program_of(candidate.world, candidate.steps));
        if (!tried_.insert(text).second) return false;
        // What cannot be written down is no program: initial areas that a pass emptied, say.
        if (!std::holds_alternative<Program>(parse_program(text))) return false;
        ++best_.tries;
        const std::optional<Finding> finding = predicate_(candidate);
        if (!finding) return false;
        if (!options_.any_failure && finding->bucket != best_.finding.bucket) return false;
        best_.candidate = candidate;
        best_.finding = *finding;
        best_size_ = size;
        if (progress_) progress_(best_.candidate, best_.tries);
        return true;
    }

    Minimized run() {
        const Consider door = [this](const Candidate& candidate) { return consider(candidate); };
        const Size* const size = &best_size_;
        for (Size before{}; before != *size && best_.finished;) {
            before = *size;
            for (const Pass pass : all_passes()) pass(best_.candidate, best_.finding, door);
        }
        return best_;
    }

  private:
    Minimized best_;
    Size best_size_;
    const Predicate& predicate_;
    const MinimizeOptions& options_;
    const std::function<void(const Candidate&, std::uint64_t)>& progress_;
    std::unordered_set<std::string> tried_;
};

// What an initial area carries that it could do without.
std::uint64_t weight_of(const Attributes& at) {
    const auto count = [](bool carries) { return carries ? 1U : 0U; };
    std::uint64_t weight = count(!at.fault.none()) + count(at.policy != Policy::none) +
                           count(at.home_node) + count(at.name != AreaName::none) +
                           count(at.uffd != UffdContext::none);
    for (int flag = static_cast<int>(Flag::account); flag < flag_count; ++flag) {
        weight += count(at.flags.has(Flag(flag)));
    }
    return weight;
}

}  // namespace

Size size_of(const Candidate& candidate) {
    Measure measure;
    Size size;
    for (const Step& step : candidate.steps) {
        if (step.failure.kind != Failure::Kind::none) {
            size.failures += step.failure.k;
            // A named stage says more than a number.
            measure.values += step.failure.kind == Failure::Kind::at_any ? 1 : 0;
        }
        measure.add(step.space);
        std::visit(
            [&](const auto& op) {
                for_each_field(op, [&](const auto&, const auto& value) { measure.add(value); });
            },
            step.op);
    }
    const World& world = candidate.world;
    size.steps = candidate.steps.size();
    size.pages = world.pages.value;
    size.attributes = measure.attributes.size();
    size.areas = world.areas.size();
    size.values = measure.values + world.files.size();
    size.values += world.memory_merge ? 1 : 0;
    size.values += world.max_map_count == max_map_count_default ? 0 : 1;
    for (const WorldLimit& limit : world_limits)
        size.values += world.*limit.member == no_limit ? 0 : 1;
    size.values += world.heap.value + world.pkeys;
    for (const InitialArea& area : world.areas) size.values += weight_of(area.attributes);
    for (const File& file : world.files) {
        size.values += file.read_only ? 1 : 0;
        for (const auto member : optional_driver_members)
            size.values += file.driver.*member ? 1 : 0;
    }
    return size;
}

Minimized minimize(const Candidate& candidate, const Finding& finding, const Predicate& predicate,
                   const MinimizeOptions& options,
                   const std::function<void(const Candidate&, std::uint64_t tries)>& progress) {
    return Search(candidate, finding, predicate, options, progress).run();
}

}  // namespace vmacheck
