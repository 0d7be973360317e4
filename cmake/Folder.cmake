# SPDX-License-Identifier: MIT
#
# tt_folder(NAME SOURCE...) makes one object library tt_NAME of a folder's files.
# What it may include is in layers.txt; scripts/check-layers holds it to that. The global
# property TT_FOLDERS lists what was made, for the tests, which link all of it.

add_library(tt_flags INTERFACE)
target_include_directories(tt_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(tt_flags INTERFACE _GNU_SOURCE TT_VERSION="${PROJECT_VERSION}")
target_compile_options(tt_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C>:
    -Wall -Wextra -Werror
    -Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wcast-qual
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wformat=2 -Wnull-dereference -Wconversion -Wno-sign-conversion
    -Wswitch-enum -Wimplicit-fallthrough
    -fno-common -fno-strict-aliasing -fstack-protector-strong -fstack-clash-protection
    -ffunction-sections -fdata-sections
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op>
    $<$<C_COMPILER_ID:Clang>:-Wthread-safety -Wunreachable-code>>)
if(NOT TT_SANITIZE)
    # Sanitizers redefine the checked functions; unoptimised code cannot have them.
    target_compile_options(tt_flags INTERFACE $<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()

# What is installed is optimised as a whole: a datagram's way leads through many files. The
# objects have ordinary code as well, which tests are linked from: they replace functions.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT TT_SANITIZE)
    target_compile_options(tt_flags INTERFACE
        $<$<AND:$<COMPILE_LANGUAGE:C>,$<CONFIG:RelWithDebInfo>>:-flto=auto -ffat-lto-objects>)
    set(TT_LTO_LINK $<$<CONFIG:RelWithDebInfo>:-flto=auto>)
    add_link_options("$<$<AND:$<CONFIG:RelWithDebInfo>,$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>>:-fno-lto;-fno-use-linker-plugin>")
endif()

function(tt_folder NAME)
    list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/${NAME}/ OUTPUT_VARIABLE sources)
    add_library(tt_${NAME} OBJECT ${sources})
    target_link_libraries(tt_${NAME} PUBLIC tt_flags)
    set_property(GLOBAL APPEND PROPERTY TT_FOLDERS tt_${NAME})
endfunction()
