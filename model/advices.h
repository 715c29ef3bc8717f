// The advices of madvise by the flag that they set: which one sets it, and which takes it away.
#pragma once

#include <array>

#include "model/op.h"

namespace vmacheck {

struct AdviceOfFlag {
    Flag flag;
    Advice sets;
    Advice clears;
};
inline constexpr std::array<AdviceOfFlag, 8> advices_of_flags = {{
    {Flag::seq_read, Advice::sequential, Advice::normal},
    {Flag::rand_read, Advice::random, Advice::normal},
    {Flag::dont_copy, Advice::dontfork, Advice::dofork},
    {Flag::wipe_on_fork, Advice::wipeonfork, Advice::keeponfork},
    {Flag::dont_dump, Advice::dontdump, Advice::dodump},
    {Flag::mergeable, Advice::mergeable, Advice::unmergeable},
    {Flag::huge_page, Advice::hugepage, Advice::nohugepage},
    {Flag::no_huge_page, Advice::nohugepage, Advice::hugepage},
}};

}  // namespace vmacheck
