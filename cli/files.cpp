// Files, in and out; see the header.
#include "cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "cli/say.h"
#include "model/binary.h"
#include "model/hash.h"
#include "model/text.h"
#include "report/wrap.h"
#include "targets/journal.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;

void complain_about(const std::string& path, std::string_view what) {
    complain(fmt::format("{}: {}", printable(path), what));
}
void complain_errno(const std::string& path, std::string_view verb) {
    complain_about(path, fmt::format("cannot {}: {}", verb, std::strerror(errno)));
}

// Closes itself.
class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (value_ >= 0) close(value_);
    }
    [[nodiscard]] bool good() const { return value_ >= 0; }
    [[nodiscard]] int get() const { return value_; }

  private:
    int value_;
};

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// A program that was written through mmap is followed by NUL bytes and nothing else. In any other
// file a NUL byte is an error, and the parser says where.
std::string_view without_journal_tail(std::string_view bytes) {
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos) return bytes;
    if (bytes.find_first_not_of('\0', end) != std::string_view::npos) return bytes;
    return journal_text(bytes);
}

// Our own finds are texts, and those of a crash have names like an engine's.
bool is_binary(const std::string& path, const std::string& bytes,
               std::span<const std::uint8_t> raw) {
    if (binary_version_of(raw)) return true;
    const fs::path name = fs::path(path).filename();
    return (is_engine_artifact(name.string()) || is_engine_input(name.string())) &&
           name.extension() != ".vma" && !bytes.starts_with("vma ");
}

std::optional<ProgramFile> read_binary(const std::string& path, std::span<const std::uint8_t> raw) {
    const std::optional<std::uint8_t> version = binary_version_of(raw);
    if (version && *version != binary_version) {
        complain_about(
            path, fmt::format("is a program of binary version {}; this vmacheck reads version {}",
                              *version, binary_version));
        return std::nullopt;
    }
    World world;
    std::vector<Step> steps;
    decode_program(raw, linux_6_18_profile, world, steps);
    Program program = program_of(world, steps);
    std::string text = print_program(program);
    return ProgramFile{path, std::move(text), std::move(program)};
}

// Neither a regular file nor a name that is free: a device, a pipe, a link. Such a thing is written
// to and never replaced.
bool is_special(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

bool write_in_place(const std::string& path, std::string_view text) {
    const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.good() && write_all(file.get(), text)) return true;
    complain_errno(path, "write");
    return false;
}

std::string directory_of(const std::string& path) {
    const std::string parent = fs::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

// Where writing to `path` would make a file: behind the links, of which the last may lead nowhere.
std::string behind_links(const std::string& path) {
    constexpr int links_max = 40;
    fs::path at(path);
    std::error_code error;
    for (int link = 0; link < links_max && fs::is_symlink(at, error); ++link) {
        const fs::path next = fs::read_symlink(at, error);
        if (error) break;
        at = at.parent_path() / next;
    }
    return at.string();
}

// A name beside `path` for what is not finished yet.
std::string temporary_name(const std::string& path) {
    return fmt::format("{}/.{}.{}.tmp", directory_of(path), fs::path(path).filename().string(),
                       getpid());
}

}  // namespace

void complain(std::string_view message) {
    std::fflush(stdout);
    say(stderr, "vmacheck: {}\n", message);
}

std::optional<std::string> read_input(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file.good() || fstat(file.get(), &status) != 0) {
        complain_errno(path, "read");
        return std::nullopt;
    }
    if (S_ISDIR(status.st_mode)) {
        complain_about(path, "is a directory; expected a file");
        return std::nullopt;
    }
    const auto too_large = [&] {
        complain_about(path,
                       fmt::format("is larger than {} MiB, which no program is; it was not read",
                                   input_bytes_max >> 20));
        return std::nullopt;
    };
    if (status.st_size > static_cast<off_t>(input_bytes_max)) return too_large();
    std::string bytes;
    std::string chunk(std::size_t{1} << 16, '\0');
    for (;;) {
        const ssize_t got = read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            complain_errno(path, "read");
            return std::nullopt;
        }
        if (got == 0) return bytes;
        bytes.append(chunk, 0, static_cast<std::size_t>(got));
        // A pipe or a device has no size beforehand.
        if (bytes.size() > input_bytes_max) return too_large();
    }
}

bool is_engine_artifact(const std::string& name) {
    constexpr std::array<std::string_view, 5> kinds = {"crash-", "timeout-", "oom-", "leak-",
                                                       "slow-unit-"};
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](std::string_view kind) { return name.starts_with(kind); });
}

bool is_engine_input(const std::string& name) {
    constexpr std::size_t sha1_digits = 40;
    return name.size() == sha1_digits &&
           name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<ProgramFile> read_program(const std::string& path) {
    const std::optional<std::string> bytes = read_input(path);
    if (!bytes) return std::nullopt;
    const std::span raw(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
    if (is_binary(path, *bytes, raw)) return read_binary(path, raw);
    const std::string_view text = without_journal_tail(*bytes);
    auto parsed = parse_program(text);
    if (const auto* const error = std::get_if<ParseError>(&parsed)) {
        complain(fmt::format("{}:{}:{}: {}", printable(path), error->line, error->column,
                             error->message));
        return std::nullopt;
    }
    return ProgramFile{path, std::string(text), std::move(std::get<Program>(parsed))};
}

// A line of the text that is neither empty nor a comment is one of the header or one of the
// program, and those of the program come last.
std::vector<std::size_t> line_numbers(const ProgramFile& file) {
    std::vector<std::size_t> numbers;
    std::string_view rest = file.text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t first = line.find_first_not_of(' ');
        if (first != std::string_view::npos && line[first] != '#') numbers.push_back(number);
    }
    const std::size_t wanted = std::min(file.program.lines.size(), numbers.size());
    numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(wanted));
    return numbers;
}

std::optional<std::vector<std::string>> expand(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            files.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
             at.increment(error)) {
            if (at->path().extension() == ".vma") inside.push_back(at->path().string());
        }
        if (error || inside.empty()) {
            complain_about(path, error ? "cannot read: " + error.message()
                                       : "is a directory without a `.vma` file in it");
            return std::nullopt;
        }
        std::sort(inside.begin(), inside.end());
        files.insert(files.end(), inside.begin(), inside.end());
    }
    return files;
}

bool check_output(const std::string& path) {
    if (path == "-") return true;
    if (path.empty()) {
        complain("the name of a file to write is empty");
        return false;
    }
    std::error_code error;
    if (fs::is_directory(path, error)) {
        complain_about(path, "is a directory; expected the name of a file to write");
        return false;
    }
    // To open and close a pipe would end who reads it, so what is there is only looked at.
    if (is_special(path) && fs::exists(path, error)) {
        const bool good = access(path.c_str(), W_OK) == 0;
        if (!good) complain_errno(path, "write");
        return good;
    }
    // Permission bits say little to root and nothing about a full or read-only disk: try it.
    const std::string trial = temporary_name(behind_links(path));
    const Descriptor file(open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.good()) {
        complain_errno(path, "write");
        return false;
    }
    unlink(trial.c_str());
    return true;
}

bool check_output_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error || !fs::is_directory(path)) {
        complain_about(path, "cannot make the directory: " +
                                 (error ? error.message() : "there is a file of this name"));
        return false;
    }
    return check_output(path + "/find.vma");
}

bool write_output(const std::string& path, std::string_view text) {
    if (path == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
            std::fflush(stdout) == 0) {
            return true;
        }
        complain_errno("standard output", "write");
        return false;
    }
    if (is_special(path)) return write_in_place(path, text);
    const std::string temporary = temporary_name(path);
    {
        const Descriptor file(
            open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!file.good() || !write_all(file.get(), text) || fsync(file.get()) != 0 ||
            rename(temporary.c_str(), path.c_str()) != 0) {
            complain_errno(path, "write");
            unlink(temporary.c_str());
            return false;
        }
    }
    // The new name itself must survive a loss of power, too.
    const Descriptor directory(
        open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.good()) fsync(directory.get());
    return true;
}

std::vector<std::string> leftover_journals(const std::string& directory) {
    std::vector<std::string> journals;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        const bool named = name.starts_with("journal.") ||
                           (name.starts_with("laws.") && name.ends_with(".journal"));
        // The minimizer puts its results beside a journal.
        if (!named || name.ends_with(".vma") || !at->is_regular_file(error)) continue;
        const Descriptor file(open(at->path().c_str(), O_RDONLY | O_CLOEXEC));
        char first = '\0';
        if (!file.good() || read(file.get(), &first, 1) != 1 || first == '\0') continue;
        journals.push_back(at->path().string());
    }
    std::sort(journals.begin(), journals.end());
    return journals;
}

std::string hash_of(std::string_view text) {
    return fmt::format("{:016x}", fnv1a(text)).substr(0, 12);
}

std::string file_name_of(std::string_view text) {
    std::string name;
    for (const char byte : text) {
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.';
        if (plain)
            name += byte;
        else if (!name.empty() && name.back() != '-')
            name += '-';
    }
    return name;
}

}  // namespace vmacheck::cli
