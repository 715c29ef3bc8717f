// The functions of the laws; what each says stands in the list in properties/laws.cpp.
//
// A function draws its programs, runs them, and leaves by RC_ASSERT or fail() when the law does
// not hold. It runs inside of a RapidCheck property and nowhere else.
#pragma once

#include "properties/laws.h"

namespace vmacheck::laws {

void agrees_with_reference(LawCase& law);
void invariants_hold_alone(LawCase& law);

void split_then_merge_is_identity(LawCase& law);
void change_undone_restores_layout(LawCase& law);
void mapping_unmapped_restores_layout(LawCase& law);

void unmap_is_idempotent(LawCase& law);
void no_op_changes_nothing(LawCase& law);

void disjoint_operations_commute(LawCase& law);
void shifting_shifts(LawCase& law);

void failed_operation_leaves_what_the_rules_say(LawCase& law);
void systematic_failure(LawCase& law);

void print_parse_round_trip(LawCase& law);
void printing_is_a_fixpoint(LawCase& law);

void any_records_are_a_program(LawCase& law);
void binary_form_is_lossless(LawCase& law);
void binary_form_refuses_what_does_not_fit(LawCase& law);

void same_choices_same_program(LawCase& law);
void program_of_a_seed_is_pure(LawCase& law);
void any_bytes_are_a_program(LawCase& law);

void mutating_is_pure(LawCase& law);
void mutating_keeps_the_limits(LawCase& law);
void splicing_keeps_the_limits(LawCase& law);

void minimizing_makes_smaller(LawCase& law);
void minimizing_tries_nothing_twice(LawCase& law);
void minimizing_is_idempotent(LawCase& law);

}  // namespace vmacheck::laws
