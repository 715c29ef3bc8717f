// More tests of the import of strace output: what has no operation is left out and counted by name,
// what is only nearly right is said, and the forms that a line of strace may have.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "impl/impl_target.h"
#include "model/check.h"
#include "model/strace.h"

namespace vmacheck {

namespace {

StraceImport imported(std::string_view trace) {
    std::variant<StraceImport, ParseError> result = import_strace(trace);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << error->line << ':' << error->column << ": " << error->message;
        return {};
    }
    return std::get<StraceImport>(std::move(result));
}

// The steps of the import, one a line, each with its claim, which holds.
std::string steps_of(std::string_view trace) {
    const Program program = imported(trace).program;
    ImplTarget target({.verify = true});
    Lockstep lockstep(target);
    lockstep.begin(program.world, Cells(program.world, program.steps()));
    std::string text;
    for (const Line& line : program.lines) {
        const auto& step = std::get<StepLine>(line.content);
        EXPECT_FALSE(lockstep.step(step.step).has_value());
        EXPECT_TRUE(step.claim == lockstep.expected()) << print_program(program);
        print_step(text, step.step, program.world);
        text += " = ";
        print_result(text, lockstep.expected());
        text += '\n';
    }
    return text;
}

// The lines of the head that count something, behind the one about the calls that are used.
std::string counts_of(std::string_view trace) {
    std::string text;
    for (const std::string& line : imported(trace).program.world_comments.above) {
        if (line.starts_with(" Left out: ") || line.starts_with(" Only nearly right: ")) {
            text += line.substr(1) + "\n";
        }
    }
    return text;
}

std::string error_of(std::string_view trace) {
    const std::variant<StraceImport, ParseError> result = import_strace(trace);
    const auto* const error = std::get_if<ParseError>(&result);
    if (error == nullptr) return "no error";
    return std::to_string(error->line) + ':' + std::to_string(error->column) + ' ' + error->message;
}

// Unmaps `step_lines_max` pages and one more, each `distance` pages behind the one before.
std::string too_many_calls(std::uint64_t distance) {
    std::string trace;
    for (std::uint64_t call = 0; call <= step_lines_max; ++call) {
        const std::uint64_t address = (1 + call * distance) * page_bytes;
        trace += "munmap(" + std::to_string(address) + ", 4096) = 0\n";
    }
    return trace;
}

const std::string two_pages =
    "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000\n";
const std::string two_pages_step = "mmap 16+2 rw- anon private = ok\n";

}  // namespace

TEST(strace, leaves_out_protections_and_flags_without_a_meaning) {
    const std::string trace =
        two_pages +
        "mprotect(0x10000, 4096, PROT_READ|PROT_GROWSDOWN) = 0\n"
        "mmap(NULL, 4096, PROT_READ|PROT_GROWSUP, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x20000\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|0x4000000, -1, 0) = 0x30000\n";
    EXPECT_EQ(steps_of(trace), two_pages_step);
    EXPECT_EQ(counts_of(trace),
              "Left out: 1 x mmap with another flag; 1 x mmap with another protection; "
              "1 x mprotect with another protection.\n");
}

TEST(strace, says_that_a_stack_lacks_its_flag) {
    const std::string trace =
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x20000\n";
    EXPECT_EQ(steps_of(trace), "mmap 32+1 r-- anon private = ok\n");
    EXPECT_EQ(counts_of(trace),
              "Only nearly right: 1 x mmap with MAP_STACK lacks the flag nohugepage.\n");
}

TEST(strace, counts_the_advices_that_it_leaves_out_by_name) {
    const std::string trace = two_pages +
                              "madvise(0x10000, 4096, MADV_COLLAPSE) = 0\n"
                              "madvise(0x10000, 4096, MADV_COLLAPSE) = 0\n"
                              "madvise(0x10000, 4096, 0x1234 /* MADV_??? */) = 0\n";
    EXPECT_EQ(steps_of(trace), two_pages_step);
    EXPECT_EQ(counts_of(trace),
              "Left out: 2 x madvise MADV_COLLAPSE; 1 x madvise of another advice.\n");
}

TEST(strace, knows_what_an_advice_finds_wrong) {
    const std::string invalid = " = -1 EINVAL (Invalid argument)\n";
    const std::string trace =
        two_pages +
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</a>, 0) = 0x20000\n"
        "mmap(NULL, 4096, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x30000\n"
        "madvise(0x10000, 8192, MADV_FREE) = 0\n"
        "madvise(0x10000, 4096, MADV_WIPEONFORK) = 0\n"
        "madvise(0x10000, 4096, MADV_GUARD_INSTALL) = 0\n"
        "madvise(0x11000, 4096, MADV_POPULATE_WRITE) = 0\n"
        "madvise(0x20000, 4096, MADV_WILLNEED) = 0\n"
        "madvise(0x20000, 4096, MADV_FREE)" +
        invalid + "madvise(0x10000, 4096, MADV_REMOVE)" + invalid +
        "madvise(0x20000, 4096, MADV_POPULATE_READ) = 0\n"
        "madvise(0x20000, 4096, MADV_POPULATE_WRITE)" +
        invalid +
        "madvise(0x20000, 4096, MADV_REMOVE) = -1 EACCES (Permission denied)\n"
        "madvise(0x30000, 4096, MADV_REMOVE) = 0\n"
        "madvise(0x30000, 8192, MADV_POPULATE_READ) = -1 ENOMEM (Cannot allocate memory)\n"
        "madvise(0x10000, 4096, MADV_POPULATE_READ) = -1 EFAULT (Bad address)\n";
    EXPECT_EQ(steps_of(trace), two_pages_step +
                                   "mmap 32+1 r-- file=a@0 private = ok\n"
                                   "mmap 48+1 r-- anon shared = ok\n"
                                   "madvise 16+2 free = ok\n"
                                   "madvise 16+1 wipeonfork = ok\n"
                                   "madvise 16+1 guard_install = ok\n"
                                   "madvise 17+1 populate_write = ok\n"
                                   "madvise 32+1 willneed = ok\n"
                                   "madvise 32+1 free = EINVAL\n"
                                   "madvise 16+1 remove = EINVAL\n"
                                   "madvise 32+1 populate_read = ok\n"
                                   "madvise 32+1 populate_write = EINVAL\n"
                                   "madvise 32+1 remove = EACCES\n"
                                   "madvise 48+1 remove = ok\n"
                                   "madvise 48+2 populate_read = ENOMEM\n");
    EXPECT_EQ(counts_of(trace), "Left out: 1 x madvise that failed with EFAULT.\n");
}

TEST(strace, takes_shared_dev_zero_for_anonymous_memory) {
    EXPECT_EQ(steps_of("mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</dev/zero>, 0x1000) = 0x10000\n"
                       "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</dev/zero>, 0) = 0x20000\n"),
              "mmap 16+1 r-- anon shared = ok\n"
              "mmap 32+1 r-- file=zero@0 private = ok\n");
}

TEST(strace, leaves_out_ranges_and_offsets_inside_of_a_page) {
    const std::string trace =
        two_pages +
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</a>, 0x10) = 0x20000\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</a>, 0x10) = -1 EINVAL (Invalid argument)\n"
        "mprotect(0x10001, 4096, PROT_READ) = 0\n"
        "mprotect(0x10001, 4096, PROT_READ) = -1 EINVAL (Invalid argument)\n"
        "madvise(0x10001, 4096, MADV_DONTNEED) = 0\n"
        "madvise(0x10001, 4096, MADV_DONTNEED) = -1 EINVAL (Invalid argument)\n";
    EXPECT_EQ(steps_of(trace), two_pages_step);
    EXPECT_EQ(counts_of(trace),
              "Left out: 1 x madvise that cannot have succeeded; "
              "1 x madvise that failed with EINVAL; 1 x mmap at an offset inside of a page; "
              "1 x mmap that failed with EINVAL; 1 x mprotect that cannot have succeeded; "
              "1 x mprotect that failed with EINVAL.\n");
}

TEST(strace, forgets_a_descriptor_that_an_unknown_one_replaces) {
    EXPECT_EQ(steps_of("openat(AT_FDCWD, \"/a\", O_RDONLY) = 3\n"
                       "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x10000\n"
                       "dup2(7, 3) = 3\n"
                       "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x20000\n"),
              "mmap 16+1 r-- file=a@0 shared = ok\n"
              "mmap 32+1 r-- file=descriptor_3@0 shared = ok\n");
}

// The object behind shared anonymous memory has no name that a second mmap could give.
TEST(strace, leaves_out_copies_of_shared_memory) {
    const std::string trace =
        "mmap(NULL, 8192, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x10000\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x21000\n"
        "mremap(0x10000, 8192, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x20000) = 0x20000\n"
        "mprotect(0x20000, 4096, PROT_NONE) = 0\n";
    EXPECT_EQ(steps_of(trace),
              "mmap 16+2 r-- anon shared = ok\n"
              "mmap 33+1 r-- anon private = ok\n"
              "munmap 16+2 = ok\n"
              "munmap 32+2 = ok\n");
    EXPECT_EQ(counts_of(trace),
              "Left out: 1 x mprotect of pages that are left out.\n"
              "Only nearly right: 1 x mremap of pages that a program cannot map again leaves them "
              "out; 1 x mremap that moves became munmap and mmap: the pages lose identity and "
              "advice.\n");
}

TEST(strace, reads_over_times_in_front_of_a_call) {
    for (const std::string time : {"12:00:01 ", "12:00:01.000023  ", "1700000000.123456 ",
                                   "7  12:00:01 ", "     0.000023 "}) {
        EXPECT_EQ(steps_of(time + two_pages), two_pages_step) << time;
    }
}

TEST(strace, splits_arguments_around_quoted_text) {
    EXPECT_EQ(steps_of("openat(AT_FDCWD, \"/a\\\"b, (c\\\\\", O_RDONLY) = 3\n"
                       "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x10000\n"
                       "mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, 3, 0) = -1 EACCES (x)\n"),
              "mmap 16+1 r-- file=a__b___c__@0 shared = ok\n"
              "mmap 0+1 -w- file=a__b___c__@0 shared = EACCES\n");
}

// The thread goes on under the number of its process, and so does its execve.
TEST(strace, follows_an_execve_of_a_thread) {
    const std::string trace = "7 " + two_pages +
                              "8 execve(\"/bin/x\", [\"x\"], 0x7ffc /* 3 vars */ <unfinished ...>\n"
                              "7 +++ superseded by execve in pid 8 +++\n"
                              "7 <... execve resumed>) = 0\n"
                              "7 munmap(0x10000, 4096) = 0\n";
    EXPECT_EQ(steps_of(trace), "munmap 16+1 = ok\n");
    EXPECT_EQ(imported(trace).calls_left_out, 1U);
    EXPECT_EQ(steps_of("7 " + two_pages + "7 +++ superseded by execve in pid 9 +++\n"),
              two_pages_step);
}

TEST(strace, says_what_is_wrong_with_quotes_paths_modes_and_arguments) {
    EXPECT_EQ(error_of("close(3</a\nbrk(NULL) = 0\n"),
              "1:11 expected `)`, found the end of the line");
    EXPECT_EQ(error_of("open(\"/a\\\", 0) = 3\nbrk(NULL) = 0\n"),
              "1:19 expected `)`, found the end of the line");
    EXPECT_EQ(error_of("[ Process PID=7 runs in 32 bit mode. ]\nbrk(NULL) = 0\n"),
              "1:1 expected a process in 64-bit mode throughout");
    EXPECT_EQ(error_of("mremap(0x10000, 4096) = 0\n"),
              "1:1 expected 4 arguments of mremap, found 2");
    EXPECT_EQ(error_of("mremap(x, 4096, 4096, 0) = 0\n"),
              "1:8 expected a number below 2^64 or NULL");
}

// Slow: such a trace takes the import seconds, more so under the sanitizers.
TEST(strace, slow_refuses_more_than_a_million_steps) {
    EXPECT_EQ(error_of(too_many_calls(0)),
              "1000001:1 the calls up to here make more than 1000000 steps");
}

TEST(strace, slow_refuses_more_than_a_million_initial_areas) {
    EXPECT_EQ(error_of(too_many_calls(2)),
              "1000001:1 the calls up to here speak of more than 1000000 initial areas");
}

}  // namespace vmacheck
