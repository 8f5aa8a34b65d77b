# SPDX-License-Identifier: GPL-3.0-or-later
# Warnings and hardening, carried by one INTERFACE target that every room links.
add_library(xenmm_flags INTERFACE)
target_include_directories(xenmm_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(xenmm_flags INTERFACE _GNU_SOURCE XENMM_VERSION="${PROJECT_VERSION}")
# -Wno-sign-conversion: -Wconversion brings it in with clang only, and both compilers shall agree. The
# prefix maps keep the folder of the build out of the programs: the same source gives the same bytes.
target_compile_options(xenmm_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wformat=2 -Wvla
  -Wstrict-prototypes -Wundef -Wpointer-arith -Wno-sign-conversion
  -fstack-protector-strong
  "-ffile-prefix-map=${PROJECT_BINARY_DIR}=build" "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
if(XENMM_WERROR)
  target_compile_options(xenmm_flags INTERFACE -Werror)
endif()
if(XENMM_SANITIZE)
  target_compile_options(xenmm_flags INTERFACE
    -fsanitize=${XENMM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(xenmm_flags INTERFACE -fsanitize=${XENMM_SANITIZE})
endif()
if(XENMM_FUZZ)
  target_compile_options(xenmm_flags INTERFACE -fsanitize=fuzzer-no-link) # so that the fuzzer sees the paths taken
endif()
if(XENMM_COVERAGE)
  target_compile_options(xenmm_flags INTERFACE --coverage -O0)
  target_link_options(xenmm_flags INTERFACE --coverage)
endif()
