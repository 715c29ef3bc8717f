// Descriptors, descriptions and the names of files; see the header.
#include "model/strace_files.h"

namespace vmacheck::strace {

namespace {

constexpr std::size_t name_stem_max = file_name_length_max - 8;  // Room for `.4096`.
constexpr std::size_t path_comment_max = 200;

bool is_legal(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '.' ||
           character == '-';
}

std::string_view without_deleted(std::string_view path) {
    constexpr std::string_view deleted = " (deleted)";
    return path.ends_with(deleted) ? path.substr(0, path.size() - deleted.size()) : path;
}

std::string stem_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
    std::string name(path.substr(0, name_stem_max));
    for (char& character : name) {
        if (!is_legal(character)) character = '_';
    }
    return name.empty() ? "file" : name;
}

// Memory without a file system, and devices, are mapped by the older hook; what a file system holds
// by the newer one.
Driver driver_of(std::string_view path) {
    const bool in_file_system =
        path.starts_with('/') && !path.starts_with("/dev/") && !path.starts_with("/memfd:");
    return in_file_system ? Driver{false, true, false} : Driver{true, false, false};
}

}  // namespace

void Files::open(std::uint64_t number, std::string_view path, bool read_only) {
    opened_[number] = descriptions_.size();
    descriptions_.push_back({std::string(without_deleted(path)), read_only, {}});
}

void Files::copy(std::uint64_t from, std::uint64_t to) {
    const auto found = opened_.find(from);
    if (found == opened_.end())
        opened_.erase(to);
    else
        opened_[to] = found->second;
}

Files::Description& Files::description(const Descriptor& descriptor) {
    const std::string_view path = without_deleted(descriptor.path);
    const auto found = opened_.find(descriptor.number);
    const bool known =
        found != opened_.end() && (path.empty() || path == descriptions_[found->second].path);
    if (!known) {
        const std::string number = "descriptor " + std::to_string(descriptor.number);
        open(descriptor.number, path.empty() ? std::string_view(number) : path, false);
    }
    return descriptions_[opened_[descriptor.number]];
}

std::optional<FileId> Files::enter(Description& description, Program& program) {
    if (!description.file.none()) return description.file;
    std::vector<File>& files = program.world.files;
    if (files.size() == world_files_max) return std::nullopt;
    const std::string& path = description.path;
    files.push_back({unused_name(path), driver_of(path), {file_pages_max}, description.read_only});
    program.file_comments.push_back({{}, " " + path.substr(0, path_comment_max)});
    description.file = FileId{static_cast<std::uint32_t>(files.size())};
    return description.file;
}

void Files::leave_world() {
    for (Description& description : descriptions_) description.file = FileId{};
    names_.clear();
    name_counts_.clear();
}

std::string Files::unused_name(std::string_view path) {
    const std::string stem = stem_of(path);
    std::string name = stem;
    while (!names_.insert(name).second) {
        name = stem + "." + std::to_string(++name_counts_[stem] + 1);
    }
    return name;
}

}  // namespace vmacheck::strace
