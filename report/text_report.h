// The report of a find: what is printed on a terminal. It fits a screen, it needs no debugger, and
// its last line is the command that replays.
//
//     missed_merge after step 3 of 3: mprotect 1+1 rw-
//         pages     01234567
//         expected  AAA.....
//         found     ABC.....
//     [0,1) and [1,2) should be one area.
//
//         mmap 0+3 rw- anon private               = ok
//         mprotect 1+1 r--                        = ok
//       > mprotect 1+1 rw-                        = ok
//     bucket: missed_merge mprotect/merge/both
//     with: vmacheck 0.1.0, target impl, profile linux-6.18, seed 1, program 77
//     replay: vmacheck replay found/x.vma --target impl
#pragma once

#include <string>

#include "report/counterexample.h"

namespace vmacheck {

// Steps shown of a program that does not fit a screen: the last ones before the finding.
inline constexpr std::size_t steps_shown_max = 16;

// `file` is where the program lies, for the command that replays it.
std::string text_report(const Counterexample& example, const Environment& environment,
                        const std::string& file);

}  // namespace vmacheck
