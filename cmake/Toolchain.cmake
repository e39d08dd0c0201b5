# Compiler, flags and presets' switches; nothing about the project's own targets.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# -g1: line numbers and function names are what a backtrace needs; full debug info doubles the link
# time.
set(BASEWATCH_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")
if(BASEWATCH_SANITIZE STREQUAL "thread")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
elseif(BASEWATCH_SANITIZE)  # optimizing the checks takes longer than running them
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0 -g1")
else()
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
endif()
# What a test program itself is compiled with, after the rest: to optimize its checks takes longer than they run.
# What is tested stays as it is delivered.
set(BASEWATCH_TEST_OPTIONS -O0 -U_FORTIFY_SOURCE)
option(BASEWATCH_FUZZ "Instrument the code so that the fuzzers see which way an input takes" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow=local -Wnon-virtual-dtor
                    -fno-omit-frame-pointer -pthread)
if(BASEWATCH_FUZZ)  # tests/fuzz/driver.cc learns from it which inputs take a new way
  add_compile_options(-fsanitize-coverage=trace-pc)
endif()

if(BASEWATCH_SANITIZE)
  add_compile_options(-fsanitize=${BASEWATCH_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BASEWATCH_SANITIZE})
else()
  # Hardening; _FORTIFY_SOURCE hides errors from the sanitizers, so it is only here.
  add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
                      -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now -pie)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
    add_compile_options(-fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
