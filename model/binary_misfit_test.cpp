// What the binary form holds, what it refuses and why, and that its canonical bytes are those of
// the tables in docs/format.md.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "model/binary.h"
#include "model/text.h"

namespace vmacheck {
namespace {

Program parsed(const std::string& text) {
    const auto result = parse_program("vma 1\n" + text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << text << error->line << ": " << error->message;
        return {};
    }
    return std::get<Program>(result);
}

std::optional<std::string> misfit_of(const std::string& text) {
    const Program program = parsed(text);
    return binary_misfit(program.world, program.steps());
}

std::vector<std::uint8_t> encoded(const std::string& text) {
    const Program program = parsed(text);
    // What was there before is gone.
    std::vector<std::uint8_t> bytes(3, 0xee);
    encode_program(program.world, program.steps(), bytes);
    EXPECT_EQ(binary_version_of(bytes), binary_version);
    EXPECT_EQ(bytes.size(),
              binary_header_size(program.world) + program.steps().size() * record_size);
    return bytes;
}

// The program fits, and is the same behind the binary form.
void expect_fit(const std::string& text) {
    EXPECT_EQ(misfit_of(text), std::nullopt) << text;
    World world;
    std::vector<Step> steps;
    decode_program(encoded(text), canonical_profile, world, steps);
    EXPECT_TRUE(program_of(world, steps) == parsed(text))
        << text << print_program(program_of(world, steps));
}

// `limit` fits; one more does not.
void expect_misfit(const std::string& limit, const std::string& beyond, const std::string& reason) {
    expect_fit(limit);
    EXPECT_EQ(misfit_of(beyond), reason);
    EXPECT_DEATH(static_cast<void>(encoded(beyond)), "CHECK failed");
}

TEST(binary_misfit, of_a_world) {
    expect_misfit("world pages=255\n", "world pages=256\n", "256 pages, more than 255");
    expect_fit("world pages=1 profile=canonical max_map_count=0 memory_merge\n");
    expect_fit("world max_map_count=4294967295\n");
    expect_fit("world heap=64 pkeys=16 memlock=1 as=2 data=0 stack=3\n");
    expect_fit(
        "world pkeys=3\narea 0+1 rw- anon private pkey=2\narea 1+1 --x anon private pkey=3\n");
    expect_misfit("world as=4294967295\n", "world as=4294967296\n",
                  "4294967296 pages of as, more than 4294967295");
}

TEST(binary_misfit, of_a_page) {
    expect_misfit("brk 255\n", "brk 256\n", "step 1: the page 256 is above 255");
}

TEST(binary_misfit, of_files) {
    const auto files = [](int count) {
        std::string text;
        for (int i = 0; i < count; i++) text += "file f" + std::to_string(i) + " driver=none\n";
        return text;
    };
    expect_misfit(files(16), files(17), "17 files, more than 16");
    expect_misfit("file elevenchars driver=mmap\n", "file twelve_chars driver=mmap\n",
                  "file twelve_chars: 12 characters in its name, more than 11");
    const std::string reason =
        " pages is neither below 65280 nor at most 255 pages below the largest file";
    expect_misfit("file f driver=mmap pages=65279\n", "file f driver=mmap pages=65280\n",
                  "file f: the size of 65280" + reason);
    expect_misfit("file f driver=close pages=2251799813684992\n",
                  "file f driver=close pages=2251799813684991\n",
                  "file f: the size of 2251799813684991" + reason);
    expect_misfit("file f driver=none pages=2251799813685247 mode=ro\n",
                  "file f driver=none pages=2251799813685248 mode=ro\n",
                  "file f: the size of 2251799813685248" + reason);
}

TEST(binary_misfit, of_initial_areas) {
    const std::string reason =
        " pages is neither below 65280 nor at most 255 pages below the largest file";
    expect_misfit("area 3+1 rw- anon private fault=255 forked\n",
                  "area 3+1 rw- anon private fault=256 forked\n",
                  "area 3+1: the fault identity 256 is above 255");
    expect_misfit("area 3+1 rw- anon private pgoff=0\n", "area 3+1 rw- anon private pgoff=65280\n",
                  "area 3+1: the offset of 65280" + reason);
    expect_misfit("file f driver=mmap\narea 3+1 r-x file=f@65279 shared\n",
                  "file f driver=mmap\narea 3+1 r-x file=f@65280 shared\n",
                  "area 3+1: the offset of 65280" + reason);
    expect_fit(
        "world pages=255\n"
        "file f driver=mmap,mmap_prepare,close pages=3 mode=ro\n"
        "area 0+1 --- file=f@0 shared flags=account,nohugepage fault=1\n"
        "area 1+253 rwx file=f@1 private flags=noreserve,hugepage fault=2 forked\n"
        "area 254+1 -w- anon private fault=1 pgoff=2251799813685247\n");
}

TEST(binary_misfit, of_ranges) {
    expect_misfit("munmap 255+255\n", "munmap 256+0\n",
                  "step 1: the range 256+0 has a number above 255");
    expect_misfit("munmap 0+1\ntouch 0+255\n", "munmap 0+1\ntouch 0+256\n",
                  "step 2: the range 0+256 has a number above 255");
    expect_fit("world pages=8\nmunmap 7+1\nmunmap 8+0\nmunmap 7+2\nmunmap 0+8\nmunmap 3+0\n");
}

TEST(binary_misfit, of_offsets) {
    const std::string start = "file f driver=mmap\nmmap 0+1 r-- file=f@";
    expect_misfit(start + "65279 private\n", start + "65280 private\n",
                  "step 1: the offset of 65280 pages is neither below 65280 nor at most 255 pages "
                  "below the largest file");
    expect_fit(start + "2251799813684992 private\n" +
               "mmap 0+1 r-- file=f@2251799813685247 shared");
}

TEST(binary_misfit, of_failures) {
    expect_misfit("munmap 0+1 ! #256\n", "munmap 0+1 ! #257\n",
                  "step 1: the failure `! #257` counts beyond 256");
    expect_misfit("fork 1 ! shmem#256\n", "fork 1 ! split#999\n",
                  "step 1: the failure `! split#999` counts beyond 256");
    expect_fit("fork 1 ! split\nfork 1 ! #1\n");
}

TEST(binary_misfit, of_too_many_steps) {
    const std::vector<Step> steps(step_lines_max + 1);
    EXPECT_EQ(binary_misfit({}, steps), "1000001 steps, more than 1000000");
}

TEST(binary_misfit, is_not_a_matter_of_comments_and_claims) {
    EXPECT_EQ(misfit_of("# x\nmunmap 0+1 = ok\nareas 0\n"), std::nullopt);
}

// ---- Canonical bytes. ----

std::string hex_of(const std::vector<std::uint8_t>& bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string hex;
    for (std::size_t i = 0; i < bytes.size(); i++) {
        if (i > 0) hex += i % record_size == 0 ? '\n' : ' ';
        hex += digits[bytes[i] / 16];
        hex += digits[bytes[i] % 16];
    }
    return hex;
}

TEST(binary, canonical_bytes_are_those_of_the_tables) {
    EXPECT_EQ(hex_of(encoded("world pages=8 profile=linux-6.18 max_map_count=32 memory_merge\n"
                             "file lib.so driver=mmap,close pages=258 mode=ro\n"
                             "area 2+3 rw- file=lib.so@7 private flags=account,nohugepage fault=9 "
                             "forked\n"
                             "area 6+1 r-- anon private pgoff=5\n"
                             "@1 mmap 0+4 rw- file=lib.so@513 shared fixed noreserve ! merge#3\n"
                             "munmap 9+0 ! #1\n"
                             "fork 2\n")),
              "ff 76 6d 61 01 01 08 03 20 00 00 00 00 00 00 00\n"
              "fe 05 01 02 01 6c 69 62 2e 73 6f 00 00 00 00 00\n"
              "fd 02 03 13 01 07 00 09 01 02 00 00 00 00 00 00\n"
              "fd 06 01 21 00 05 00 00 00 00 00 00 00 00 00 00\n"
              "00 01 03 02 00 04 03 01 01 02 01 02 01 00 00 00\n"
              "01 04 01 00 09 00 00 00 00 00 00 00 00 00 00 00\n"
              "05 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00");
}

// The lines of docs/format.md that show a record and the text that it stands for.
TEST(binary, canonical_bytes_are_those_of_the_example) {
    constexpr std::size_t hex_size = 3 * record_size - 1;
    const std::string gap = "    ";
    std::ifstream page(VMACHECK_SOURCE_DIR "/docs/format.md");
    std::string hex;
    std::string text;
    for (std::string line; std::getline(page, line);) {
        const bool is_hex = line.find_first_not_of("0123456789abcdef ") >= hex_size;
        if (line.size() <= hex_size || !is_hex || line.compare(hex_size, 4, gap) != 0) continue;
        hex += (hex.empty() ? "" : "\n") + line.substr(0, hex_size);
        text += line.substr(hex_size + gap.size()) + "\n";
    }
    EXPECT_GT(hex.size(), 4 * hex_size);
    EXPECT_EQ(hex_of(encoded(text)), hex);
    expect_fit(text);
}

TEST(binary, header_is_what_stands_before_the_first_step) {
    EXPECT_EQ(binary_header_size({}), 16U);
    const Program program =
        parsed("file f driver=none\nfile g driver=none\narea 0+1 r-- anon private\nmunmap 0+1\n");
    EXPECT_EQ(binary_header_size(program.world), 64U);
}

TEST(binary_misfit, of_a_limit_on_locked_memory) {
    World world;
    world.memlock = 65535;
    EXPECT_EQ(binary_misfit(world, {}), std::nullopt);
    world.memlock = 65536;
    EXPECT_EQ(binary_misfit(world, {}), "65536 pages of memlock, more than 65535");
}

}  // namespace
}  // namespace vmacheck
