// Mutations of the fields of one operation, derived from its `fields` (model/op.h): a new operation
// costs no line, a new type of field one overload in mutate_fields.cpp.
#pragma once

#include <type_traits>
#include <variant>

#include "model/program.h"
#include "search/source.h"

namespace vmacheck {

// The first field of this type; null if the operation has none.
template <class Type>
[[nodiscard]] Type* find_field(Op& op) {
    Type* found = nullptr;
    std::visit(
        [&](auto& typed) {
            for_each_field(typed, [&](const auto&, auto& value) {
                if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Type>) {
                    if (found == nullptr) found = &value;
                }
            });
        },
        op);
    return found;
}

// A range or an offset by one page; false if the operation has neither.
bool nudge_field(Op& op, Source& source);

// Some field gets another value.
bool change_field(Op& op, const World& world, Source& source);

void change_failure(Failure& failure, Source& source);

}  // namespace vmacheck
