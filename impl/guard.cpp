// Guards, and the advices that fault pages in: walks over the areas of a range that change neither
// boundaries nor, in most cases, attributes. The twin, page by page, is model/reference_guard.cpp.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"

namespace vmacheck::impl {
namespace {

// What is sealed, read-only and of nobody else keeps its contents (can_madvise_modify); what is
// locked has to, and a driver's mappings are its own (is_valid_guard_vma).
Errno refusal_of_guard(const Attributes& attributes) {
    const Flags flags = attributes.flags;
    const bool writable = flags.has(Flag::write);
    if (flags.has(Flag::sealed) && attributes.file.none() && !writable) return Errno::eperm;
    const bool permitted = !flags.has(Flag::locked) && !flags.has_any(special_flags);
    return permitted ? Errno::ok : Errno::einval;
}

}  // namespace

// faultin_page_range(), which looks at each area on its way.
Errno AddressSpace::madvise_populate(Call& call, PageRange range, Access access) {
    const Flag needed = access == Access::write ? Flag::write : Flag::read;
    Page done = range.start;
    TurnBound turns = bound();
    for (Cursor vma = vmas_.find(done); done < range.end(); vma = vmas_.next(vma)) {
        turns.turn();
        if (vma == vmas_.end() || vmas_.at(vma).start > done) return Errno::enomem;
        const Flags flags = vmas_.at(vma).attributes.flags;
        if (!flags.has(needed) || !has_pages(flags)) return Errno::einval;
        const PageRange pages = range_between(done, std::min(vmas_.at(vma).end, range.end()));
        if (!fault_in(call, vma, pages, access == Access::write)) return Errno::efault;
        done = pages.end();
    }
    return Errno::ok;
}

Errno AddressSpace::madvise_guards(Call& call, PageRange range, Advice advice) {
    if (call.atomic()) {
        const Errno error = check_guards(range, advice);
        if (error != Errno::ok) return error;
        call.committing = true;
    }
    Errno hole = Errno::ok;
    Page done = range.start;
    TurnBound turns = bound();
    for (Cursor vma = vmas_.find(done); done < range.end(); turns.turn()) {
        if (vma == vmas_.end() || vmas_.at(vma).start >= range.end()) return Errno::enomem;
        if (vmas_.at(vma).start > done) {
            hole = Errno::enomem;
            done = vmas_.at(vma).start;
        }
        const PageRange pages = range_between(done, std::min(vmas_.at(vma).end, range.end()));
        if (advice == Advice::guard_install) {
            const Errno refused = refusal_of_guard(vmas_.at(vma).attributes);
            if (refused != Errno::ok) return refused;
            guard_install(call, vma, pages);
        } else {
            guards_.remove(pages);
        }
        done = pages.end();
        vma = vmas_.next(vma);
    }
    return hole;
}

// Passes what madvise_guards() passes in an `atomic` profile, and changes nothing.
Errno AddressSpace::check_guards(PageRange range, Advice advice) const {
    Errno hole = Errno::ok;
    Page done = range.start;
    for (Cursor vma = vmas_.find(done); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        if (found.start > done) hole = Errno::enomem;
        done = found.end;
        const bool installs = advice == Advice::guard_install;
        const Errno refused = installs ? refusal_of_guard(found.attributes) : Errno::ok;
        if (refused != Errno::ok) return refused;
    }
    return done < range.end() ? Errno::enomem : hole;
}

// Whoever looks for guards finds them by the flag of their area; where there is no such flag, by
// the identity that keeps fork from forgetting the page table.
void AddressSpace::guard_install(Call& call, Cursor vma, PageRange pages) {
    const bool has_flag = call.world.profile->guard_flag && !call.world.profile->maximal;
    if (vmas_.at(vma).cut_by(pages.end()) && BUG(guard_install_splits)) cut(call, vma, pages.end());
    Attributes expecting = vmas_.at(vma).attributes;
    if (has_flag) expecting.flags = expecting.flags | Flag::maybe_guard;
    set_attributes(vma, expecting);
    if (!has_flag || expecting.file.none()) anon_vma_prepare(call, vma);
    guards_.add(pages);
}

}  // namespace vmacheck::impl
