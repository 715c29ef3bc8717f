// One object in memory that a process shares with the children that it forks.
#pragma once

#include <sys/mman.h>

#include <new>

#include "model/check_macro.h"

namespace vmacheck {

// Anonymous shared memory for one object of a plain type, zeroed.
template <class Type>
class Shared {
  public:
    Shared() {
        void* const memory =
            mmap(nullptr, sizeof(Type), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(memory != MAP_FAILED);
        object_ = new (memory) Type();
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
        object_->~Type();
        munmap(object_, sizeof(Type));
    }
    Type* operator->() const { return object_; }
    Type& operator*() const { return *object_; }

  private:
    Type* object_;
};

}  // namespace vmacheck
