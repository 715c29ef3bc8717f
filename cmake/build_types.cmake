# The three kinds of build, the warnings, and the compiler cache.
#
# NDEBUG is never defined: CHECK is on in every build, and an assert of a library may as well be.
# -march=native is not used, because a find must replay on another machine with the same binary.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Asan or Coverage" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
# The first report ends the program, so that a test can not pass over it.
set(CMAKE_CXX_FLAGS_ASAN "-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined \
-fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS")
set(CMAKE_CXX_FLAGS_COVERAGE "-O0 -g1 -fprofile-instr-generate -fcoverage-mapping")
if(CMAKE_BUILD_TYPE STREQUAL "Coverage")
    # The counters live in the mapped file (%c in LLVM_PROFILE_FILE, which needs the relocation), so
    # that a program that ends in abort() or is killed counts, too.
    add_compile_options("SHELL:-mllvm -runtime-counter-relocation")
    # The count of a line may be a difference of counters: where threads, or processes that share
    # them after a fork, lost some, it would become negative, and a line that was reached would count
    # as missed. (LLVM's counters of a single byte have no differences, but in clang 19 they miss
    # the lines behind a statement that may not return.)
    add_compile_options(-fprofile-update=atomic)
endif()

set(build_types Release Asan Coverage)
if(NOT CMAKE_BUILD_TYPE IN_LIST build_types)
    message(FATAL_ERROR "CMAKE_BUILD_TYPE is ${CMAKE_BUILD_TYPE}, expected one of ${build_types}")
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Coverage" AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "Coverage needs clang: give -DCMAKE_CXX_COMPILER=clang++, or ./dev coverage")
endif()

# A failed CHECK names its place in this tree, whoever builds it and where.
add_compile_options("-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # What two presets compile alike is compiled once, although each has a folder of its own.
    # It takes what is precompiled for as old as what it was made of.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    endif()
endif()

# Warnings are for our own sources only: the libraries live in system folders.
add_library(vmacheck_warnings INTERFACE)
target_compile_options(vmacheck_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wold-style-cast $<$<CXX_COMPILER_ID:Clang>:-Wreserved-identifier> -Werror)
