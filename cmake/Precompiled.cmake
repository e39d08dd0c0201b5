# Headers of the standard library, fmt and doctest, parsed once: of a file's compile time they are more
# than half. Only headers of the system stand here, so that no change of ours compiles everything anew.
# Every file includes what it uses all the same; `./dev soak` builds without this to prove it.
option(BASEWATCH_PRECOMPILE "Parse the headers of the standard library once" ON)

if(NOT BASEWATCH_PRECOMPILE)
  function(basewatch_precompiled)
  endfunction()
  return()
endif()

# gcc takes a precompiled header only where it was made with the same options, hence two: a library is
# compiled with -fPIC, a program with -fPIE.
function(basewatch_precompile name)
  target_link_libraries(${name} PRIVATE fmt::fmt Threads::Threads)
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <atomic> <charconv> <chrono> <cmath>
    <condition_variable> <cstdint> <cstring> <filesystem> <fstream> <functional> <map> <memory> <mutex>
    <optional> <set> <span> <sstream> <stdexcept> <string> <string_view> <thread> <utility> <vector>
    <fmt/format.h> ${ARGN})
endfunction()
if(CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # ccache asks for both; without the second it would compile every file every time.
  add_compile_options(-fpch-preprocess)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
file(WRITE ${CMAKE_BINARY_DIR}/generated/precompiled.cc "// Only the precompiled headers.\n")
add_library(precompiled OBJECT ${CMAKE_BINARY_DIR}/generated/precompiled.cc)
basewatch_precompile(precompiled)
add_library(precompiled_tests OBJECT ${CMAKE_BINARY_DIR}/generated/precompiled.cc)
set_target_properties(precompiled_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_options(precompiled_tests PRIVATE -fPIE ${BASEWATCH_TEST_OPTIONS})
basewatch_precompile(precompiled_tests <doctest/doctest.h> <future>)

# basewatch_precompiled(target precompiled|precompiled_tests)
function(basewatch_precompiled target headers)
  target_precompile_headers(${target} REUSE_FROM ${headers})
  if(headers STREQUAL precompiled_tests AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # gcc 12 forgets which code is the library's own, and warns of "a" + std::string().
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overread
                           -Wno-stringop-overflow)
  endif()
endfunction()
