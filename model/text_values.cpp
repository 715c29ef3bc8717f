// Parsing of single values. What is not written exactly as docs/format.md says is an error.
#include "model/text_values.h"

#include <algorithm>
#include <array>

namespace vmacheck::text {

namespace {

constexpr std::size_t listed_files_max = 8;  // In an error message.
constexpr std::string_view file_key = "file=";

std::optional<std::uint64_t> page_number_of(std::string_view word) {
    return number_of(word, page_number_max - 1);
}

bool fail_backing(LineScanner& line, const FileNames& files) {
    if (files.empty()) return line.fail({"`anon`", "`file=NAME@OFFSET` (no file is declared)"});
    std::string second = "`file=NAME@OFFSET` with an offset below 2^52 and a file among ";
    std::size_t count = 0;
    for (const auto& [name, id] : files) {
        if (count == listed_files_max) {
            second += ", ...";
            break;
        }
        if (count++ > 0) second += ", ";
        second += quoted(name);
    }
    return line.fail({"`anon`", second});
}

// Calls take(item) for each part between the commas of the word at the cursor, which stands at the
// part meanwhile; take() reports an error and returns false for a part that it does not know.
template <class Take>
bool parse_list(LineScanner& line, Take take) {
    while (true) {
        const std::string_view rest = line.word();
        const std::size_t comma = rest.find(',');
        if (!take(rest.substr(0, comma))) return false;
        if (comma == std::string_view::npos) break;
        line.take_part(comma + 1);
    }
    line.take();
    return true;
}

}  // namespace

bool parse_number(LineScanner& line, std::uint64_t& number, const NumberLimits& limits) {
    const auto found = number_of(line.word(), limits.max);
    if (!found || *found < limits.min) {
        return line.fail({std::string(limits.noun) + " from " + std::to_string(limits.min) +
                          " to " + std::to_string(limits.max)});
    }
    number = *found;
    line.take();
    return true;
}

bool parse_value(LineScanner& line, PageRange& range, const FileNames&) {
    const std::string_view word = line.word();
    const std::size_t plus = std::min(word.find('+'), word.size());
    const auto start = page_number_of(word.substr(0, plus));
    const auto count = page_number_of(word.substr(std::min(plus + 1, word.size())));
    if (!start || !count) return line.fail({"a range such as `8+2` with numbers below 2^52"});
    range = {{*start}, {*count}};
    line.take();
    return true;
}

bool parse_value(LineScanner& line, Page& page, const FileNames&) {
    return parse_number(line, page.value, {"a page", 0, page_number_max - 1});
}

bool parse_value(LineScanner& line, FilePage& page, const FileNames&) {
    return parse_number(line, page.value, {"a page", 0, page_number_max - 1});
}

bool parse_value(LineScanner& line, Prot& prot, const FileNames&) {
    const std::string_view word = line.word();
    std::string canonical;
    prot = {};
    if (word.find('r') != std::string_view::npos) prot.flags = prot.flags | Flag::read;
    if (word.find('w') != std::string_view::npos) prot.flags = prot.flags | Flag::write;
    if (word.find('x') != std::string_view::npos) prot.flags = prot.flags | Flag::exec;
    print_prot(canonical, prot);
    if (word != canonical) return line.fail({"a protection such as `rw-`"});
    line.take();
    return true;
}

bool parse_value(LineScanner& line, Backing& backing, const FileNames& files) {
    const std::string_view word = line.word();
    backing = {};
    if (line.take_if("anon")) return true;
    const std::size_t at = std::min(word.find('@'), word.size());
    if (word.substr(0, file_key.size()) != file_key || at < file_key.size()) {
        return fail_backing(line, files);
    }
    const auto file = files.find(word.substr(file_key.size(), at - file_key.size()));
    const auto offset = page_number_of(word.substr(std::min(at + 1, word.size())));
    if (file == files.end() || !offset) return fail_backing(line, files);
    backing = {file->second, *offset};
    line.take();
    return true;
}

bool parse_value(LineScanner& line, SpaceId& space, const FileNames&) {
    std::uint64_t number = 0;
    if (!parse_number(line, number, {"an address space", 0, space_count_max - 1})) return false;
    space.value = static_cast<std::uint8_t>(number);
    return true;
}

bool parse_optional_space(LineScanner& line, SpaceId& space) {
    if (line.word().substr(0, 1) != "@") return true;
    line.take_part(1);
    return parse_value(line, space, {});
}

bool parse_failure(LineScanner& line, Failure& failure) {
    failure.kind = Failure::Kind::at_any;
    if (!line.at_hash()) {
        const auto stage = index_of(line.word(), stage_names);
        if (!stage) {
            Expected expected = quoted(stage_names);
            expected.emplace_back("`#N`");
            return line.fail(expected);
        }
        failure.kind = Failure::Kind::at_stage;
        failure.stage = static_cast<Stage>(*stage);
        line.take_part(line.word().size());
        if (!line.at_hash()) {
            line.take();
            return true;
        }
    }
    line.take_part(1);
    std::uint64_t k = 0;
    if (!parse_number(line, k, {"a count", 1, failure_k_max})) return false;
    failure.k = static_cast<std::uint16_t>(k);
    return true;
}

bool parse_result(LineScanner& line, Result& result) {
    const auto error = index_of(line.word(), errno_names);
    if (!error) return line.fail(quoted(errno_names));
    result.error = static_cast<Errno>(*error);
    line.take();
    result.unused = line.take_if("unused");
    if (!result.unused) {
        static constexpr std::array<std::string_view, 1> unused = {"unused"};
        line.may_be(unused);
    }
    return true;
}

bool parse_driver(LineScanner& line, Driver& driver) {
    driver = {};
    if (line.take_if(driver_none)) return true;
    return parse_list(line, [&](std::string_view item) {
        const std::string_view name = item == driver_plain ? "mmap_prepare" : item;
        Expected expected;
        for (const DriverWord& word : driver_words) {
            if (driver.*word.member) continue;
            if (word.name == name) {
                driver.*word.member = true;
                return true;
            }
            expected.push_back(quoted(word.name));
        }
        if (driver == Driver{}) expected.push_back(quoted(driver_none));
        if (expected.empty()) expected.emplace_back("the end of the list");
        return line.fail_on(item, expected);
    });
}

bool parse_listed_flags(LineScanner& line, Flags& flags) {
    const bool listed = parse_list(line, [&](std::string_view item) {
        const auto index = index_of(item, listed_flag_names);
        if (!index) return line.fail_on(item, quoted(listed_flag_names));
        if (flags.has(listed_flag(*index))) return line.fail_on(item, {"each flag once"});
        flags = flags | listed_flag(*index);
        return true;
    });
    if (!listed) return false;
    const bool half_locked = flags.has(Flag::lock_on_fault) && !flags.has(Flag::locked);
    return !half_locked || line.fail({"`locked` beside `lockonfault`"});
}

bool check_count(LineScanner& line, std::size_t count, std::size_t max, std::string_view noun) {
    if (count < max) return true;
    return line.fail({"at most " + std::to_string(max) + " lines with " + std::string(noun)});
}

bool parse_new_file_name(LineScanner& line, std::string& name, const FileNames& files) {
    const std::string_view word = line.word();
    if (word.empty() || word.size() > file_name_length_max ||
        !std::all_of(word.begin(), word.end(), is_name_character)) {
        return line.fail({"a file name of at most " + std::to_string(file_name_length_max) +
                          " characters out of A-Z, a-z, 0-9, `_`, `.` and `-`"});
    }
    if (files.find(word) != files.end()) return line.fail({"a file name that is not declared yet"});
    name = word;
    line.take();
    return true;
}

}  // namespace vmacheck::text
