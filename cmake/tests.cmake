# Everything that ctest runs. Labels say what may be left out:
#
#     unit       the tests of vmacheck_tests and vmacheck_bugs_tests, but
#     slow       those with "slow" in their names
#     command    the built command on the corpus and on generated programs
#     fuzz       the fuzz targets: on the corpus; with an engine for a short time
#     canary     the sanitizers see what they are there for (Asan builds alone)
#     hygiene    layers, formatting, the scripts                  (with VMACHECK_HYGIENE alone)
#     compilers  the core compiles with clang 14 and with libc++  (with VMACHECK_HYGIENE alone)
#     tidy       clang-tidy                                       (with VMACHECK_TIDY alone)
include(GoogleTest)

# What most tests include, compiled once. g++ does without, so that each test includes what it needs.
set(common_headers <gtest/gtest.h> <algorithm> <array> <functional> <map> <memory> <optional> <set>
    <span> <sstream> <string> <string_view> <utility> <variant> <vector>
    "${PROJECT_SOURCE_DIR}/impl/impl_target.h" "${PROJECT_SOURCE_DIR}/model/check.h"
    "${PROJECT_SOURCE_DIR}/model/text.h")

# vmacheck_gtest(NAME IMPL SOURCE...): one GoogleTest program, each of its tests a test of ctest.
function(vmacheck_gtest name impl)
    add_executable(${name} ${ARGN})
    # Each test file has a world of names of its own.
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
    # g++ 12 forgets then which headers are those of the system, and warns of their strings; and
    # coverage forgets the functions in them.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT CMAKE_BUILD_TYPE STREQUAL "Coverage")
        target_precompile_headers(${name} PRIVATE ${common_headers})
    endif()
    target_link_libraries(${name} PRIVATE vmacheck_cli ${impl} vmacheck_warnings rapidcheck_gtest
                          GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name} PRIVATE VMACHECK_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                               VMACHECK_BINARY_DIR="${PROJECT_BINARY_DIR}")
    # Tests may run the commands, so building a test builds them.
    foreach(command vmacheck vmacheck-bugs vmacheck-fuzz vmacheck-fuzz-bugs)
        if(TARGET ${command})
            add_dependencies(${name} ${command})
        endif()
    endforeach()
    # Tests are listed when ctest starts: a program that cannot even start then fails a test and not
    # the build, which would hide the others.
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES TEST_FILTER "-*slow*"
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                         PROPERTIES LABELS unit TIMEOUT 300)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES TEST_FILTER "*slow*"
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                         PROPERTIES LABELS slow TIMEOUT 1200)
endfunction()

file(GLOB test_sources CONFIGURE_DEPENDS */*_test.cpp)
set(bugs_test_sources ${test_sources})
list(FILTER test_sources EXCLUDE REGEX "/bugs_[^/]+_test\\.cpp$")
list(FILTER bugs_test_sources INCLUDE REGEX "/bugs_[^/]+_test\\.cpp$")
if(VMACHECK_UNIT_TESTS)
    vmacheck_gtest(vmacheck_tests vmacheck_impl ${test_sources})
    vmacheck_gtest(vmacheck_bugs_tests vmacheck_impl_bugs ${bugs_test_sources})
endif()

# vmacheck_script(NAME LABEL SCRIPT ARGUMENT...): a test that is a script of cmake/.
function(vmacheck_script name label script)
    add_test(NAME ${name} COMMAND sh "${PROJECT_SOURCE_DIR}/cmake/${script}" ${ARGN}
             WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 1200)
endfunction()

# The command itself, as a user runs it; under the sanitizers, too.
file(GLOB corpus CONFIGURE_DEPENDS corpus/cases/*.vma corpus/cases/*/*.vma
     corpus/traces/*.vma)
add_test(NAME command.replays_the_corpus COMMAND vmacheck replay ${corpus}
         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
add_test(NAME command.runs_clean COMMAND vmacheck run --seed 1 --programs 500
         WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
set_tests_properties(command.replays_the_corpus command.runs_clean
                     PROPERTIES LABELS command TIMEOUT 300)

# The running kernel, where a profile describes it.
add_test(NAME command.live_replays_the_corpus COMMAND vmacheck replay --target live ${corpus}
         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
add_test(NAME command.live_runs_clean
         COMMAND vmacheck run --target live --seed 1 --programs 2600 --out found-live
         WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
set_tests_properties(command.live_replays_the_corpus command.live_runs_clean
                     PROPERTIES LABELS command TIMEOUT 300 SKIP_RETURN_CODE 125)

# Without an engine every target takes every file of the corpus, whatever it holds: each is bytes.
foreach(target program text import binary)
    add_test(NAME fuzz.${target}_takes_the_corpus COMMAND replay_${target} corpus
             WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(fuzz.${target}_takes_the_corpus PROPERTIES LABELS fuzz TIMEOUT 300)
endforeach()

if(TARGET vmacheck-fuzz-bugs)
    add_test(NAME fuzz.survives_being_killed
             COMMAND sh "${PROJECT_SOURCE_DIR}/fuzz/kill_test.sh" "${PROJECT_BINARY_DIR}" 5)
    set_tests_properties(fuzz.survives_being_killed PROPERTIES LABELS fuzz TIMEOUT 300)
endif()

# With an engine each runs for a short time from the corpus. No find is kept: the input of one is
# printed with the failed test.
if(VMACHECK_FUZZ_TARGETS)
    set(seeds_of_program corpus/golden)
    set(seeds_of_text corpus/cases corpus/traces)
    set(seeds_of_import corpus/traces)
    set(seeds_of_binary corpus/golden)
    foreach(target text import binary)
        vmacheck_script(fuzz.${target}_for_a_while fuzz fuzz_briefly.sh
                        $<TARGET_FILE:fuzz_${target}> ${seeds_of_${target}})
    endforeach()
    foreach(profile canonical linux-6.12 linux-6.15 linux-6.18 linux-7.3)
        vmacheck_script(fuzz.program_for_a_while_${profile} fuzz fuzz_briefly.sh
                        $<TARGET_FILE:vmacheck-fuzz> --profile=${profile} --systematic
                        ${seeds_of_program})
    endforeach()
    vmacheck_script(fuzz.cases_guide_the_engine fuzz fuzz_guided.sh
                    $<TARGET_FILE:fuzz_cases_alone>)
    vmacheck_script(fuzz.mutator_is_not_instrumented fuzz check_uninstrumented.sh
                    $<TARGET_FILE:vmacheck_search> $<TARGET_FILE:vmacheck_fuzz>
                    $<TARGET_FILE:vmacheck_impl_instrumented>)
endif()

# A sanitizer that sees nothing is as quiet as one that is switched off. Each canary holds one
# mistake, is compiled with the flags of all the rest, and passes when the report about it appears.
if(CMAKE_BUILD_TYPE STREQUAL "Asan")
    foreach(canary "overflow|heap-buffer-overflow" "leak|LeakSanitizer: detected memory leaks"
                   "undefined|runtime error: signed integer overflow")
        string(REPLACE "|" ";" canary "${canary}")
        list(GET canary 0 mistake)
        list(GET canary 1 report)
        add_executable(sanitizer_canary_${mistake} cmake/sanitizer_canary_${mistake}.cpp)
        vmacheck_script(canary.${mistake}_is_seen canary expect_report.sh "${report}"
                        $<TARGET_FILE:sanitizer_canary_${mistake}>)
    endforeach()
endif()

# Properties of the sources; one build has to hold them, no more.
if(VMACHECK_HYGIENE)
    vmacheck_script(hygiene.layers_are_kept hygiene check_layers.sh .)
    vmacheck_script(hygiene.broken_layers_are_seen hygiene check_layers_test.sh)
    vmacheck_script(hygiene.sources_are_formatted hygiene check_format.sh .)
    vmacheck_script(compilers.core_takes_clang_14 compilers check_compiles.sh .)
    vmacheck_script(compilers.core_takes_libcxx compilers check_compiles.sh . -stdlib=libc++)
    vmacheck_script(hygiene.dev_refuses_unknown_words hygiene dev_test.sh)
    # These occupy every core by themselves.
    set_tests_properties(compilers.core_takes_clang_14 compilers.core_takes_libcxx
                         PROPERTIES PROCESSORS 2)
endif()
if(VMACHECK_TIDY)
    vmacheck_script(tidy.sources_are_clean tidy run_tidy.sh "${PROJECT_BINARY_DIR}")
    set_tests_properties(tidy.sources_are_clean PROPERTIES PROCESSORS 2)
endif()
