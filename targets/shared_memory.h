// The body of Shared (targets/child.h): one object in memory that a forked child sees as well.
#pragma once

#include <sys/mman.h>

#include <new>

#include "model/check_macro.h"
#include "targets/child.h"

namespace vmacheck {

template <class Type>
Shared<Type>::Shared() {
    void* const memory =
        mmap(nullptr, sizeof(Type), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    object_ = new (memory) Type();
}

template <class Type>
Shared<Type>::~Shared() {
    object_->~Type();
    munmap(object_, sizeof(Type));
}

}  // namespace vmacheck
