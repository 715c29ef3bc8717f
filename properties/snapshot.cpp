// Taking and comparing snapshots; see the header.
#include "properties/snapshot.h"

#include <algorithm>

#include "model/text.h"

namespace vmacheck {
namespace {

// Compares single attributes, with one renaming for a whole pair of snapshots.
class Matcher {
  public:
    Matcher(const Run& run, const Matching& matching)
        : matching_(matching),
          faults_compared_(matching.fault && run.target().sight().shows(Channel::fault_identity)) {
        files_.reset(static_cast<std::uint32_t>(run.world().files.size()));
        faults_.reset(0);
    }

    bool same(const Attributes& expected, const Attributes& found) {
        const bool moves = expected.file.none();
        if (expected.pgoff + (moves ? matching_.shift : 0) != found.pgoff) return false;
        const Flags ignored = (matching_.account ? Flags{} : Flags(Flag::account)) |
                              (matching_.sticky ? Flags{} : sticky_flags);
        if (expected.flags.without(ignored) != found.flags.without(ignored)) return false;
        if (!same(files_, expected.file.value, found.file.value)) return false;
        if (!faults_compared_) return true;
        return expected.forked == found.forked &&
               same(faults_, expected.fault.value, found.fault.value);
    }

  private:
    static bool same(Renaming& renaming, std::uint32_t expected, std::uint32_t found) {
        if (expected > identity_max || found > identity_max) return false;
        return renaming.same(expected, found);
    }

    const Matching& matching_;
    bool faults_compared_;
    Renaming files_;
    Renaming faults_;
};

std::string space_text(std::size_t space) {
    return "space " + std::to_string(space);
}

std::string views_text(std::size_t space, const SpaceView& expected, const SpaceView& found) {
    return " of " + space_text(space) + "\n    expected  " + areas_text(expected) +
           "\n    found     " + areas_text(found);
}

bool same_areas(Matcher& matcher, const SpaceView& expected, const SpaceView& found,
                std::uint64_t shift) {
    if (expected.areas.size() != found.areas.size()) return false;
    for (std::size_t at = 0; at < expected.areas.size(); ++at) {
        const AreaView& left = expected.areas[at];
        const AreaView& right = found.areas[at];
        const PageRange moved{left.range.start + PageCount{shift}, left.range.count};
        if (moved != right.range || !matcher.same(left.attributes, right.attributes)) return false;
    }
    return true;
}

}  // namespace

Run::Run(LawCase& law, const World& world)
    : law_(law), world_(world), target_(law.subject().target()) {
    target_->create(world_);
}

Result Run::step(const Step& step) {
    law_.count_steps(1);
    log_.begin(step.failure);
    const Errno error = target_->apply(step, log_);
    return {error, log_.unused()};
}

void Run::steps(const std::vector<Step>& steps) {
    for (const Step& each : steps) step(each);
}

Snapshot Run::snapshot() const {
    Snapshot snapshot;
    for (std::uint8_t space = 0; space < space_count_max; ++space) {
        snapshot.exists[space] = target_->has_space(SpaceId{space});
        if (snapshot.exists[space]) target_->observe(SpaceId{space}, snapshot.spaces[space]);
    }
    target_->observe(snapshot.machine);
    return snapshot;
}

std::optional<std::string> difference(const Run& run, const Snapshot& expected,
                                      const Snapshot& found, const Matching& matching) {
    Matcher matcher(run, matching);
    const bool counters = run.target().sight().shows(Channel::counters);
    for (std::size_t space = 0; space < space_count_max; ++space) {
        if (expected.exists[space] != found.exists[space]) {
            return space_text(space) + (found.exists[space] ? " should not exist" : " is missing");
        }
        const SpaceView& left = expected.spaces[space];
        const SpaceView& right = found.spaces[space];
        if (!same_areas(matcher, left, right, matching.shift)) {
            return "the areas" + views_text(space, left, right);
        }
        SpaceCounters shifted = left.counters;
        if (expected.exists[space]) shifted.brk += matching.shift;
        if (counters && !(shifted == right.counters)) {
            return "the counters" + views_text(space, left, right);
        }
    }
    if (counters && !(expected.machine == found.machine)) {
        return "the counters of the machine, committed " +
               std::to_string(expected.machine.committed) + " and " +
               std::to_string(found.machine.committed);
    }
    return std::nullopt;
}

std::optional<std::string> page_difference(const Run& run, const Snapshot& expected,
                                           const Snapshot& found, const Matching& matching) {
    Matcher matcher(run, matching);
    for (std::size_t space = 0; space < space_count_max; ++space) {
        const SpaceView& left = expected.spaces[space];
        const SpaceView& right = found.spaces[space];
        for (const Page page : ends_of(left, right)) {
            const auto before = attributes_at(left, page);
            const auto after = attributes_at(right, page);
            const bool same = before.has_value() == after.has_value() &&
                              (!before || matcher.same(*before, *after));
            if (same) continue;
            return "page " + std::to_string(page.value) + views_text(space, left, right);
        }
    }
    return std::nullopt;
}

std::optional<std::string> broken_invariant(const Run& run, const Snapshot& snapshot) {
    std::vector<SpaceView> views;
    for (std::size_t space = 0; space < space_count_max; ++space) {
        if (snapshot.exists[space]) views.push_back(snapshot.spaces[space]);
    }
    std::optional<Violation> violation;
    if (run.target().sight().shows(Channel::counters)) {
        violation = check_alone(run.world(), views, snapshot.machine);
    } else {
        for (const SpaceView& view : views) {
            if (!violation) violation = check_structure(run.world(), view);
        }
    }
    if (!violation) return std::nullopt;
    std::string text(invariant_names[static_cast<std::size_t>(violation->invariant)]);
    text += " at ";
    print_range(text, violation->where);
    for (std::size_t space = 0; space < views.size(); ++space) {
        text += "\n    areas  " + areas_text(views[space]);
    }
    return text;
}

std::optional<Attributes> attributes_at(const SpaceView& view, Page page) {
    for (const AreaView& area : view.areas) {
        if (!area.range.contains(page)) continue;
        Attributes attributes = area.attributes;
        attributes.pgoff += (page - area.range.start).value;
        return attributes;
    }
    return std::nullopt;
}

std::vector<Page> ends_of(const SpaceView& one, const SpaceView& other) {
    std::vector<Page> ends;
    for (const SpaceView* view : {&one, &other}) {
        for (const AreaView& area : view->areas) {
            ends.push_back(area.range.start);
            ends.push_back(area.range.end());
        }
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
}

bool is_seam(const SpaceView& view, Page page) {
    for (std::size_t at = 1; at < view.areas.size(); ++at) {
        if (view.areas[at].range.start == page) return view.areas[at - 1].range.end() == page;
    }
    return false;
}

std::string areas_text(const SpaceView& view) {
    std::string text;
    for (const AreaView& area : view.areas) {
        if (!text.empty()) text += " | ";
        print_range(text, area.range);
        text += ' ';
        print_prot(text, {area.attributes.flags & access_flags});
    }
    return text.empty() ? "none" : text;
}

}  // namespace vmacheck
