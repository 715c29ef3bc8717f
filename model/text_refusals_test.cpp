// What the parser of programs refuses, and with which words: tables of bad texts, bytes of
// comments, long lists in errors.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "model/text.h"

namespace vmacheck {

namespace {

std::string error_of(std::string_view text) {
    const std::variant<Program, ParseError> result = parse_program(text);
    const auto* const error = std::get_if<ParseError>(&result);
    if (error == nullptr) return "no error";
    return std::to_string(error->line) + ":" + std::to_string(error->column) + " " + error->message;
}

const std::string header = "vma 1\nworld pages=64 profile=linux-6.18\n";

struct Bad {
    std::string text;
    std::string error;
};

void expect_errors(const std::string& start, const std::vector<Bad>& table) {
    for (const Bad& bad : table) EXPECT_EQ(error_of(start + bad.text), bad.error) << bad.text;
}

TEST(text, refuses_bad_first_lines) {
    expect_errors(
        "", {
                {"", "1:1 expected `vma 1` as the first line, found the end of the line"},
                {"# x\nvma 1\n", "1:1 expected `vma 1` as the first line, found a comment"},
                {" vma 1\n", "1:2 expected `vma 1` as the first line, found `vma`"},
                {"vma 2\n", "1:5 expected the version `1`, found `2`"},
                {"vma  1\n", "1:5 expected the version `1`, found a space"},
                {"vma 1\r\n", "1:6 expected printable ASCII, found byte 0x0D (a carriage return)"},
                {"\x7f", "1:1 expected printable ASCII, found byte 0x7F"},
            });
}

TEST(text, refuses_bad_bytes) {
    const std::string comment =
        " expected a comment in UTF-8 without control characters, found byte ";
    expect_errors(
        "vma 1\n",
        {
            {"touch\t0+1", "2:6 expected printable ASCII, found byte 0x09 (a tab)"},
            {"touch 0+1 \xc3\xa4", "2:11 expected printable ASCII, found byte 0xC3"},
            {"touch 0+1 # \x01", "2:13" + comment + "0x01"},
            {"# x\r\n", "2:4" + comment + "0x0D (a carriage return)"},
            {"# \xc0\x80", "2:3" + comment + "0xC0"},
            {"# \xed\xa0\x80", "2:3" + comment + "0xED"},
            {"# \xf4\x90\x80\x80", "2:3" + comment + "0xF4"},
            {"touch 0+1 ! #\xc3\xa4", "2:14 expected a count from 1 to 999, found `\xc3\xa4`"},
        });
}

TEST(text, refuses_bad_headers) {
    const std::string steps =
        "`mmap`, `munmap`, `mprotect`, `madvise`, `touch`, `fork`, `mlock`, `munlock`, `mlockall`, "
        "`munlockall`, `mseal`, `anon_name`, `mbind`, `home_node`, `mremap`, `uffd_register`, "
        "`uffd_unregister`, `uffd_close`, `brk`, `remap_file_pages`, `memory_merge`, `areas` or "
        "`@SPACE`, found ";
    const std::string order = " (one `world` comes first, then `file`, then `area`, then steps)";
    expect_errors(
        "vma 1\n",
        {
            {"wurld", "2:1 expected `world`, `file`, `area`, " + steps + "`wurld`"},
            {"world\nworld", "3:1 expected `file`, `area`, " + steps + "`world`" + order},
            {"touch 0+1\nfile a driver=none", "3:1 expected " + steps + "`file`" + order},
            {"world pages=0",
             "2:13 expected a number of pages from 1 to 4503599627370496, found `0`"},
            {"world pages=4 pages=5",
             "2:15 expected `profile=`, `max_map_count=`, `memory_merge`, `heap=`, `pkeys=`, "
             "`memlock=`, "
             "`as=`, `data=`, `stack=` or the end of the line, found `pages=5`"},
            {"world pages=4 heap=5", "2:1 the heap starts inside of the world"},
            {"world pkeys=17",
             "2:13 expected a number of protection keys from 0 to 16, found `17`"},
            {"world profile=linux",
             "2:15 expected `canonical`, `linux-6.18`, `linux-6.12`, `linux-6.15` or `linux-7.3`, "
             "found `linux`"},
            {"file a/b driver=none",
             "2:6 expected a file name of at most 64 characters out of A-Z, "
             "a-z, 0-9, `_`, `.` and `-`, found `a/b`"},
            {"file " + std::string(65, 'a'),
             "2:6 expected a file name of at most 64 characters out of A-Z, a-z, 0-9, `_`, `.` and "
             "`-`, found `" +
                 std::string(40, 'a') + "...`"},
            {"file a", "2:7 expected `driver=`, found the end of the line"},
            {"file a driver=none\nfile a driver=none",
             "3:6 expected a file name that is not declared yet, found `a`"},
            {"file a driver=mmap,none",
             "2:20 expected `mmap_prepare`, `close`, `io`, `pfnmap`, `mixedmap`, `dontexpand`, "
             "`may_split`, `dontdump`, `set_file` or `set_pgoff`, found `none`"},
            {"file a driver=plain,mmap_prepare",
             "2:21 expected `mmap`, `close`, `io`, `pfnmap`, `mixedmap`, `dontexpand`, "
             "`may_split`, `dontdump`, `set_file` or `set_pgoff`, found "
             "`mmap_prepare`"},
        });
}

TEST(text, refuses_bad_initial_areas) {
    expect_errors(
        "vma 1\nworld pages=8\nfile r driver=none mode=ro\n",
        {
            {"area 0+0 r-- anon private", "4:6 expected an area of at least one page, found `0+0`"},
            {"area 7+2 r-- anon private",
             "4:6 expected an area inside of the world of 8 pages, found `7+2`"},
            {"area 2+2 r-- anon private\narea 3+1 r-- anon private",
             "5:6 expected an area behind the one before, from page 4 on, found `3+1`"},
            {"area 0+1 r-- anon shared",
             "4:19 expected `private`, found `shared` (an initial area "
             "cannot be shared anonymous memory)"},
            {"area 0+1 rw- file=r@0 shared",
             "4:23 expected `private`, found `shared` (a shared area "
             "of a file with mode=ro cannot be writable)"},
            {"area 0+1 r-- file=r@0 droppable",
             "4:23 expected `private` or `shared`, found `droppable` (the pages of a file are not "
             "droppable)"},
            {"area 0+1 r-- anon droppable flags=growsdown",
             "4:1 `growsdown` is for private anonymous memory that is not droppable"},
            {"area 0+1 r-- file=r@0 private flags=growsdown",
             "4:1 `growsdown` is for private anonymous memory that is not droppable"},
            {"area 0+1 r-- anon droppable flags=locked", "4:1 droppable memory is not `locked`"},
            {"area 0+1 rw- file=r@0 private pgoff=1",
             "4:31 expected `flags=`, `fault=`, `policy=` or the end of the line, found `pgoff=1`"},
            {"area 0+1 rw- anon private name=z",
             "4:32 expected `none`, `a`, `b` or `c`, found `z`"},
            {"area 0+1 rw- anon private forked",
             "4:27 expected `flags=`, `fault=`, `pgoff=`, `policy=`, `name=`, `uffd=` or the end "
             "of "
             "the line, found `forked`"},
            {"area 0+1 rw- anon private uffd=none missing",
             "4:32 expected `a` or `b`, found `none`"},
            {"area 0+1 rw- anon private uffd=a",
             "4:33 expected `missing`, `wp` or `missing+wp`, found the end of the line"},
            {"area 0+1 rw- file=r@0 private uffd=a missing",
             "4:31 expected `flags=`, `fault=`, `policy=` or the end of the line, found `uffd=a`"},
            {"area 0+1 rw- anon private flags=account,account",
             "4:41 expected each flag once, found `account`"},
            {"area 0+1 rw- anon private flags=account,shared",
             "4:41 expected `account`, `noreserve`, `seq_read`, `rand_read`, `dontcopy`, "
             "`wipeonfork`, `dontdump`, `mergeable`, `hugepage`, `nohugepage`, `locked`, "
             "`lockonfault`, `sealed` or `growsdown`, found `shared`"},
        });
}

TEST(text, refuses_protection_keys_that_are_not_the_program_s) {
    const std::string world = "vma 1\nworld pages=64 profile=linux-6.18 pkeys=3\narea ";
    const auto error_of_key = [&](const std::string& area) { return error_of(world + area); };
    EXPECT_EQ(error_of_key("0+1 rw- anon private pkey=3\n"),
              "3:32 expected a protection key of the program, found `3` (`world pkeys=3`)");
    EXPECT_EQ(error_of_key("0+1 --x anon private pkey=4\n"),
              "3:32 expected a protection key of the program, found `4` (`world pkeys=3`)");
    EXPECT_EQ(error_of_key("0+1 --x anon private pkey=16\n"),
              "3:32 expected a protection key from 0 to 15, found `16`");
    EXPECT_EQ(error_of("vma 1\narea 0+1 rw- anon private pkey=0\n"),
              "2:27 expected `flags=`, `fault=`, `pgoff=`, `policy=`, `name=`, `uffd=` or the end "
              "of the line, found `pkey=0`");
}

TEST(text, refuses_an_area_that_is_locked_on_fault_and_not_locked) {
    EXPECT_EQ(error_of("vma 1\narea 0+1 rw- anon private flags=lockonfault,sealed\n"),
              "2:51 expected `locked` beside `lockonfault`, found the end of the line");
}

TEST(text, refuses_bad_steps) {
    const std::string range = " expected a range such as `8+2` with numbers below 2^52, found ";
    expect_errors(
        "vma 1\nfile a driver=none\n",
        {
            {"@4 touch 0+1", "3:2 expected an address space from 0 to 3, found `4`"},
            {"@1 areas 0",
             "3:4 expected `mmap`, `munmap`, `mprotect`, `madvise`, `touch`, `fork`, `mlock`, "
             "`munlock`, `mlockall`, `munlockall`, `mseal`, `anon_name`, `mbind`, `home_node`, "
             "`mremap`, `uffd_register`, `uffd_unregister`, `uffd_close`, `brk`, "
             "`remap_file_pages` or `memory_merge`, found `areas`"},
            {"munmap", "3:7" + range + "the end of the line"},
            {"munmap 08+1", "3:8" + range + "`08+1`"},
            {"munmap 4503599627370496+1", "3:8" + range + "`4503599627370496+1`"},
            {"mprotect 0+1 wr-", "3:14 expected a protection such as `rw-`, found `wr-`"},
            {"mmap 0+1 rw- file=b@0 private",
             "3:14 expected `anon` or `file=NAME@OFFSET` with an offset below 2^52 and a file "
             "among "
             "`a`, found `file=b@0`"},
            {"mmap 0+1 rw- anon private fxied",
             "3:27 expected `noreplace`, `fixed`, `noreserve`, `populate`, `locked`, "
             "`growsdown`, `stack`, `!`, `=` or "
             "the end of the line, "
             "found `fxied`"},
            {"touch 0+1 ! spilt",
             "3:13 expected `split`, `merge`, `charge`, `prepare`, `allocation`, "
             "`hook`, `shmem`, `move`, `policy`, `anon`, `name`, `writable`, `may_split`, "
             "`detach`, `clear`, `link` or `#N`, found `spilt`"},
            {"touch 0+1 ! split#0", "3:19 expected a count from 1 to 999, found `0`"},
            {"touch 0+1 ! # x", "3:14 expected a count from 1 to 999, found a space"},
            {"touch 0+1 = ok used", "3:16 expected `unused` or the end of the line, found `used`"},
            {"areas four",
             "3:7 expected a number of areas below 2^52 or a range such as `8+2`, "
             "found `four`"},
            {"areas 0+1 r-- |", "3:16" + range + "the end of the line"},
            {"areas 0+1 r-- 2+2 r--",
             "3:15 expected `anon`, `file=NAME@OFFSET`, `|` or the end of "
             "the line, found `2+2`"},
        });
}

TEST(text, refuses_more_files_than_a_world_has) {
    std::string text = header;
    for (std::size_t i = 0; i < world_files_max; i++) {
        text += "file f" + std::to_string(i) + " driver=none\n";
    }
    EXPECT_EQ(error_of(text + "file g driver=none\n"),
              "4099:6 expected at most 4096 lines with files, found `g`");
}

}  // namespace

TEST(text, refuses_nul_bytes_before_its_end) {
    const std::string nuls(3, '\0');
    EXPECT_EQ(error_of("vma 1\ntouch 0+" + nuls),
              "2:7 expected a range such as `8+2` with numbers below 2^52, found `0+`");
    EXPECT_EQ(error_of("vma 1\n" + nuls + "touch 0+1\n"),
              "2:1 expected printable ASCII, found byte 0x00");
}

// The first and the last character of each length, and what lies just outside of them.
TEST(text, takes_exactly_the_characters_of_utf8_in_comments) {
    for (const std::string character :
         {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(error_of("vma 1\n# " + character + "\n"), "no error");
    }
    for (const std::string character :
         {"\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xc2", "\xe1\x80", "\xe1\x80x"}) {
        EXPECT_TRUE(
            error_of("vma 1\n# " + character + "\n").starts_with("2:3 expected a comment in UTF-8"))
            << error_of("vma 1\n# " + character + "\n");
    }
}

TEST(text, lists_no_more_than_eight_files_in_an_error) {
    const auto error_with_files = [](int count) {
        std::string text = "vma 1\n";
        for (int i = 1; i <= count; i++) text += "file " + std::to_string(i) + " driver=none\n";
        return error_of(text + "mmap 0+1 rw- file=x@0 private\n");
    };
    const std::string eight = " among `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`";
    EXPECT_NE(error_with_files(8).find(eight + ", found"), std::string::npos);
    EXPECT_NE(error_with_files(9).find(eight + ", ..., found"), std::string::npos);
}

TEST(text, refuses_areas_of_one_identity_with_two_histories) {
    EXPECT_NE(error_of("vma 1\narea 0+1 rw- anon private fault=3 forked\n"
                       "area 2+1 rw- anon private fault=3\n")
                  .find("are all `forked`, or none is"),
              std::string::npos);
}

}  // namespace vmacheck
