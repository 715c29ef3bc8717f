// The list of laws, and what a case of any of them does.
#include "properties/laws.h"

#include <utility>

#include "model/reference.h"
#include "model/step_log.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck {

namespace {

std::vector<Law> laws_of_targets() {
    return {
        {"agrees_with_reference",
         "After every step the target answers and looks as the reference does.",
         "merges and splits", 60, true, laws::agrees_with_reference},
        {"invariants_hold_alone",
         "After every step the target's own state is possible, and in the end nothing is left.",
         "states in which two areas touch", 200, true, laws::invariants_hold_alone},
        {"split_then_merge_is_identity",
         "A piece of an area that is changed and changed back leaves no trace.",
         "pieces that were split off and merged again", 3, true,
         laws::split_then_merge_is_identity},
        {"change_undone_restores_layout",
         "A change of several areas that is undone area by area restores the layout.",
         "changes undone", 8, true, laws::change_undone_restores_layout},
        {"mapping_unmapped_restores_layout",
         "What is mapped into a hole and unmapped again leaves no trace.",
         "mappings made and unmapped beside an area", 5, true,
         laws::mapping_unmapped_restores_layout},
        {"unmap_is_idempotent", "To unmap a range twice is to unmap it once.",
         "ranges that held something", 20, true, laws::unmap_is_idempotent},
        {"no_op_changes_nothing",
         "An operation that has nothing to do passes no stage, calls no hook and heals no seam.",
         "operations on pages that are mapped", 20, true, laws::no_op_changes_nothing},
        {"disjoint_operations_commute",
         "The order of two operations on ranges that do not touch makes no difference.",
         "pairs that both changed something", 2, true, laws::disjoint_operations_commute},
        {"shifting_shifts", "A program moved by k pages does the same k pages higher.",
         "steps that succeeded with pages mapped", 200, true, laws::shifting_shifts},
        {"failed_operation_leaves_what_the_rules_say",
         "A failed operation leaves what the profile allows: nothing, or a part of its work.",
         "operations that failed at a stage with pages mapped", 3, true,
         laws::failed_operation_leaves_what_the_rules_say},
        {"systematic_failure",
         "Whichever of its points an operation fails at, it leaves what the reference does.",
         "operations failed at one of their points", 300, true, laws::systematic_failure},
    };
}

std::vector<Law> laws_of_tools() {
    return {
        {"print_parse_round_trip", "Parsing what was printed gives the same program.",
         "programs with comments, claims or initial areas", 20, false,
         laws::print_parse_round_trip},
        {"printing_is_a_fixpoint",
         "A text that was damaged is refused with its place, or printing it is a fixpoint.",
         "accepted texts that were not as printed", 15, false, laws::printing_is_a_fixpoint},
        {"any_records_are_a_program",
         "Every byte string decodes to a well-formed program, and its canonical form to the same.",
         "programs with steps that were not in canonical form", 20, false,
         laws::any_records_are_a_program},
        {"binary_form_is_lossless", "A program that fits into the binary form comes back from it.",
         "programs with at least two steps", 20, false, laws::binary_form_is_lossless},
        {"binary_form_refuses_what_does_not_fit",
         "A program is refused exactly if one of its numbers is too large, and with a reason.",
         "programs that were refused", 20, false, laws::binary_form_refuses_what_does_not_fit},
        {"same_choices_same_program", "A program is a function of the choices of its source.",
         "programs of at least two steps", 20, false, laws::same_choices_same_program},
        {"program_of_a_seed_is_pure",
         "Program i of seed s is the same whatever was drawn before, and not that of its "
         "neighbours.",
         "programs of at least two steps", 20, false, laws::program_of_a_seed_is_pure},
        {"any_bytes_are_a_program",
         "Every byte string is a well-formed program, drawn in bounded work.",
         "programs with a step that is drawn from bytes", 20, false, laws::any_bytes_are_a_program},
        {"mutating_is_pure",
         "A mutated program is a function of the program and the choices, whatever came before.",
         "programs that changed", 80, false, laws::mutating_is_pure},
        {"mutating_keeps_the_limits",
         "What comes out is well-formed, fits into the binary form, and keeps the limits.",
         "programs that changed", 80, false, laws::mutating_keeps_the_limits},
        {"splicing_keeps_the_limits",
         "What is spliced of any two programs fits like what is mutated, and has steps of both.",
         "programs with a step that only the donor had", 40, false,
         laws::splicing_keeps_the_limits},
        {"minimizing_makes_smaller",
         "Each candidate that is kept is smaller and stays in the bucket, and so does the result.",
         "candidates kept", 100, false, laws::minimizing_makes_smaller},
        {"minimizing_tries_nothing_twice",
         "No candidate is tried twice, and none that is not smaller than the best so far.",
         "candidates tried", 100, false, laws::minimizing_tries_nothing_twice},
        {"minimizing_is_idempotent", "What was minimized cannot be minimized further.",
         "programs that minimizing made smaller", 10, false, laws::minimizing_is_idempotent},
    };
}

}  // namespace

Candidate generate_candidate(Source& source, const LawSetting& setting) {
    const Generator generator(*setting.alphabet, *setting.profile, setting.pages);
    Swarm swarm;
    generator.draw_swarm(source, swarm);
    Candidate candidate{swarm.world, {}};
    Cases cases;
    StepLog log;
    Reference reference(cases);
    reference.create(candidate.world, Cells(candidate.world.pages));
    for (std::uint64_t i = 0; i < swarm.length; ++i) {
        const Step step = generator.draw_step(source, swarm, &reference);
        static_cast<void>(reference.apply(step, log));
        candidate.steps.push_back(step);
    }
    return candidate;
}

Candidate decode_candidate(const std::vector<std::uint8_t>& bytes, const Profile& profile) {
    Candidate candidate;
    decode_program(bytes, profile, candidate.world, candidate.steps);
    return candidate;
}

std::vector<std::uint8_t> encode_candidate(const Candidate& candidate) {
    std::vector<std::uint8_t> bytes;
    encode_program(candidate.world, candidate.steps, bytes);
    return bytes;
}

Candidate LawCase::draw() {
    Candidate candidate = *draw_candidate(setting_);
    is_about(candidate);
    return candidate;
}

Candidate LawCase::draw_without_limit() {
    Candidate candidate = *draw_candidate(setting_);
    candidate.world.max_map_count = max_map_count_default;
    for (const WorldLimit& limit : world_limits) candidate.world.*limit.member = no_limit;
    is_about(candidate);
    return candidate;
}

void LawCase::is_about(const Candidate& candidate) {
    candidate_ = candidate;
    if (journal_) journal_(candidate);
}

const std::vector<Law>& all_laws() {
    static const std::vector<Law> list = [] {
        std::vector<Law> laws = laws_of_targets();
        const std::vector<Law> others = laws_of_tools();
        laws.insert(laws.end(), others.begin(), others.end());
        return laws;
    }();
    return list;
}

const Law* find_law(std::string_view name) {
    for (const Law& law : all_laws()) {
        if (law.name == name) return &law;
    }
    return nullptr;
}

}  // namespace vmacheck
