# SPDX-License-Identifier: GPL-3.0-or-later
# What goes where on a system. Components: server (dom0), monitor (dom0, and where hosts are gathered), client (guests).

# Units: where systemd looks for those of this prefix; packages (prefix /usr) ask systemd itself.
set(xenmm_unit_default "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  pkg_get_variable(xenmm_systemd_unit_dir systemd systemdsystemunitdir)
  if(xenmm_systemd_unit_dir)
    set(xenmm_unit_default "${xenmm_systemd_unit_dir}")
  endif()
endif()
set(XENMM_UNIT_DIR "${xenmm_unit_default}" CACHE PATH "Where systemd units are installed")
set(XENMM_DEFAULT_DIR "${CMAKE_INSTALL_FULL_SYSCONFDIR}/default")
set(XENMM_INIT_DIR "${CMAKE_INSTALL_FULL_SYSCONFDIR}/init.d")

# The HTTP endpoint is the only thing that needs the network.
set(XENMM_UNIT_FAMILIES "AF_UNIX")
if(SOCK)
  set(XENMM_UNIT_FAMILIES "AF_UNIX AF_INET AF_INET6")
endif()

# xenmm_install_unit(NAME COMPONENT): scripts/NAME.service.in
function(xenmm_install_unit name component)
  configure_file("${PROJECT_SOURCE_DIR}/scripts/${name}.service.in"
    "${CMAKE_BINARY_DIR}/units/${name}.service" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/units/${name}.service"
    DESTINATION "${XENMM_UNIT_DIR}" COMPONENT ${component})
endfunction()

# xenmm_install_completion(PROGRAM COMPONENT): bash looks for a file of the program's name.
function(xenmm_install_completion program component)
  install(FILES "${PROJECT_SOURCE_DIR}/scripts/completion/xenmm.bash"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME ${program} COMPONENT ${component})
endfunction()

xenmm_install_completion(mmclient client)
install(TARGETS mmclient RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT client)
if(EXISTS "${PROJECT_SOURCE_DIR}/scripts/mmclientd.service.in")
  xenmm_install_unit(mmclientd client)
  install(PROGRAMS scripts/mmclientd DESTINATION "${XENMM_INIT_DIR}" COMPONENT client)
endif()

if(NOT ONLY_CLIENT)
  install(TARGETS mmserver mmctl RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT server)
  xenmm_install_completion(mmctl server)
  xenmm_install_completion(mmserver server)
  xenmm_install_unit(mmserver server)
  # The sample names the defaults of this build.
  set(XENMM_HTTP_DEFAULT off)
  if(SOCK)
    set(XENMM_HTTP_DEFAULT 127.0.0.1:9091)
  endif()
  configure_file(scripts/mmserver.conf.in "${CMAKE_BINARY_DIR}/etc/mmserver.conf" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/etc/mmserver.conf"
    DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/xenmm" COMPONENT server)
  # An example: the administrator links to it where libvirt is to use it.
  install(PROGRAMS scripts/libvirt-hook-libxl DESTINATION "${CMAKE_INSTALL_DATADIR}/xenmm"
    COMPONENT server)
  # For those who watch it: Prometheus' alerts, Grafana's dashboard, the shape of the JSON answers.
  install(FILES scripts/prometheus/xenmm-alerts.yml DESTINATION "${CMAKE_INSTALL_DATADIR}/xenmm/prometheus"
    COMPONENT server)
  install(FILES scripts/grafana/xenmm.json DESTINATION "${CMAKE_INSTALL_DATADIR}/xenmm/grafana"
    COMPONENT server)
  install(FILES src/web/schema/xenmm-api.schema.json DESTINATION "${CMAKE_INSTALL_DATADIR}/xenmm"
    COMPONENT server)
  install(FILES scripts/mmserver.default DESTINATION "${XENMM_DEFAULT_DIR}" RENAME mmserver
    COMPONENT server)
endif()

# Looking into guests. mmprobe is started by the others alone.
if(NOT ONLY_CLIENT)
  install(TARGETS mmps RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT monitor)
  install(TARGETS mmprobe RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/xenmm" COMPONENT monitor)
  xenmm_install_completion(mmps monitor)
endif()
if(SOCK AND NOT ONLY_CLIENT)
  install(TARGETS mmmon RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT monitor)
  xenmm_install_unit(mmmon monitor)
  xenmm_install_unit(mmmon-controller monitor)
  install(FILES scripts/mmmon.conf scripts/mmmon-controller.conf
    DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/xenmm" COMPONENT monitor)
  xenmm_install_completion(mmmon monitor)
  install(FILES src/monitor/schema/xenmm-monitor-api.schema.json DESTINATION "${CMAKE_INSTALL_DATADIR}/xenmm"
    COMPONENT monitor)
  install(FILES scripts/mmmon.default DESTINATION "${XENMM_DEFAULT_DIR}" RENAME mmmon COMPONENT monitor)
endif()
