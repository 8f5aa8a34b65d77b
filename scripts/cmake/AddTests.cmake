# SPDX-License-Identifier: GPL-3.0-or-later
# One helper per kind of test; each sets LABELS, TIMEOUT and SKIP_RETURN_CODE.

# xenmm_test_properties(NAME LABEL TIMEOUT)
function(xenmm_test_properties name label timeout)
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77)
endfunction()

# xenmm_add_unit_test(NAME LIBRARY...): tests/<kind>/test_NAME.c with cmocka, label = folder name.
function(xenmm_add_unit_test name)
  get_filename_component(label "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  add_executable(test_${name} test_${name}.c)
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(test_${name} PRIVATE ${ARGN} xenmm_flags PkgConfig::CMOCKA)
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${label}.${name} COMMAND test_${name})
  xenmm_test_properties(${label}.${name} ${label} 120)
endfunction()

# xenmm_add_script_test(NAME COMMAND...): a script as a test, label = folder name.
function(xenmm_add_script_test name)
  get_filename_component(label "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  add_test(NAME ${label}.${name} COMMAND ${ARGN})
  xenmm_test_properties(${label}.${name} ${label} 120)
  set_property(TEST ${label}.${name} PROPERTY ENVIRONMENT
    "XENMM_BUILD=${CMAKE_BINARY_DIR};XENMM_BIN=${CMAKE_BINARY_DIR}/bin;XENMM_SOURCE=${PROJECT_SOURCE_DIR}")
endfunction()
