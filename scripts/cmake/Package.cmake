# SPDX-License-Identifier: GPL-3.0-or-later
# The target 'package': scripts/package builds from debian/ and rpm/ in a clean copy of the source.
set(xenmm_package_kinds "")
if(DEB)
  list(APPEND xenmm_package_kinds --deb)
endif()
if(RPM)
  list(APPEND xenmm_package_kinds --rpm)
endif()
if(ONLY_CLIENT)
  list(APPEND xenmm_package_kinds --only-client)
endif()
if(NOT SOCK)
  list(APPEND xenmm_package_kinds --no-sock)
endif()

if(DEB OR RPM)
  add_custom_target(package
    COMMAND "${PROJECT_SOURCE_DIR}/scripts/package" ${xenmm_package_kinds}
      --output "${CMAKE_BINARY_DIR}/packages" -- -DTAX_RATE=${TAX_RATE}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building packages into ${CMAKE_BINARY_DIR}/packages"
    USES_TERMINAL VERBATIM)
else()
  add_custom_target(package
    COMMAND "${CMAKE_COMMAND}" -E echo "no kind of package chosen: configure with -DDEB=ON or -DRPM=ON"
    COMMAND "${CMAKE_COMMAND}" -E false
    VERBATIM)
endif()
