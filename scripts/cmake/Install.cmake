# SPDX-License-Identifier: GPL-3.0-or-later
# What goes where on a system.
install(TARGETS mmclient RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT client)
if(NOT ONLY_CLIENT)
  install(TARGETS mmserver RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT server)
endif()
