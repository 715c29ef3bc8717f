# Fuzz targets: fuzz/NAME_target.cpp defines what an engine calls.
#
#     vmacheck-fuzz, vmacheck-fuzz-bugs   program_target with libFuzzer, which `vmacheck fuzz` drives
#     fuzz_NAME                           the other targets with libFuzzer  (preset `fuzz` alone)
#     replay_NAME                         each target with a plain main(), under any compiler
#
# What the engine is to learn about is instrumented: impl in vmacheck-fuzz, model in the others. The
# oracle, the generator and the mutator are not, for they are no news about the target; the cases of
# the reference are told by counters of their own.
option(VMACHECK_FUZZ_TARGETS "Build every target with libFuzzer, not only the differential one" OFF)

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS "-fsanitize=fuzzer")
check_cxx_source_compiles(
    "#include <cstddef>
     extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, std::size_t) { return 0; }"
    VMACHECK_HAS_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)

# vmacheck_instrumented(NAME FOLDER FLAG LINKED...): a library as vmacheck_library() makes it, with the
# engine's counters of coverage in it.
function(vmacheck_instrumented name folder flag)
    vmacheck_library(${name} ${folder} ${ARGN})
    target_compile_options(${name} PRIVATE ${flag})
    set_target_properties(${name} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
endfunction()

# vmacheck_target_program(NAME TARGET MAIN LIBRARY...): MAIN is `engine` or `replay`.
function(vmacheck_target_program name target main)
    set(sources fuzz/${target}_target.cpp)
    if(main STREQUAL "replay")
        list(APPEND sources fuzz/replay_main.cpp)
    endif()
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE ${ARGN} vmacheck_warnings)
    if(main STREQUAL "engine")
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        set_target_properties(${name} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
    endif()
endfunction()

foreach(target text import binary)
    vmacheck_target_program(replay_${target} ${target} replay vmacheck_model)
endforeach()
vmacheck_target_program(replay_program program replay vmacheck_fuzz vmacheck_impl)

if(VMACHECK_HAS_LIBFUZZER AND NOT CMAKE_BUILD_TYPE STREQUAL "Coverage")
    foreach(bugs "" "_bugs")
        # Counters alone: the values that are compared help who mutates bytes, and cost a fifth.
        vmacheck_instrumented(vmacheck_impl${bugs}_instrumented impl
                              -fsanitize-coverage=inline-8bit-counters,pc-table vmacheck_model)
        string(REPLACE "_" "-" suffix "${bugs}")
        vmacheck_target_program(vmacheck-fuzz${suffix} program engine vmacheck_fuzz
                                vmacheck_impl${bugs}_instrumented)
        install(TARGETS vmacheck-fuzz${suffix} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    endforeach()
    target_compile_definitions(vmacheck_impl_bugs_instrumented PRIVATE VMACHECK_BUGS=1)
    if(VMACHECK_FUZZ_TARGETS)
        vmacheck_instrumented(vmacheck_model_instrumented model -fsanitize=fuzzer-no-link)
        foreach(target text import binary)
            vmacheck_target_program(fuzz_${target} ${target} engine vmacheck_model_instrumented)
        endforeach()
        # A system under test whose code the engine cannot see.
        vmacheck_target_program(fuzz_cases_alone program engine vmacheck_fuzz vmacheck_impl)
    endif()
endif()
