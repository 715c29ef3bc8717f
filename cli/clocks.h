// Time spent: on the wall, and on the processors by this process and all of its children.
#pragma once

#include <sys/resource.h>

#include <chrono>

namespace vmacheck::cli {

// All that was ever spent. Children count from when they have ended, those of a shell that became
// this process by `exec` among them.
inline double cpu_seconds_in_all() {
    double seconds = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        getrusage(who, &usage);
        for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
            seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        }
    }
    return seconds;
}

// What was spent since the first call, with which main() begins.
inline double cpu_seconds() {
    static const double before = cpu_seconds_in_all();
    return cpu_seconds_in_all() - before;
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace vmacheck::cli
