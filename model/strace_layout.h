// What the import of a trace knows about the pages, so that it can tell what a call must have met.
//
// It knows what is mapped and how, not where areas meet: merging is no concern here. Of a page that
// no call has spoken of, nothing is known. The answers are those that the reference will give
// (model/reference.h), with vm.max_map_count out of reach.
#pragma once

#include <map>
#include <vector>

#include "model/op.h"
#include "model/result.h"
#include "model/world.h"

namespace vmacheck::strace {

enum class Known : std::uint8_t {
    nothing,
    free,
    area,
    left_out,  // Mapped, but not in the program.
};

// What a page is mapped as. `backing.offset` is that of a span's first page, and 0 without a file.
struct Mapping {
    Prot prot;
    Backing backing;
    Sharing sharing = Sharing::is_private;
    Reserve reserve = Reserve::reserve;
};

struct Span {
    PageRange range;
    Known known = Known::nothing;
    Mapping mapping;
};

class Layout {
  public:
    explicit Layout(const World& world) : world_(world) {}

    void clear() { spans_.clear(); }

    // All of `range`, in order, in spans about which one thing is known.
    [[nodiscard]] std::vector<Span> spans(PageRange range) const;
    [[nodiscard]] bool any(PageRange range, Known known) const;

    void set(PageRange range, Known known, const Mapping& mapping = {});

    // What the operation answers. `file` is that of the mapping, null if there is none.
    [[nodiscard]] Errno answer(const Mmap& op, const File* file) const;
    [[nodiscard]] Errno answer(const Munmap& op) const;
    [[nodiscard]] Errno answer(const Mprotect& op) const;
    [[nodiscard]] Errno answer(const Madvise& op) const;

    // Does what the operation does, up to the point where it fails.
    void apply(const Mmap& op);
    void apply(const Munmap& op);
    void apply(const Mprotect& op);

  private:
    // A Span by its start; there is none for what is not known.
    struct Tail {
        Page end;
        Known known;
        Mapping mapping;
    };
    void cut(Page page);
    [[nodiscard]] PageRange inside_world(PageRange range) const;
    [[nodiscard]] bool forbids(const Span& span, Prot prot) const;
    [[nodiscard]] Errno refusal(const Mapping& mapping, Advice advice) const;

    const World& world_;
    std::map<Page, Tail> spans_;
};

// The mapping of the pages `skipped` behind the first one.
[[nodiscard]] Mapping behind(Mapping mapping, PageCount skipped);

}  // namespace vmacheck::strace
