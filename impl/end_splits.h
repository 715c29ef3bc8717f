// The two splits of a change in a profile `atomic`, which passes their stages before it changes
// anything.
#pragma once

#include <optional>

#include "impl/address_space.h"
#include "model/page.h"

namespace vmacheck::impl {

// The ends of a range at which a piece must be split off, because what an area there has changes.
class EndSplits {
  public:
    explicit EndSplits(PageRange range) : range_(range) {}

    void changes(const Vma& vma) {
        if (vma.cut_by(range_.start)) start_ = vma.attributes;
        if (vma.cut_by(range_.end())) end_ = vma.attributes;
    }

    [[nodiscard]] Errno pass(Call& call) const {
        for (const std::optional<Attributes>& end : {start_, end_}) {
            const Errno error = end ? refusal_of_split(call, *end) : Errno::ok;
            if (error != Errno::ok) return error;
        }
        return Errno::ok;
    }

  private:
    PageRange range_;
    std::optional<Attributes> start_;
    std::optional<Attributes> end_;
};

}  // namespace vmacheck::impl
