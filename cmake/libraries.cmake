# Libraries by folder, and commands.

# Sets `out` to the keyword under which the properties of `library` reach those who link it. A folder
# without sources is an interface library, and then the keyword is INTERFACE.
function(vmacheck_usage library out)
    get_target_property(type ${library} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        set(${out} INTERFACE PARENT_SCOPE)
    else()
        set(${out} PUBLIC PARENT_SCOPE)
    endif()
endfunction()

# vmacheck_library(NAME FOLDER LINKED...): the library of a folder; it may have no sources yet.
function(vmacheck_library name folder)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "(/|_)main\\.cpp$|_test\\.cpp$|/fuzz/[^/]+_target\\.cpp$")
    if(sources)
        add_library(${name} STATIC ${sources})
        target_link_libraries(${name} PRIVATE vmacheck_warnings)
    else()
        add_library(${name} INTERFACE)
    endif()
    vmacheck_usage(${name} usage)
    target_include_directories(${name} ${usage} "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} ${usage} ${ARGN})
endfunction()

# vmacheck_command(NAME LIBRARY): the command line over one of the two builds of impl.
function(vmacheck_command name library)
    file(GLOB main CONFIGURE_DEPENDS cli/main.cpp)
    if(NOT main)
        message(STATUS "There is no cli/main.cpp: ${name} is not built.")
        return()
    endif()
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${library} vmacheck_warnings)
    if(NOT name STREQUAL "vmacheck")
        set_target_properties(${name} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
    endif()
    install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()
