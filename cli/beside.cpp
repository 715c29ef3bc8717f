// Neighbours in the folder of this program; see the header.
#include "cli/beside.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace vmacheck::cli {

std::optional<std::string> find_beside(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto path = self.parent_path() / name;
    if (error || access(path.c_str(), X_OK) != 0) return std::nullopt;
    return path.string();
}

void become_seeded_build(const char* const* argv) {
    // What goes by that name may be this build: then this process has been here before.
    constexpr const char* mark = "VMACHECK_SEEDED_BUILD_OF";
    const std::string process = std::to_string(getpid());
    const char* const before = std::getenv(mark);
    if (before != nullptr && process == before) return;
    setenv(mark, process.c_str(), 1);
    const std::optional<std::string> path = find_beside("vmacheck-bugs");
    // It does not change the words.
    if (path) execv(path->c_str(), const_cast<char* const*>(argv));
}

}  // namespace vmacheck::cli
