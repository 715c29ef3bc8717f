// The numbers of /proc/self/stat are counted as proc(5) does; see the header.
#include "targets/live_heap.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "model/check_macro.h"

namespace vmacheck {
namespace {

struct StatField {
    int number;
    __u64 prctl_mm_map::*member;
};
constexpr StatField stat_fields[] = {
    {26, &prctl_mm_map::start_code},  {27, &prctl_mm_map::end_code},
    {28, &prctl_mm_map::start_stack}, {45, &prctl_mm_map::start_data},
    {46, &prctl_mm_map::end_data},    {47, &prctl_mm_map::start_brk},
    {48, &prctl_mm_map::arg_start},   {49, &prctl_mm_map::arg_end},
    {50, &prctl_mm_map::env_start},   {51, &prctl_mm_map::env_end},
};
constexpr int last_stat_field = 51;

}  // namespace

bool LiveHeap::open() {
    std::ifstream file("/proc/self/stat");
    std::string text;
    if (!std::getline(file, text)) return false;
    // The name, which is the second field, may hold anything.
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos) return false;
    std::istringstream words(text.substr(name_end + 2));
    own_ = {};
    for (int number = 3; number <= last_stat_field; ++number) {
        std::string word;
        if (!(words >> word)) return false;
        for (const StatField& field : stat_fields) {
            if (field.number == number) own_.*field.member = std::stoull(word);
        }
    }
    own_.exe_fd = static_cast<__u32>(-1);
    own_.brk = static_cast<__u64>(syscall(SYS_brk, 0L));
    return set(own_);
}

bool LiveHeap::set(prctl_mm_map map) {
    return syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0L) == 0;
}

bool LiveHeap::move(std::uint64_t start, std::uint64_t end, std::uint64_t to) const {
    prctl_mm_map lent = own_;
    lent.start_brk = start;
    lent.brk = end;
    CHECK(set(lent));
    const auto now = static_cast<std::uint64_t>(syscall(SYS_brk, to));
    CHECK(set(own_));
    return now == to;
}

}  // namespace vmacheck
