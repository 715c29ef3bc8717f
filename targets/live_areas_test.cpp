// Tests of the reader of smaps, on text and on the process itself.
#include "targets/live_areas.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vmacheck {
namespace {

TEST(live_areas, reads_what_smaps_says_of_an_area) {
    std::vector<LiveArea> areas;
    for (const char* const line :
         {"200000003000-200000005000 r-xs 0007d000 00:01 20519       /memfd:vmacheck (deleted)",
          "Size:                  8 kB", "Locked:                0 kB",
          "VmFlags: rd ex sh mr mw me ms sr dc lo mg "}) {
        read_smaps_line(line, areas);
    }
    ASSERT_EQ(areas.size(), 1U);
    const Flags flags = Flag::read | Flag::exec | Flag::shared | Flag::may_read | Flag::may_write |
                        Flag::may_exec | Flag::may_share | Flag::seq_read | Flag::dont_copy |
                        Flag::mergeable | Flag::locked;
    const LiveArea area{0x200000003000, 0x200000005000, 0x7d000, makedev(0, 1), 20519, flags};
    EXPECT_TRUE(areas.front() == area);
}

TEST(live_areas, knows_the_word_of_every_flag) {
    std::vector<LiveArea> areas;
    read_smaps_line("1000-2000 rwxp 00000000 00:00 0 ", areas);
    read_smaps_line(
        "VmFlags: rd wr ex mr mw me sh ms ac nr sr rr dc wf dd mg hg nh lo lf sl um uw gd dp gu io "
        "pf mm de sd "
        "?? ",
        areas);
    const Flags all = Flags::of((std::uint64_t{1} << flag_count) - 1);
    EXPECT_EQ(areas.front().flags.bits, all.without(pkey_flags).bits);
}

// More areas than one read of the file holds, between others that do not count.
TEST(live_areas, reads_exactly_the_areas_of_a_window) {
    constexpr std::size_t page = 4096;
    constexpr std::size_t pages = 64;
    void* const memory =
        mmap(nullptr, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    const auto start = reinterpret_cast<std::uint64_t>(memory);
    for (std::size_t at = 1; at < pages; at += 2) {
        char* const place = static_cast<char*>(memory) + at * page;
        ASSERT_EQ(mprotect(place, page, PROT_READ), 0);
    }
    LiveAreaFile file;
    file.open(getpid());
    std::vector<LiveArea> areas;
    for (int again = 0; again < 2; ++again) {
        file.read(start + page, start + (pages - 1) * page, areas);
        ASSERT_EQ(areas.size(), pages - 2);
        for (std::size_t at = 0; at < areas.size(); ++at) {
            EXPECT_EQ(areas[at].start, start + (at + 1) * page);
            EXPECT_EQ(areas[at].flags.has(Flag::read), at % 2 == 0);
        }
    }
    munmap(memory, pages * page);
}

TEST(live_areas, does_not_open_a_process_that_is_not_there) {
    LiveAreaFile file;
    file.open(0);
    EXPECT_FALSE(file.is_open());
}

}  // namespace
}  // namespace vmacheck
