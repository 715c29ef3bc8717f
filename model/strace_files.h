// The descriptors of a traced process, and the files of the world that its mappings need.
//
// A file of the world is an open file description (struct file): openat makes one, dup and fcntl
// only give it another number. It enters the world when it is mapped for the first time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/program.h"
#include "model/strace_parse.h"

namespace vmacheck::strace {

class Files {
  public:
    void open(std::uint64_t number, std::string_view path, bool read_only);
    void copy(std::uint64_t from, std::uint64_t to);
    void close(std::uint64_t number) { opened_.erase(number); }

    // What the descriptor of a mapping is; its id is 0 until it is in the world. One of which no
    // opening is known is opened here, for reading and writing.
    struct Description {
        std::string path;
        bool read_only = false;
        FileId file;
    };
    [[nodiscard]] Description& description(const Descriptor& descriptor);

    // Puts the file into the world of `program`, unless that has too many.
    [[nodiscard]] std::optional<FileId> enter(Description& description, Program& program);

    // The program starts anew; the descriptors stay.
    void leave_world();

  private:
    [[nodiscard]] std::string unused_name(std::string_view path);

    std::vector<Description> descriptions_;
    std::map<std::uint64_t, std::size_t> opened_;  // Descriptor to description.
    std::set<std::string> names_;
    std::map<std::string, std::size_t> name_counts_;
};

}  // namespace vmacheck::strace
