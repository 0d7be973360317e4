# SPDX-License-Identifier: MIT
#
# tt_bpf_skeleton(TARGET SOURCE) compiles SOURCE (NAME.bpf.c) for the kernel and
# generates NAME.skel.h, which targets that link TARGET include by its name alone.

find_program(TT_BPF_CLANG NAMES clang clang-14 REQUIRED)
find_program(TT_BPFTOOL NAMES bpftool PATHS /usr/sbin REQUIRED)

function(tt_bpf_skeleton TARGET SOURCE)
    get_filename_component(name ${SOURCE} NAME)
    string(REPLACE ".bpf.c" "" name ${name})
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${TARGET})
    set(object ${folder}/${name}.bpf.o)
    set(skeleton ${folder}/${name}.skel.h)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${object}
        COMMAND ${TT_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror
            -I${PROJECT_SOURCE_DIR} -idirafter /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE}
            -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${SOURCE} -o ${object}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${SOURCE}
        DEPFILE ${object}.d
        COMMENT "Compiling ${SOURCE} for the kernel" VERBATIM)
    add_custom_command(OUTPUT ${skeleton}
        COMMAND sh -c "\"$1\" gen skeleton \"$2\" > \"$3\"" sh ${TT_BPFTOOL} ${object} ${skeleton}
        DEPENDS ${object}
        COMMENT "Generating ${name}.skel.h" VERBATIM)
    add_custom_target(${TARGET}_generated DEPENDS ${skeleton})
    add_library(${TARGET} INTERFACE)
    add_dependencies(${TARGET} ${TARGET}_generated)
    # As a system header: the generated code is not held to our warnings.
    target_include_directories(${TARGET} SYSTEM INTERFACE ${folder})
endfunction()
