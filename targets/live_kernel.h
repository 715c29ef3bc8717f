// Which running kernels the target `live` knows, and whether it can be used here.
//
// A profile says what is right for one series of kernels. On a kernel of any other series every
// verdict could be wrong, so there the target is not available at all.
#pragma once

#include <string>
#include <string_view>

#include "model/world.h"

namespace vmacheck {

struct LiveKernel {
    std::string_view release;  // What the release (`uname -r`) begins with.
    std::string_view profile;  // The name of the rules that describe it.
    // Memory files (memfd) play the files of a world. With PR_SET_MEMORY_MERGE they get their flag
    // before the merge is tried, as a file with mmap_prepare does, or after it, as one with mmap
    // (shmem_file() in can_set_ksm_flags_early(), mm/vma.c).
    bool memory_file_flag_early;
};

// Null if no profile describes a kernel of this release.
[[nodiscard]] const LiveKernel* find_live_kernel(std::string_view release);

// The release of the running kernel.
[[nodiscard]] std::string running_release();

// Why the target is not available here; empty if it is.
[[nodiscard]] std::string live_unavailable();

// Why programs with these rules cannot be tested on the running kernel; empty if they can.
[[nodiscard]] std::string live_refuses(const Profile& profile);

}  // namespace vmacheck
