# SPDX-License-Identifier: GPL-3.0-or-later
# A wrong value of an option ends the configuration with one line that names the value and what is allowed.
function(xenmm_check_bool name)
  string(TOUPPER "${${name}}" value)
  if(NOT value MATCHES "^(ON|OFF|YES|NO|TRUE|FALSE|1|0)$")
    message(FATAL_ERROR "${name}=${${name}}: must be ON or OFF")
  endif()
endfunction()

foreach(option ONLY_CLIENT XENMM_WITH_XEN DEB RPM SOCK XENMM_TESTS XENMM_FUZZ XENMM_WERROR)
  xenmm_check_bool(${option})
endforeach()

if(TAX_RATE STREQUAL "AUTO")
  set(XENMM_TAX_RATE "AUTO")
elseif(TAX_RATE MATCHES "^(0(\\.[0-9]+)?|1(\\.0+)?)$")
  set(XENMM_TAX_RATE "${TAX_RATE}")
else()
  message(FATAL_ERROR "TAX_RATE=${TAX_RATE}: must be AUTO or a number from 0.0 to 1.0")
endif()

if(ONLY_CLIENT AND NOT XENMM_WITH_XEN)
  message(FATAL_ERROR "ONLY_CLIENT=ON needs XENMM_WITH_XEN=ON: mmclient writes to xenstore")
endif()
