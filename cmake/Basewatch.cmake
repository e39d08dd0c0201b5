# The four kinds of targets of this project.

# basewatch_library(name [SEPARATE] DEPS a b): a static library of every .cc file in the current folder.
function(basewatch_library name)
  cmake_parse_arguments(arg "SEPARATE" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(excluded ${arg_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${excluded})
  endforeach()
  add_library(basewatch_${name} STATIC ${sources})
  basewatch_precompiled(basewatch_${name} precompiled)
  if(NOT arg_SEPARATE)
    basewatch_together(basewatch_${name})
  endif()
  target_link_libraries(basewatch_${name} PUBLIC ${arg_DEPS})
endfunction()

# basewatch_exporter(name [SEPARATE] DEPS a b): the exporter in exporters/<name>, linked in and listed. Its folder
# defines the constant `basewatch::<name>::plugin`; its descriptors come from catalog/<name>.
function(basewatch_exporter name)
  cmake_parse_arguments(arg "SEPARATE" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.cc)
  add_library(basewatch_exporter_${name} STATIC ${sources})
  basewatch_precompiled(basewatch_exporter_${name} precompiled)
  if(NOT arg_SEPARATE)
    basewatch_together(basewatch_exporter_${name})
  endif()
  target_link_libraries(basewatch_exporter_${name}
                        PUBLIC basewatch_plugin basewatch_descriptors ${arg_DEPS})
  set_property(GLOBAL APPEND PROPERTY basewatch_exporters ${name})
endfunction()

# basewatch_test(name FILES a_test.cc DEPS x LABEL unit [GOLDEN] [TOGETHER]): a doctest program and its
# CTest entry; GOLDEN when it has files that `./dev test --accept` writes anew, TOGETHER when the names
# within its files do not meet; SPLIT n when its first n tests run beside the rest, because sanitizers
# make them slow.
function(basewatch_test name)
  cmake_parse_arguments(arg "GOLDEN;TOGETHER" "LABEL;SPLIT" "FILES;DEPS" ${ARGN})
  add_executable(test_${name} ${arg_FILES} $<TARGET_OBJECTS:doctest_main>)
  basewatch_precompiled(test_${name} precompiled_tests)
  if(arg_TOGETHER)
    basewatch_together(test_${name})
  endif()
  target_link_libraries(test_${name} PRIVATE ${arg_DEPS})
  target_compile_definitions(test_${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(test_${name} PRIVATE ${BASEWATCH_TEST_OPTIONS})
  add_dependencies(sanitized_tests test_${name})
  set(tests ${arg_LABEL}_${name})
  if(arg_SPLIT)
    math(EXPR next "${arg_SPLIT} + 1")
    add_test(NAME ${tests} COMMAND test_${name} --last=${arg_SPLIT})
    add_test(NAME ${tests}_rest COMMAND test_${name} --first=${next})
    list(APPEND tests ${tests}_rest)
  else()
    add_test(NAME ${tests} COMMAND test_${name})
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 480)
  if(arg_GOLDEN)
    set_property(TEST ${tests} APPEND PROPERTY LABELS golden)
  endif()
endfunction()
