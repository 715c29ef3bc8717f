// Ledger: the counters that all address spaces share, kept running: committed pages, areas per
// file, and the objects behind shared anonymous mappings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "impl/vma.h"
#include "model/check_macro.h"
#include "model/target.h"
#include "model/world.h"

namespace vmacheck::impl {

class Ledger {
  public:
    // An object behind a shared anonymous mapping: there as long as an area holds it.
    struct Object {
        FileId id;
        PageCount pages{};    // Its size, once and for all.
        PageCount charged{};  // Committed for as long as it lives.
        std::uint64_t references = 0;
        friend bool operator==(const Object&, const Object&) = default;
    };

    void create(std::size_t file_count) {
        committed_ = PageCount{};
        stray_ = PageCount{};
        files_.assign(file_count, FileCounters{});
        stray_references_.assign(file_count, 0);
        objects_.clear();
        object_last_ = FileId{static_cast<std::uint32_t>(file_count)};
        fault_last_ = FaultId{};
    }

    void charge(PageCount pages) { committed_ += pages; }
    void uncharge(PageCount pages) { committed_ -= pages; }
    // What nobody will uncharge (acct_stack_growth).
    void charge_for_good(PageCount pages) {
        stray_ += pages;
        charge(pages);
    }
    [[nodiscard]] PageCount committed() const { return committed_; }

    // An area comes to hold its file, or stops to do so. Pages and charges are not looked at.
    void hold(const Attributes& attributes) {
        if (attributes.file.none()) return;
        if (is_object(attributes.file)) {
            ++object(attributes.file).references;
            return;
        }
        FileCounters& counters = files_[attributes.file.value - 1];
        ++counters.references;
        if (counts_as_writable(attributes.flags)) ++counters.writable;
    }
    void drop(const Attributes& attributes) {
        if (attributes.file.none()) return;
        if (is_object(attributes.file)) {
            drop_object(attributes.file);
            return;
        }
        FileCounters& counters = files_[attributes.file.value - 1];
        CHECK(counters.references > 0);
        --counters.references;
        if (counts_as_writable(attributes.flags)) --counters.writable;
    }

    // A reference besides those of the areas.
    void get_file(FileId file) { ++files_[file.value - 1].references; }
    void put_file(FileId file) { --files_[file.value - 1].references; }
    // One that nobody will put.
    void get_file_for_good(FileId file) {
        ++stray_references_[file.value - 1];
        get_file(file);
    }

    // A mapping to come counts as one that may write to the file, as long as it may fail. Nobody
    // counts that for an object.
    void map_writable(FileId file) {
        if (!is_object(file)) ++files_[file.value - 1].writable;
    }
    void unmap_writable(FileId file) {
        if (!is_object(file)) --files_[file.value - 1].writable;
    }

    // Ids are never used again.
    FileId new_object(PageCount pages, PageCount charged) {
        object_last_.value += 1;
        objects_.push_back({object_last_, pages, charged});
        charge(charged);
        return object_last_;
    }
    // Of an object that is there.
    [[nodiscard]] PageCount object_size(FileId id) { return object(id).pages; }
    [[nodiscard]] bool is_object(FileId file) const { return file.value > files_.size(); }
    FaultId new_fault() {
        fault_last_.value += 1;
        return fault_last_;
    }

    // Makes room for the identity of an area that is there from the start. Such an area is never
    // shared anonymous memory (model/text.h).
    void admit(const Attributes& attributes) {
        fault_last_ = FaultId{std::max(fault_last_.value, attributes.fault.value)};
        CHECK(!is_object(attributes.file));
    }

    void observe(MachineView& view) const {
        view.committed = committed_.value;
        view.objects = objects_.size();
        view.files.assign(files_.begin(), files_.end());
    }

    // As if no area were there; objects stay, and so does what they are charged.
    void forget_areas() {
        committed_ = stray_;
        for (std::size_t i = 0; i < files_.size(); ++i) files_[i] = {stray_references_[i], 0};
        for (Object& each : objects_) {
            each.references = 0;
            committed_ += each.charged;
        }
    }

    [[nodiscard]] const std::vector<FileCounters>& files() const { return files_; }
    [[nodiscard]] const std::vector<Object>& objects() const { return objects_; }

  private:
    // i_mmap_writable counts the areas that may write to the file.
    static bool counts_as_writable(Flags flags) {
        return flags.has(Flag::shared | Flag::may_write);
    }
    std::vector<Object>::iterator place_of(FileId id) {
        return std::partition_point(objects_.begin(), objects_.end(),
                                    [id](const Object& each) { return each.id.value < id.value; });
    }
    Object& object(FileId id) {
        const auto place = place_of(id);
        CHECK(place != objects_.end());
        CHECK(place->id == id);
        return *place;
    }
    void drop_object(FileId id) {
        Object& found = object(id);
        CHECK(found.references > 0);
        if (--found.references > 0) return;
        uncharge(found.charged);
        objects_.erase(place_of(id));
    }

    PageCount committed_;
    PageCount stray_;  // Of it, in no area and no object.
    std::vector<FileCounters> files_;
    std::vector<std::uint64_t> stray_references_;  // Of each file: in no area.
    std::vector<Object> objects_;                  // Sorted by id.
    FileId object_last_;
    FaultId fault_last_;
};

}  // namespace vmacheck::impl
