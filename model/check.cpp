// The comparison of the reference with a target; see the header.
#include "model/check.h"

namespace vmacheck {
namespace {

std::string result_text(Result result) {
    return std::string(name_of(result.error)) + (result.unused ? " unused" : "");
}

std::string stages_text(const std::vector<Stage>& stages) {
    std::string text;
    for (const Stage stage : stages)
        text += (text.empty() ? "" : ",") + std::string(name_of(stage));
    return text.empty() ? "none" : text;
}

bool same_extras(const Attributes& one, const Attributes& other, const Sight& sight) {
    const bool same_policy = one.policy == other.policy && one.home_node == other.home_node;
    return (same_policy || !sight.shows(Channel::policy)) &&
           (one.name == other.name || !sight.shows(Channel::area_name)) &&
           (one.uffd == other.uffd || !sight.shows(Channel::uffd_context));
}

}  // namespace

std::string text_of_pages(PageRange range) {
    return "[" + std::to_string(range.start.value) + "," + std::to_string(range.end().value) + ")";
}

std::string bucket_name(const Bucket& bucket) {
    std::string name(name_of(bucket.verdict));
    if (bucket.op == op_count)
        name += " end";
    else if (bucket.case_id == no_case)
        name += " " + std::string(op_name(bucket.op));
    else
        name += " " + case_name(bucket.case_id);
    if (bucket.stage) name += " !" + std::string(name_of(*bucket.stage));
    return name;
}

void Renaming::reset(std::uint32_t fixed) {
    fixed_ = fixed;
    found_of_.clear();
    expected_of_.clear();
}

std::uint32_t& Renaming::slot(std::vector<std::uint32_t>& names, std::uint32_t id) {
    if (names.size() <= id) names.resize(id + 1, 0);
    return names[id];
}

bool Renaming::same(std::uint32_t expected, std::uint32_t found) {
    if (expected <= fixed_ || found <= fixed_) return expected == found;
    std::uint32_t& known_found = slot(found_of_, expected);
    std::uint32_t& known_expected = slot(expected_of_, found);
    if (known_found == 0 && known_expected == 0) {
        known_found = found;
        known_expected = expected;
    }
    return known_found == found && known_expected == expected;
}

Lockstep::Lockstep(Target& target) : target_(target), reference_(cases_) {}

void Lockstep::begin(const World& world, const Cells& layout) {
    world_ = &world;
    reference_.create(world, layout);
    target_.create(world);
    refusal_ = target_.refusal();
    files_.reset(static_cast<std::uint32_t>(world.files.size()));
    faults_.reset(0);
    index_ = 0;
}

std::optional<Finding> Lockstep::step(const Step& step) {
    const bool fails = step.failure.kind != Failure::Kind::none;
    if (fails && refusal_.empty() && !target_.sight().failures) {
        refusal_ = "a step of the program fails by injection, and the target cannot do that";
    }
    if (!refusal_.empty()) {
        expected_ = found_ = {};
        return std::nullopt;
    }
    // The target goes first, for it may decline, and then the reference must not move either.
    op_ = step.op.index();
    cases_.begin(op_);
    found_log_.begin(step.failure);
    found_ = {target_.apply(step, found_log_), false};
    found_.unused = found_log_.unused();
    if (declined() && target_.sight().may_decline(op_)) {
        // Nothing has changed, then, on either side.
        std::optional<Finding> finding = compare_structure();
        if (!finding) finding = compare_spaces();
        ++index_;
        return finding;
    }
    const bool knows_where = !fails || target_.sight().shows(Channel::stages);
    std::optional<Finding> finding = knows_where ? follow(step) : follow_to_any_outcome(step);
    ++steps_;
    if (expected_log_.struck()) ++failed_steps_;
    ++index_;
    return finding;
}

std::optional<Finding> Lockstep::follow(const Step& step) {
    expected_ = {reference_.apply(step, expected_log_), false};
    expected_.unused = expected_log_.unused();
    return compare(step);
}

// One point after the other, until there is none. The reference goes on from the first outcome that
// fits; if none does, the finding is about the first point. That a failure is swallowed is for the
// reference to say: as if there had been none is no outcome of one.
std::optional<Finding> Lockstep::follow_to_any_outcome(const Step& step) {
    Step tried = step;
    if (found_.unused) {
        tried.failure = {};
        return follow(tried);
    }
    const Reference before = reference_;
    const Cases cases_before = cases_;
    const Renaming files_before = files_;
    const Renaming faults_before = faults_;
    std::optional<Finding> first;
    for (tried.failure.k = 1;; ++tried.failure.k) {
        std::optional<Finding> misfit = follow(tried);
        const bool failed = !expected_.unused;
        if (failed && !misfit) return std::nullopt;
        if (!failed && !first) {
            return finding(Verdict::wrong_result,
                           "The target failed where nothing of that kind can fail.", step.space);
        }
        if (!failed) return first;
        if (!first) first = std::move(misfit);
        reference_ = before;
        cases_ = cases_before;
        files_ = files_before;
        faults_ = faults_before;
    }
}

std::optional<Finding> Lockstep::finish() {
    const std::size_t end = index_;
    for (std::uint8_t space = 0; space < space_count_max && refusal_.empty(); ++space) {
        if (!reference_.has_space(SpaceId{space})) continue;
        const Step unmap{Munmap{{Page{0}, world_->pages}}, SpaceId{space}, {}};
        std::optional<Finding> finding = step(unmap);
        if (finding) {
            finding->bucket.op = op_count;
            finding->step = end;
            return finding;
        }
    }
    // Nothing is mapped on either side any more, so counters that agree are zero on both.
    return std::nullopt;
}

Finding Lockstep::finding(Verdict verdict, std::string what, SpaceId space, PageRange where) const {
    Finding finding;
    finding.bucket = {verdict, op_, cases_.last(), std::nullopt};
    if (expected_log_.struck()) finding.bucket.stage = expected_log_.struck_at();
    finding.step = index_;
    finding.what = std::move(what);
    finding.space = space;
    finding.where = where;
    finding.expected = expected_;
    finding.found = found_;
    return finding;
}

std::optional<Finding> Lockstep::compare_structure() {
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        shown_[number] = target_.has_space(space);
        if (!shown_[number]) continue;
        target_.observe(space, views_[number]);
        if (const auto violation = check_structure(*world_, views_[number])) {
            const auto name = invariant_names[static_cast<std::size_t>(violation->invariant)];
            return finding(Verdict::broken_invariant,
                           "The target breaks the invariant " + std::string(name) + " at " +
                               text_of_pages(violation->where) + ".",
                           space, violation->where);
        }
    }
    return std::nullopt;
}

std::optional<Finding> Lockstep::compare(const Step& step) {
    if (auto found = compare_structure()) return found;
    const Sight& sight = target_.sight();
    const bool same_use = !sight.shows(Channel::stages) || expected_.unused == found_.unused;
    if (expected_.error != found_.error || !same_use) {
        return finding(Verdict::wrong_result,
                       "The answer is " + result_text(found_) + " and should be " +
                           result_text(expected_) + ".",
                       step.space);
    }
    if (auto found = compare_spaces()) return found;
    // Behind the boundaries: who misses a merge passes other stages, and missed_merge says more.
    if (sight.shows(Channel::stages) && expected_log_.passed() != found_log_.passed()) {
        return finding(Verdict::wrong_pages,
                       "The stages passed are " + stages_text(found_log_.passed()) +
                           " and should be " + stages_text(expected_log_.passed()) + ".",
                       step.space);
    }
    if (sight.shows(Channel::counters)) {
        if (auto found = compare_counters()) return found;
    }
    if (sight.shows(Channel::hooks)) return compare_hooks();
    return std::nullopt;
}

std::optional<Finding> Lockstep::compare_spaces() {
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        if (reference_.has_space(space) != shown_[number]) {
            return finding(Verdict::wrong_pages,
                           "Address space " + std::to_string(number) +
                               (shown_[number] ? " should not exist." : " is missing."),
                           space);
        }
        if (!shown_[number]) continue;
        if (auto found = compare_pages(space)) return found;
    }
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        if (!shown_[number]) continue;
        if (auto found = compare_boundaries(space)) return found;
    }
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        if (!shown_[number]) continue;
        if (auto found = compare_whole_areas(space)) return found;
    }
    return std::nullopt;
}

// Both directions: every page of every area is expected, and no page outside of them is.
std::optional<Finding> Lockstep::compare_pages(SpaceId space) {
    const std::vector<Cell>& cells = reference_.cells(space);
    const Cells& layout = reference_.layout();
    const auto differs = [&](Page start, Page end, const char* what) {
        const PageRange where = range_between(start, end);
        return finding(Verdict::wrong_pages, "Pages " + text_of_pages(where) + " " + what, space,
                       where);
    };
    std::size_t cell = 0;
    for (const AreaView& area : views_[space.value].areas) {
        if (!layout.cut_at(area.range.start) || !layout.cut_at(area.range.end())) {
            return differs(area.range.start, area.range.end(),
                           "are an area, but no operation named its ends.");
        }
        const std::size_t first = layout.index(area.range.start);
        const std::size_t end = layout.index(area.range.end());
        for (; cell < first; ++cell) {
            if (!cells[cell].mapped) continue;
            return differs(layout.start(cell), layout.start(cell + 1), "should be mapped.");
        }
        if (!same_pages(area, first, end, cells)) {
            return differs(area.range.start, area.range.end(),
                           "are not mapped as they should be, or carry other attributes.");
        }
        cell = end;
    }
    for (; cell < cells.size(); ++cell) {
        if (!cells[cell].mapped) continue;
        return differs(layout.start(cell), layout.start(cell + 1), "should be mapped.");
    }
    return std::nullopt;
}

bool Lockstep::same_pages(const AreaView& area, std::size_t first, std::size_t end,
                          const std::vector<Cell>& cells) {
    const Sight& sight = target_.sight();
    const Attributes& found = area.attributes;
    const FileId file = cells[first].attributes.file;
    // A file's offset is always shown.
    const bool offset_shown = !file.none() || sight.shows(Channel::anonymous_offset);
    std::uint64_t pgoff = offset_shown ? found.pgoff : cells[first].attributes.pgoff;
    for (std::size_t cell = first; cell < end; ++cell) {
        const Attributes& at = cells[cell].attributes;
        if (!cells[cell].mapped || at.pgoff != pgoff ||
            !(at.flags ^ found.flags).without(sticky_flags).empty() || at.file != file ||
            !same_extras(at, found, sight)) {
            return false;
        }
        pgoff += reference_.layout().weight(cell).value;
    }
    return files_.same(file.value, found.file.value);
}

// Facts of the whole area. They are looked at when the areas are known to be the same: a merge
// spreads them, so where one is missed, they differ in its wake.
std::optional<Finding> Lockstep::compare_whole_areas(SpaceId space) {
    for (const AreaView& area : views_[space.value].areas) {
        const std::size_t first = reference_.layout().index(area.range.start);
        const Attributes& expected = reference_.cells(space)[first].attributes;
        const Attributes& found = area.attributes;
        if (!((expected.flags ^ found.flags) & sticky_flags).empty()) {
            return finding(Verdict::wrong_pages,
                           "Pages " + text_of_pages(area.range) + " should " +
                               (found.flags.has_any(sticky_flags) ? "not " : "") +
                               "have the flag that says that they may be guards.",
                           space, area.range);
        }
        if (!target_.sight().shows(Channel::fault_identity)) continue;
        if (expected.forked == found.forked &&
            faults_.same(expected.fault.value, found.fault.value)) {
            continue;
        }
        return finding(Verdict::wrong_pages,
                       "Pages " + text_of_pages(area.range) +
                           " have another fault identity, or another history of forks.",
                       space, area.range);
    }
    return std::nullopt;
}

// Boundaries that the pages force are on both sides already; what is left is history.
std::optional<Finding> Lockstep::compare_boundaries(SpaceId space) const {
    const std::vector<Cell>& cells = reference_.cells(space);
    const Cells& layout = reference_.layout();
    const std::vector<AreaView>& areas = views_[space.value].areas;
    for (std::size_t at = 0; at < areas.size(); ++at) {
        const PageRange range = areas[at].range;
        const std::size_t first = layout.index(range.start);
        const bool seam = at > 0 && areas[at - 1].range.end() == range.start;
        // A seam between pages that could be one area needs a reason to stay.
        const bool unexplained = seam && cells[first].seam == Seam::none &&
                                 reference_.equal_apart_from_fault(space, first);
        if (!cells[first].boundary || unexplained) {
            const PageRange where = range_between(areas[at - 1].range.start, range.end());
            return finding(Verdict::missed_merge,
                           text_of_pages(areas[at - 1].range) + " and " + text_of_pages(range) +
                               " should be one area.",
                           space, where);
        }
        const std::size_t end = layout.index(range.end());
        for (std::size_t cell = first + 1; cell < end; ++cell) {
            if (!cells[cell].boundary) continue;
            const std::string reason(seam_names[static_cast<std::size_t>(cells[cell].seam)]);
            return finding(Verdict::wrong_merge,
                           text_of_pages(range) + " should be two areas, the second from page " +
                               std::to_string(layout.start(cell).value) +
                               " on (seam kept for the reason " + reason + ").",
                           space, range);
        }
    }
    return std::nullopt;
}

std::optional<Finding> run_program(Lockstep& lockstep, const World& world,
                                   const std::vector<Step>& steps,
                                   std::vector<std::size_t>* points) {
    if (points != nullptr) points->clear();
    lockstep.begin(world, Cells(world, steps));
    for (const Step& step : steps) {
        if (auto finding = lockstep.step(step)) return finding;
        if (points != nullptr) points->push_back(lockstep.points());
    }
    return lockstep.finish();
}

}  // namespace vmacheck
