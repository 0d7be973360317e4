# SPDX-License-Identifier: MIT
#
# The shared libraries, and what others need to find them.

include(CMakePackageConfigHelpers)

# tt_library(NAME DESCRIPTION FOLDERS FOLDER... [REQUIRES NAME...])
#
# Makes the library twintap::NAME: libtwintap-NAME.so, or libtwintap.so for NAME twintap. It
# exports what its map at the root names. REQUIRES are libraries whose functions its callers
# use with it: they come along in pkg-config and in CMake.
function(tt_library NAME DESCRIPTION)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "FOLDERS;REQUIRES")
    set(target tt_library_${NAME})
    tt_library_output_name(output ${NAME})
    set(map ${PROJECT_SOURCE_DIR}/${output}.map)

    add_library(${target} SHARED)
    add_library(twintap::${NAME} ALIAS ${target})
    list(TRANSFORM arg_FOLDERS PREPEND tt_ OUTPUT_VARIABLE folders)
    list(TRANSFORM arg_REQUIRES PREPEND tt_library_ OUTPUT_VARIABLE libraries)
    target_link_libraries(${target} PRIVATE ${folders} PUBLIC ${libraries})
    target_include_directories(${target} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    # What a shared folder has and this library does not use is left out.
    target_link_options(${target} PRIVATE LINKER:--version-script=${map} LINKER:--gc-sections
        ${TT_LTO_LINK})
    if(NOT TT_SANITIZE)
        # clang links the sanitizers' runtime into executables only.
        target_link_options(${target} PRIVATE LINKER:--no-undefined)
    endif()
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output} EXPORT_NAME ${NAME}
        VERSION ${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS ${map})
    install(TARGETS ${target} EXPORT twintap-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

    set(requires "")
    foreach(required IN LISTS arg_REQUIRES)
        tt_library_output_name(required_output ${required})
        string(APPEND requires " ${required_output}")
    endforeach()
    # Relative, so that the installed tree can be moved.
    file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/library.pc.in ${output}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${output}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

function(tt_library_output_name VARIABLE NAME)
    if(NAME STREQUAL "twintap")
        set(${VARIABLE} twintap PARENT_SCOPE)
    else()
        set(${VARIABLE} twintap-${NAME} PARENT_SCOPE)
    endif()
endfunction()

# Installs the CMake package of all libraries, for find_package(twintap).
function(tt_install_package)
    set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/twintap)
    install(EXPORT twintap-targets NAMESPACE twintap:: FILE twintap-config.cmake DESTINATION ${folder})
    # Before 1.0 a new minor version may break callers.
    write_basic_package_version_file(twintap-config-version.cmake COMPATIBILITY SameMinorVersion)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/twintap-config-version.cmake DESTINATION ${folder})
endfunction()
