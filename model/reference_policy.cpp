// The reference's names and policies (Linux: madvise_set_anon_name() in mm/madvise.c, do_mbind()
// and set_mempolicy_home_node() in mm/mempolicy.c).
#include "model/reference_walk.h"

namespace vmacheck {

// prctl_set_vma_anon_name(): shared anonymous memory has names, too; a file has its own.
Errno Reference::run(const AnonName& op) {
    // The name comes first, wanted or not.
    if (op.to != AreaName::none && log_->fails(Stage::name)) return Errno::enomem;
    if (op.range.empty()) return Errno::ok;
    return change_pieces(op.range, {Holes::report, Errno::eagain}, [&](std::size_t cell) {
        const Attributes& old = cells()[cell].attributes;
        Change wanted{Errno::ok, old};
        wanted.to.name = op.to;
        // madvise_update_vma() writes the flags that the area had before it was merged.
        wanted.keeps_own_sticky = true;
        if (world_->file(old.file) != nullptr) wanted.error = Errno::ebadf;
        return wanted;
    });
}

// do_mbind(): a hole refuses a policy before anything has changed, and the default policy only
// where there is nothing at all (queue_pages_range()).
Errno Reference::run(const Mbind& op) {
    if (op.range.empty()) return Errno::ok;
    // mpol_new()
    if (op.policy != Policy::none && log_->fails(Stage::policy)) return Errno::enomem;
    const bool refused = op.policy == Policy::none ? is_free(op.range) : has_hole(op.range);
    if (refused) return Errno::efault;
    return change_pieces(op.range, {Holes::skip}, [&](std::size_t cell) {
        Change wanted{Errno::ok, cells()[cell].attributes};
        wanted.to.policy = op.policy;
        wanted.to.home_node = false;
        return wanted;
    });
}

// set_mempolicy_home_node(): ENOENT if no area has a policy.
Errno Reference::run(const HomeNode& op) {
    if (op.range.empty()) return Errno::ok;
    Errno found = Errno::enoent;
    const Errno error = change_pieces(op.range, {Holes::skip}, [&](std::size_t cell) {
        Change wanted{Errno::ok, cells()[cell].attributes};
        if (wanted.to.policy == Policy::none) return wanted;
        found = Errno::ok;
        wanted.to.home_node = true;
        if (!has_home_node(wanted.to.policy))
            wanted.error = Errno::eopnotsupp;
        else if (!world_->profile->atomic && log_->fails(Stage::policy))
            wanted.error = Errno::enomem;  // Its copy is made before anybody asks what it was.
        return wanted;
    });
    return error == Errno::ok ? found : error;
}

}  // namespace vmacheck
