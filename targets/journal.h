// A journal that survives the death of its writer: the program so far, as text, in a file that is
// mapped into memory. The step under way is in it before it runs, so that whatever happens (a crash
// of the target, a hang, kill -9) the file is a program that ends with that step.
//
// The file is a `.vma` text followed by NUL bytes, which the parser takes. Its last line may be
// torn if the writer died while it wrote; journal_text() leaves such a line out, for its step never
// ran.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/program.h"

namespace vmacheck {

class JournalFile {
  public:
    JournalFile() = default;
    JournalFile(const JournalFile&) = delete;
    JournalFile& operator=(const JournalFile&) = delete;
    ~JournalFile();

    // Creates or empties `path`. False, with errno set, if that cannot be done. `origin` is one
    // line that says where the programs come from.
    [[nodiscard]] bool open(const std::string& path, std::string_view origin);

    // Forgets the program before, and starts one.
    void begin(const World& world, std::uint64_t program);
    void step(const Step& step, const World& world);

    // The program so far, also as a child has written it, and also if the file has lost its name.
    [[nodiscard]] std::string_view text() const;

  private:
    void append(std::string_view text);

    char* memory_ = nullptr;
    std::size_t used_ = 0;
    std::string origin_;
    std::string scratch_;
};

// Room for the text of one program: 64 generated steps need about 3 KiB.
inline constexpr std::size_t journal_bytes_max = std::size_t{1} << 20;

// The text of a journal without what is torn or empty at its end. Any other text comes back as it
// is.
std::string_view journal_text(std::string_view bytes);

}  // namespace vmacheck
