// CHECK states what must hold in every build. A broken CHECK is a mistake of ours (or a bug that
// was seeded into an implementation), never an answer to bad input: it prints the expression and
// its place and aborts. The program so far is in the journal, so the abort is a counterexample.
#pragma once

namespace vmacheck {

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace vmacheck

#define CHECK(condition)                   \
    (static_cast<bool>(condition) ? void() \
                                  : ::vmacheck::check_failed(#condition, __FILE__, __LINE__))
