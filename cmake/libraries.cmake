# Libraries by folder, and commands.

# vmacheck_library(NAME FOLDER LINKED...): the library of a folder.
function(vmacheck_library name folder)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "(/|_)main\\.cpp$|_test\\.cpp$|/fuzz/[^/]+_target\\.cpp$")
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PUBLIC ${ARGN} PRIVATE vmacheck_warnings)
endfunction()

# vmacheck_command(NAME IMPL): the command line over one of the two builds of impl.
function(vmacheck_command name impl)
    add_executable(${name} cli/main.cpp)
    target_link_libraries(${name} PRIVATE vmacheck_cli ${impl} vmacheck_warnings)
    if(NOT name STREQUAL "vmacheck")
        set_target_properties(${name} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
    endif()
    install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()
