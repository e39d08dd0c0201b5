# `cmake --install build --prefix X`: the agent, what users take away, and what a module is built with.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(share ${CMAKE_INSTALL_DATADIR}/basewatch)
set(BASEWATCH_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/basewatch/modules)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/basewatch)

install(TARGETS basewatch RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Printed by the program itself, so that they cannot fall behind.
set(completion ${CMAKE_BINARY_DIR}/generated/basewatch.bash)
set(manual ${CMAKE_BINARY_DIR}/generated/basewatch.1)
add_custom_command(
  OUTPUT ${completion} ${manual}
  COMMAND basewatch completion bash > ${completion}
  COMMAND basewatch man > ${manual}
  DEPENDS basewatch
  COMMENT "Writing bash completion and manual page")
add_custom_target(completion_and_manual ALL DEPENDS ${completion} ${manual})
install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME basewatch)
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# What a module is built with (docs/modules.md).
get_property(module_headers GLOBAL PROPERTY basewatch_module_headers)
foreach(header ${module_headers})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${CMAKE_SOURCE_DIR}/${header}
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/basewatch/${folder})
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/generated/agent/plugin/module_version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/basewatch/agent/plugin)
string(REGEX REPLACE "\\..*" "" BASEWATCH_COMPILER_MAJOR ${CMAKE_CXX_COMPILER_VERSION})
configure_package_config_file(
  ${CMAKE_SOURCE_DIR}/cmake/basewatchConfig.cmake.in ${CMAKE_BINARY_DIR}/generated/basewatchConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR BASEWATCH_MODULE_DIR)
# A module fits one version and no other.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/basewatchConfigVersion.cmake
                                 COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/basewatchConfig.cmake
        ${CMAKE_BINARY_DIR}/generated/basewatchConfigVersion.cmake DESTINATION ${package_dir})
install(DIRECTORY DESTINATION ${BASEWATCH_MODULE_DIR})

# The unit names the program where it is installed, which is known only now.
install(CODE "
  file(READ \"${CMAKE_SOURCE_DIR}/deploy/systemd/basewatch.service\" unit)
  string(REPLACE /usr/bin/basewatch \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/basewatch\" unit \"\${unit}\")
  set(unit_file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/basewatch.service\")
  file(WRITE \"\${unit_file}\" \"\${unit}\")
  message(STATUS \"Installing: \${unit_file}\")")

# What users take away.
install(FILES ${CMAKE_SOURCE_DIR}/config/basewatch.yml DESTINATION ${share})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/rules ${CMAKE_SOURCE_DIR}/dashboards
        ${CMAKE_SOURCE_DIR}/alertmanager DESTINATION ${share})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy DESTINATION ${share} PATTERN systemd EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        PATTERN decisions EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md
        ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
