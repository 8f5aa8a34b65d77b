# SPDX-License-Identifier: GPL-3.0-or-later
# The options, and what is wrong with them. Included before project(), so that a wrong value is answered at
# once. The first fault found is left in XENMM_STOP; CMakeLists.txt stops with it from the top level, because
# anywhere deeper CMake adds a call stack to the line.
set(XENMM_STOP "")

# xenmm_stop(TEXT...): remembers the first fault.
function(xenmm_stop)
  if(NOT XENMM_STOP)
    string(JOIN "" text ${ARGN})
    set(XENMM_STOP "${text}" PARENT_SCOPE)
  endif()
endfunction()

# xenmm_bool(NAME HELP DEFAULT): a switch that takes nothing but CMake's words for yes and no.
macro(xenmm_bool name help default)
  option(${name} "${help}" ${default})
  string(TOUPPER "${${name}}" xenmm_value)
  if(NOT xenmm_value MATCHES "^(ON|OFF|YES|NO|Y|N|TRUE|FALSE|1|0)$")
    xenmm_stop("${name}=${${name}}: must be ON or OFF")
  endif()
endmacro()

xenmm_bool(ONLY_CLIENT "Build mmclient alone (needs only libxenstore)" OFF)
xenmm_bool(XENMM_WITH_XEN "Build the Xen back end and mmclient's xenstore publisher" ON)
xenmm_bool(DEB "Build Debian packages with the target 'package'" OFF)
xenmm_bool(RPM "Build RPM packages with the target 'package'" OFF)
xenmm_bool(SOCK "Build mmserver's HTTP endpoint: page, JSON, metrics" ON)
xenmm_bool(XENMM_TESTS "Build the tests" ON)
xenmm_bool(XENMM_FUZZ "Build libFuzzer targets (clang)" OFF)
xenmm_bool(XENMM_COVERAGE "Count executed lines (for scripts/coverage)" OFF)
xenmm_bool(XENMM_WERROR "Treat warnings as errors (for developers; the presets set it)" OFF)
set(XENMM_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined")

set(TAX_RATE "0.75" CACHE STRING "Default of mmserver --tax-rate: AUTO or 0.0-1.0")
string(TOUPPER "${TAX_RATE}" XENMM_TAX_RATE)
if(NOT XENMM_TAX_RATE MATCHES "^(AUTO|0(\\.[0-9]+)?|1(\\.0+)?)$")
  xenmm_stop("TAX_RATE=${TAX_RATE}: must be AUTO or a number from 0.0 to 1.0")
endif()
string(LENGTH "${XENMM_TAX_RATE}" xenmm_length)
if(xenmm_length GREATER 8) # parts per million: six decimals, as mmserver --tax-rate takes them
  xenmm_stop("TAX_RATE=${TAX_RATE}: must have six decimals at most")
endif()

if(ONLY_CLIENT AND NOT XENMM_WITH_XEN)
  xenmm_stop("XENMM_WITH_XEN=${XENMM_WITH_XEN}: must be ON with ONLY_CLIENT=ON, because mmclient writes to xenstore")
endif()
if((DEB OR RPM) AND NOT XENMM_WITH_XEN)
  xenmm_stop("XENMM_WITH_XEN=${XENMM_WITH_XEN}: must be ON with DEB=ON or RPM=ON, because packages are for Xen")
endif()
if(XENMM_FUZZ AND NOT XENMM_SANITIZE MATCHES "address")
  xenmm_stop("XENMM_FUZZ=${XENMM_FUZZ}: needs XENMM_SANITIZE=address,undefined (use the preset 'fuzz')")
endif()
