// The table of kernels; see the header.
#include "targets/live_kernel.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>

#include "targets/live_window.h"

namespace vmacheck {
namespace {

constexpr std::array<LiveKernel, 4> live_kernels = {{
    {"6.12.", "linux-6.12", false},
    {"6.15.", "linux-6.15", false},
    {"6.18.", "linux-6.18", true},
    {"7.3.", "linux-7.3", true},
}};

}  // namespace

const LiveKernel* find_live_kernel(std::string_view release) {
    for (const LiveKernel& kernel : live_kernels) {
        const bool known = find_profile(kernel.profile) != nullptr;
        if (known && release.substr(0, kernel.release.size()) == kernel.release) return &kernel;
    }
    return nullptr;
}

std::string running_release() {
    utsname system{};
    return uname(&system) == 0 ? system.release : "?";
}

std::string live_unavailable() {
    const std::string release = running_release();
    if (find_live_kernel(release) == nullptr) return "no profile describes Linux " + release;
    if (sysconf(_SC_PAGESIZE) != static_cast<long>(live_page_bytes)) {
        return "the pages of this machine are not 4 KiB";
    }
    if (access("/proc/self/smaps", R_OK) != 0) return "there is no /proc/self/smaps";
    return "";
}

std::string live_refuses(const Profile& profile) {
    const std::string release = running_release();
    const LiveKernel* const kernel = find_live_kernel(release);
    if (kernel == nullptr) return "no profile describes Linux " + release;
    const Profile* const own = find_profile(kernel->profile);
    if (&profile == own || &profile == &without_defects(*own)) return "";
    return "the rules are " + std::string(profile.name) + ", and those of Linux " + release +
           " are " + std::string(kernel->profile);
}

}  // namespace vmacheck
