// What bytes mean: each byte of each kind of record, in and out of its range. Programs are compared
// as texts. Long, because there are many bytes. What does not fit is in
// model/binary_misfit_test.cpp; that old files keep their meaning in model/golden_test.cpp.
#include "model/binary.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "model/text.h"

namespace vmacheck {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Record = std::vector<int>;

// The records one after the other, each filled up with zeros.
Bytes bytes_of(const std::vector<Record>& records) {
    Bytes bytes;
    for (const Record& record : records) {
        Bytes filled(record.begin(), record.end());
        filled.resize(record_size);
        bytes.insert(bytes.end(), filled.begin(), filled.end());
    }
    return bytes;
}

Program decoded(const Bytes& bytes, const Profile& profile) {
    World world;
    std::vector<Step> steps;
    decode_program(bytes, profile, world, steps);
    return program_of(world, steps);
}

Bytes encoded(const Program& program) {
    Bytes bytes;
    encode_program(program.world, program.steps(), bytes);
    return bytes;
}

// The text without its first line. Whatever is decoded here also reads back from its text and from
// its canonical bytes.
std::string text_of(const Bytes& bytes) {
    const Program program = decoded(bytes, linux_6_18_profile);
    std::string text = print_program(program);
    EXPECT_TRUE(std::get<Program>(parse_program(text)) == program) << text;
    EXPECT_TRUE(decoded(encoded(program), canonical_profile) == program) << text;
    return text.substr(text.find('\n') + 1);
}

const Record small_world = {0xff, 'v', 'm', 'a', 1, 1, 8};
const Record file_f = {0xfe, 2, 0, 8, 0, 'f'};
const Record file_g = {0xfe, 1, 1, 8, 0, 'g'};
constexpr const char* small_header = "world pages=8 profile=linux-6.18\n";

// The line of a step in a world of 8 pages with the files f and g.
std::string step_of(const Record& record) {
    const std::string text = text_of(bytes_of({small_world, file_f, file_g, record}));
    const std::size_t start = text.find('\n', text.find("file g")) + 1;
    return text.substr(start, text.size() - start - 1);
}

constexpr const char* default_files =
    "file a driver=mmap_prepare pages=128\n"
    "file b driver=mmap pages=128\n"
    "file c driver=mmap_prepare,close pages=128\n"
    "file d driver=mmap pages=128 mode=ro\n";

// ---- The whole. ----

TEST(binary, without_a_byte_is_a_world_with_files_and_no_step) {
    EXPECT_EQ(text_of({}), std::string("world pages=64 profile=linux-6.18\n") + default_files);
    EXPECT_EQ(decoded({}, canonical_profile).world.profile, &canonical_profile);
}

TEST(binary, ignores_a_record_that_is_not_whole) {
    Bytes bytes = bytes_of({small_world, {1, 0, 0, 0, 3, 2}, {1, 0, 0, 0, 4, 1}});
    bytes.resize(bytes.size() - 1);
    EXPECT_EQ(text_of(bytes), std::string(small_header) + "munmap 3+2\n");
    bytes.resize(record_size - 1);
    EXPECT_EQ(text_of(bytes), text_of({}));
}

TEST(binary, of_bytes_that_are_all_ones_or_zeros_is_steps) {
    const std::string header = text_of({});
    EXPECT_EQ(text_of(Bytes(40, 0xff)), header + "@3 mseal 255+255\n@3 mseal 255+255\n");
    EXPECT_EQ(text_of(Bytes(16, 0)), header + "mmap 0+1 --- anon private\n");
}

TEST(binary, names_its_version) {
    EXPECT_EQ(binary_version_of(bytes_of({small_world})), 1);
    EXPECT_EQ(binary_version_of(bytes_of({{0xff, 'v', 'm', 'a', 7}, {1}})), 7);
    EXPECT_EQ(binary_version_of(bytes_of({{0xff, 'v', 'm', 'b', 1}})), std::nullopt);
    EXPECT_EQ(binary_version_of(bytes_of({{1}, small_world})), std::nullopt);
    Bytes torn = bytes_of({small_world});
    torn.pop_back();
    EXPECT_EQ(binary_version_of(torn), std::nullopt);
    EXPECT_EQ(binary_version_of({}), std::nullopt);
}

TEST(binary, forgets_the_program_before) {
    World world;
    std::vector<Step> steps;
    decode_program(bytes_of({{0xff, 'v', 'm', 'a', 1, 0, 9, 3}, file_f, {0xfd}, {1}}),
                   linux_6_18_profile, world, steps);
    EXPECT_EQ(world.areas.size(), 1U);
    decode_program({}, linux_6_18_profile, world, steps);
    EXPECT_TRUE(program_of(world, steps) == decoded({}, linux_6_18_profile));
}

TEST(binary, keeps_no_more_steps_than_a_text_has) {
    const Bytes bytes((step_lines_max + 2) * record_size, 1);
    EXPECT_EQ(decoded(bytes, linux_6_18_profile).lines.size(), step_lines_max);
}

// ---- World records. ----

TEST(binary, world_record_says_profile_pages_and_options) {
    const auto world_of = [](Record record) {
        record.insert(record.begin(), {0xff, 'v', 'm', 'a', 1});
        return text_of(bytes_of({record}));
    };
    EXPECT_EQ(world_of({0}), "world pages=64 profile=canonical\n");
    EXPECT_EQ(world_of({1}), "world pages=64 profile=linux-6.18\n");
    EXPECT_EQ(world_of({2}), "world pages=64 profile=linux-6.12\n");
    EXPECT_EQ(world_of({3}), "world pages=64 profile=linux-6.15\n");
    EXPECT_EQ(world_of({4}), "world pages=64 profile=linux-7.3\n");
    EXPECT_EQ(world_of({5}), "world pages=64 profile=canonical\n");
    EXPECT_EQ(world_of({0, 1}), "world pages=1 profile=canonical\n");
    EXPECT_EQ(world_of({0, 255}), "world pages=255 profile=canonical\n");
    EXPECT_EQ(world_of({0, 0, 1}), "world pages=64 profile=canonical memory_merge\n");
    EXPECT_EQ(world_of({0, 0, 2}), "world pages=64 profile=canonical max_map_count=0\n");
    EXPECT_EQ(world_of({0, 0, 2, 0x78, 0x56, 0x34, 0x12}),
              "world pages=64 profile=canonical max_map_count=305419896\n");
    EXPECT_EQ(world_of({0, 0, 2, 0xfa, 0xff}), "world pages=64 profile=canonical\n");
    EXPECT_EQ(world_of({0, 0, 4, 0, 0, 0, 0, 7, 1}),
              "world pages=64 profile=canonical memlock=263\n");
    EXPECT_EQ(world_of({0, 0, 0xf8, 9, 9, 9, 9, 9, 9, 9, 9}), "world pages=64 profile=canonical\n");
}

TEST(binary, world_record_turns_switches_of_its_profile) {
    const auto profile_of = [](std::uint8_t profile, std::uint8_t low, std::uint8_t high) {
        const Record record = {0xff, 'v', 'm', 'a', 1, profile, 0, 0, 0, 0, 0, 0, 0, 0, low, high};
        return decoded(bytes_of({record}), linux_6_18_profile).world.profile->name;
    };
    EXPECT_EQ(profile_of(1, 0x20, 0), "linux-6.18,fault_rule:singular_neighbour");
    EXPECT_EQ(profile_of(2, 0xe0, 0),
              "linux-6.12,fault_rule:unforked,prepare_hooks:on,ksm_flag:early");
    EXPECT_EQ(profile_of(1, 0x1f, 0),
              "linux-6.18,maximal:on,atomic:on,fault_identity:off,count_limit:off,close_hooks:off");
    EXPECT_EQ(profile_of(1, 0, 0x80), "linux-6.18,guard_flag:off");
    // A contradiction: none is turned.
    EXPECT_EQ(profile_of(1, 0x01, 0), "linux-6.18");
    EXPECT_EQ(profile_of(1, 0, 0x38),
              "linux-6.18,stack_charge:accounted,replaced_charge:returned,prepare_charge:returned");
    EXPECT_EQ(profile_of(0, 0x02, 0), "canonical");
}

TEST(binary, limits_record_turns_the_last_switches) {
    const auto profile_of = [](std::uint8_t profile, std::uint8_t low, std::uint8_t set) {
        const Record world = {0xff, 'v', 'm', 'a', 1, profile, 0, 0, 0, 0, 0, 0, 0, 0, low, 0};
        const Record limits = {0xfc, set};
        return decoded(bytes_of({world, limits}), linux_6_18_profile).world.profile->name;
    };
    EXPECT_EQ(profile_of(1, 0, 0x10), "linux-6.18,source_charge:returned");
    EXPECT_EQ(profile_of(4, 0, 0x20), "linux-7.3,move_charge:kept");
    EXPECT_EQ(profile_of(1, 0x20, 0x10),
              "linux-6.18,fault_rule:singular_neighbour,source_charge:returned");
    EXPECT_EQ(profile_of(1, 0x20, 0x0e), "linux-6.18,fault_rule:singular_neighbour");
    EXPECT_EQ(profile_of(1, 0, 0x81), "linux-6.18,second_merge:on,second_merge_of:new");
    EXPECT_EQ(profile_of(2, 0, 0x01), "linux-6.12,second_merge_of:existing");
}

TEST(binary, world_record_stands_first_or_is_a_step) {
    EXPECT_EQ(text_of(bytes_of({small_world, small_world})),
              std::string(small_header) + "@2 mseal 1+1\n");
}

TEST(binary, world_record_of_another_version_is_read_as_one_of_ours) {
    Record other = small_world;
    other[4] = 9;
    EXPECT_EQ(text_of(bytes_of({other})), small_header);
}

// ---- File records. ----

TEST(binary, file_record_says_hooks_mode_size_and_name) {
    const auto file_of = [](Record record) {
        record.insert(record.begin(), 0xfe);
        const std::string text = text_of(bytes_of({small_world, record}));
        return text.substr(text.find("file ") + 5);
    };
    EXPECT_EQ(file_of({}), "a driver=none\n");
    EXPECT_EQ(file_of({1, 0, 0, 0, 'x'}), "x driver=mmap\n");
    EXPECT_EQ(file_of({2, 0, 0, 0, 'x'}), "x driver=mmap_prepare\n");
    EXPECT_EQ(file_of({0xfc, 0, 0, 0, 'x'}),
              "x driver=close,io,pfnmap,mixedmap,dontexpand,may_split\n");
    EXPECT_EQ(file_of({0xff, 0xff, 5, 1, 'x'}),
              "x driver=mmap,mmap_prepare,close,io,pfnmap,mixedmap,dontexpand,may_split,dontdump,"
              "set_file,set_pgoff pages=261 mode=ro\n");
    EXPECT_EQ(file_of({0, 0xf0, 0xff, 0xfe, 'x'}), "x driver=none pages=65279\n");
    EXPECT_EQ(file_of({0, 0, 0, 0xff, 'x'}), "x driver=none pages=2251799813684992\n");
    EXPECT_EQ(file_of({0, 0, 0xff, 0xff, 'x'}), "x driver=none pages=2251799813685247\n");
    EXPECT_EQ(file_of({0, 0, 0, 0, 'l', 'i', 'b', '-', 'c', '.', 's', 'o', '_', '6', 'Z'}),
              "lib-c.so_6Z driver=none\n");
    EXPECT_EQ(file_of({0, 0, 0, 0, 'x', 0, 'y'}), "x driver=none\n");
    EXPECT_EQ(file_of({0, 0, 0, 0, 'x', ' '}), "a driver=none\n");
    EXPECT_EQ(file_of({0, 0, 0, 0, 0xc3, 0xa9}), "a driver=none\n");
}

TEST(binary, file_without_a_name_of_its_own_gets_the_first_free_letter) {
    const Record b = {0xfe, 0, 0, 0, 0, 'b'};
    const std::string header = small_header;
    EXPECT_EQ(text_of(bytes_of({small_world, {0xfe}, b, b, {0xfe}})),
              header +
                  "file a driver=none\nfile b driver=none\nfile c driver=none\n"
                  "file d driver=none\n");
    EXPECT_EQ(text_of(bytes_of({b})), text_of({}) + "file e driver=none\n");
}

TEST(binary, files_beyond_the_last_are_ignored) {
    std::vector<Record> records(binary_files_max + 1, Record{0xfe});
    records.insert(records.begin(), small_world);
    const World world = decoded(bytes_of(records), linux_6_18_profile).world;
    ASSERT_EQ(world.files.size(), 16U);
    EXPECT_EQ(world.files.back().name, "p");
}

TEST(binary, files_and_areas_may_stand_behind_the_steps_that_use_them) {
    EXPECT_EQ(
        text_of(bytes_of({small_world, {0, 0, 0, 0, 0, 1, 1, 1}, {0xfd, 2, 1, 0, 1}, file_f})),
        std::string(small_header) +
            "file f driver=mmap_prepare pages=8\n"
            "area 2+1 --- file=f@0 private\n"
            "mmap 0+1 r-- file=f@0 private\n");
}

// ---- Area records. ----

// The areas of a world of 8 pages with the files f and g, which is read-only.
std::string areas_of(const std::vector<Record>& areas) {
    std::vector<Record> records = {small_world, file_f, file_g};
    for (Record area : areas) {
        area.insert(area.begin(), 0xfd);
        records.push_back(area);
    }
    const std::string text = text_of(bytes_of(records));
    const std::size_t start = text.find('\n', text.find("file g")) + 1;
    return text.substr(start);
}

TEST(binary, area_record_says_range_and_protection) {
    EXPECT_EQ(areas_of({{}}), "area 0+1 --- anon private\n");
    EXPECT_EQ(areas_of({{2, 6, 3}}), "area 2+6 rw- anon private\n");
    EXPECT_EQ(areas_of({{11, 7, 0x87}}), "area 3+3 rwx anon private\n");
    EXPECT_EQ(areas_of({{11, 7, 0xc7}}), "area 3+3 rwx anon droppable\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 64, 1}}), "area 2+1 rw- file=f@0 private\n");
}

TEST(binary, area_record_says_what_is_mapped) {
    EXPECT_EQ(areas_of({{2, 1, 1, 1, 0x34, 0x12}}), "area 2+1 r-- file=f@4660 private\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 8, 4, 1}}), "area 2+1 rw- file=f@1 shared\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 8 + 32, 2, 1}}), "area 2+1 r-- file=g@1 shared\n");
    EXPECT_EQ(areas_of({{2, 1, 3, 2, 1}}), "area 2+1 rw- file=g@1 private\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 8, 0, 5}}), "area 2+1 rw- anon private\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 32, 3, 5}}), "area 2+1 rw- anon private pgoff=5\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 32, 0, 2}}), "area 2+1 rw- anon private\n");
    EXPECT_EQ(areas_of({{2, 1, 3 + 32, 0, 0xff, 0xff}}),
              "area 2+1 rw- anon private pgoff=2251799813685247\n");
}

TEST(binary, area_record_says_flags_and_faults) {
    EXPECT_EQ(areas_of({{0, 1, 0, 0, 0, 0, 0, 0x01, 0x02}}),
              "area 0+1 --- anon private flags=account,nohugepage\n");
    EXPECT_EQ(areas_of({{0, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 1}}),
              "area 0+1 --- anon private flags=account,noreserve,seq_read,rand_read,dontcopy,"
              "wipeonfork,dontdump,mergeable,hugepage,nohugepage,locked,lockonfault,"
              "sealed,growsdown policy=local name=a uffd=a missing\n");
    // Droppable memory is no stack, not locked, and nobody watches it; a file is no stack.
    EXPECT_EQ(areas_of({{0, 1, 64, 0, 0, 0, 0, 0, 0x3c, 0, 0, 0, 0, 1}}),
              "area 0+1 --- anon droppable flags=sealed\n");
    EXPECT_EQ(areas_of({{0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0}}),
              "area 0+1 --- file=f@0 private\n");
    EXPECT_EQ(areas_of({{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128 + 3, 4 + 2}}),
              "area 0+1 --- anon private policy=bind home_node name=b\n");
    EXPECT_EQ(areas_of({{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128 + 1, 0}}),
              "area 0+1 --- anon private policy=local\n");
    const auto uffd_of = [](int file, int stored) {
        return areas_of({{0, 1, 0, file, 0, 0, 0, 0, 0, 0, 0, 0, 0, stored}});
    };
    EXPECT_EQ(uffd_of(0, 2 + 4), "area 0+1 --- anon private uffd=b wp\n");
    EXPECT_EQ(uffd_of(0, 1 + 8), "area 0+1 --- anon private uffd=a missing+wp\n");
    EXPECT_EQ(uffd_of(0, 1 + 12), "area 0+1 --- anon private uffd=a missing\n");
    EXPECT_EQ(uffd_of(0, 0xfc), "area 0+1 --- anon private\n");
    EXPECT_EQ(uffd_of(0, 3 + 4), "area 0+1 --- anon private\n");
    EXPECT_EQ(uffd_of(1, 1), "area 0+1 --- file=f@0 private\n");
    EXPECT_EQ(areas_of({{0, 1, 0, 0, 0, 0, 255}}), "area 0+1 --- anon private fault=255\n");
    EXPECT_EQ(areas_of({{0, 1, 16, 0, 0, 0, 3}}), "area 0+1 --- anon private fault=3 forked\n");
    EXPECT_EQ(areas_of({{0, 1, 16}}), "area 0+1 --- anon private\n");
}

TEST(binary, areas_are_sorted_and_end_where_an_earlier_record_begins) {
    EXPECT_EQ(areas_of({{4, 2, 1}, {0, 1, 2}, {1, 7, 3}, {5, 2, 4}, {6, 8, 5}}),
              "area 0+1 -w- anon private\n"
              "area 1+3 rw- anon private\n"
              "area 4+2 r-- anon private\n"
              "area 6+1 r-x anon private\n");
}

TEST(binary, areas_with_one_identity_are_forked_as_the_first_record_says) {
    EXPECT_EQ(areas_of({{4, 1, 16, 0, 0, 0, 1},
                        {0, 1, 0, 0, 0, 0, 1},
                        {2, 1, 0, 0, 0, 0, 2},
                        {6, 1, 16, 0, 0, 0, 2}}),
              "area 0+1 --- anon private fault=1 forked\n"
              "area 2+1 --- anon private fault=2\n"
              "area 4+1 --- anon private fault=1 forked\n"
              "area 6+1 --- anon private fault=2\n");
}

// ---- Step records. ----

TEST(binary, step_record_says_the_operation) {
    const std::vector<std::string> lines = {"mmap 2+3 r-- anon private",
                                            "munmap 2+3",
                                            "mprotect 2+3 r--",
                                            "madvise 2+3 sequential",
                                            "touch 2+3 read",
                                            "fork 2",
                                            "mlock 2+3 onfault",
                                            "munlock 2+3",
                                            "mlockall both onfault",
                                            "munlockall",
                                            "mseal 2+3",
                                            "anon_name 2+3 a",
                                            "mbind 2+3 local",
                                            "home_node 2+3",
                                            "mremap 2+3 1+1",
                                            "uffd_register 2+3 b missing",
                                            "uffd_unregister 2+3 b",
                                            "uffd_close a",
                                            "brk 2",
                                            "remap_file_pages 2+3 1",
                                            "memory_merge off"};
    ASSERT_EQ(lines.size(), op_count);
    for (int code = 0; code < static_cast<int>(op_count); code++) {
        EXPECT_EQ(step_of({code, 0, 0, 0, 2, 3, 1}), lines[static_cast<std::size_t>(code)]);
        EXPECT_EQ(step_of({code + 64, 0, 0, 0, 2, 3, 1}), lines[static_cast<std::size_t>(code)]);
    }
    // Codes without an operation stand for one, for now.
    for (const int code : {static_cast<int>(op_count), 31}) {
        const std::string& line = lines[static_cast<std::size_t>(code) % op_count];
        EXPECT_EQ(step_of({code, 0, 0, 0, 2, 3, 1}), line);
    }
    EXPECT_EQ(step_of({0xfb, 0, 0, 0, 2, 3, 1}), lines[27 % op_count]);
}

TEST(binary, step_record_says_space_and_failure) {
    EXPECT_EQ(step_of({1, 3}), "@3 munmap 0+1");
    EXPECT_EQ(step_of({1, 0xf8 + 1}), "@1 munmap 0+1");
    EXPECT_EQ(step_of({1, 0, 0, 7}), "munmap 0+1");
    EXPECT_EQ(step_of({1, 0, 1, 0}), "munmap 0+1 ! #1");
    EXPECT_EQ(step_of({1, 0, 1, 255}), "munmap 0+1 ! #256");
    for (int stage = 0; stage < stage_count; stage++) {
        const std::string name(stage_names[static_cast<std::size_t>(stage)]);
        EXPECT_EQ(step_of({1, 0, 2 + stage, 0}), "munmap 0+1 ! " + name);
        EXPECT_EQ(step_of({1, 0, 2 + stage, 1}), "munmap 0+1 ! " + name + "#2");
    }
    EXPECT_EQ(step_of({1, 0, 2 + stage_count, 1}), "munmap 0+1");
    EXPECT_EQ(step_of({1, 0, 255, 1}), "munmap 0+1");
}

TEST(binary, range_lies_in_the_world_or_is_literal) {
    EXPECT_EQ(step_of({1, 0, 0, 0, 7, 1}), "munmap 7+1");
    EXPECT_EQ(step_of({1, 0, 0, 0, 0, 8}), "munmap 0+8");
    EXPECT_EQ(step_of({1, 0, 0, 0, 8, 9}), "munmap 0+2");
    EXPECT_EQ(step_of({1, 0, 0, 0, 6, 3}), "munmap 6+2");
    EXPECT_EQ(step_of({1, 0, 0, 0, 6, 0}), "munmap 6+1");
    EXPECT_EQ(step_of({1, 0, 0, 0, 255, 255}), "munmap 7+1");
    EXPECT_EQ(step_of({1, 4, 0, 0, 6, 0}), "munmap 6+0");
    EXPECT_EQ(step_of({1, 4, 0, 0, 255, 255}), "munmap 255+255");
    EXPECT_EQ(step_of({1, 4, 0, 0, 1, 2}), "munmap 1+2");
}

TEST(binary, fields_stand_in_their_order_and_are_brought_into_range) {
    EXPECT_EQ(step_of({0, 0, 0, 0, 1, 2, 5, 2, 3, 1, 1, 2, 1}),
              "mmap 1+2 r-x file=g@259 shared fixed noreserve");
    EXPECT_EQ(step_of({0, 0, 0, 0, 1, 2, 0xff, 3, 9, 9, 2, 3, 2, 9, 9, 9}),
              "mmap 1+2 rwx anon droppable");
    EXPECT_EQ(step_of({0, 0, 0, 0, 1, 2, 0, 4, 0xff, 0xfe, 4, 4, 3, 0, 4}),
              "mmap 1+2 --- file=f@65279 shared noreplace noreserve growsdown");
    EXPECT_EQ(step_of({0, 0, 0, 0, 1, 2, 0, 1, 0xfe, 0xff}),
              "mmap 1+2 --- file=f@2251799813685246 private");
    constexpr int advices = static_cast<int>(advice_names.size());
    for (int advice = 0; advice < advices; advice++) {
        const std::string name(advice_names[static_cast<std::size_t>(advice)]);
        EXPECT_EQ(step_of({3, 0, 0, 0, 1, 2, advice}), "madvise 1+2 " + name);
    }
    EXPECT_EQ(step_of({3, 0, 0, 0, 1, 2, advices}), "madvise 1+2 normal");
    EXPECT_EQ(step_of({4, 0, 0, 0, 1, 2, 2}), "touch 1+2");
    EXPECT_EQ(step_of({4, 0, 0, 0, 1, 2, 1, 1}), "touch 1+2 read fault");
    EXPECT_EQ(step_of({2, 0, 0, 0, 1, 2, 1, 1}), "mprotect 1+2 r-- growsdown");
    EXPECT_EQ(step_of({2, 0, 0, 0, 1, 2, 1, 0, 16}), "mprotect 1+2 r-- pkey15");
    EXPECT_EQ(step_of({2, 0, 0, 0, 1, 2, 1, 1, 18}), "mprotect 1+2 r-- growsdown pkey0");
    EXPECT_EQ(step_of({18, 0, 0, 0, 9}), "brk 0");
    EXPECT_EQ(step_of({18, 4, 0, 0, 200}), "brk 200");
    EXPECT_EQ(step_of({19, 0, 0, 0, 1, 2, 8}), "remap_file_pages 1+2 8");
    EXPECT_EQ(step_of({20, 0, 0, 0, 1}), "memory_merge on");
    EXPECT_EQ(step_of({20, 0, 0, 0, 6}), "memory_merge off");
    EXPECT_EQ(step_of({5, 0, 0, 0, 3}), "fork 3");
    EXPECT_EQ(step_of({5, 0, 0, 0, 5}), "fork 1");
    EXPECT_EQ(step_of({15, 0, 0, 0, 1, 2, 0, 1}), "uffd_register 1+2 a wp");
    EXPECT_EQ(step_of({15, 0, 0, 0, 1, 2, 3, 5}), "uffd_register 1+2 b missing+wp");
}

// What is appended to an operation is zero in the files that are there.
TEST(binary, zero_bytes_are_the_defaults) {
    const auto op_of = [](int code) {
        const Bytes bytes = bytes_of({small_world, {code}});
        return decoded(bytes, linux_6_18_profile).steps().at(0).op;
    };
    const PageRange first_page = {Page{0}, PageCount{1}};
    EXPECT_TRUE(op_of(0) == Op(Mmap{first_page, {}, {}}));
    EXPECT_TRUE(op_of(1) == Op(Munmap{first_page}));
    EXPECT_TRUE(op_of(2) == Op(Mprotect{first_page, {}}));
    EXPECT_TRUE(op_of(3) == Op(Madvise{first_page}));
    EXPECT_TRUE(op_of(4) == Op(Touch{first_page}));
    EXPECT_TRUE(op_of(5) == Op(Fork{}));
}

}  // namespace
}  // namespace vmacheck
