#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/plugin/exporter.h"
#include "agent/plugin/host.h"
#include "agent/plugin/module_version.h"  // written by CMake, installed with the others

// What a module includes: an exporter in a shared object that an agent loads from a folder of its
// configuration (docs/modules.md). A module is compiled against the headers of an installed
// basewatch, defines one Plugin, and ends with
//
//   BASEWATCH_MODULE(hello::plugin)
namespace basewatch {

// What has to be equal on both sides before one may call the other: plain numbers, read out of the
// file before any of its code runs. The first four fields keep their places for ever, so that every
// agent can tell who is older.
struct ModuleTag {
  std::array<char, 16> magic;
  std::uint32_t size;                    // of this struct
  std::array<std::uint32_t, 3> version;  // of the basewatch whose headers these are
  std::uint64_t headers;                 // a digest of what these headers say, without comments
  std::uint32_t compiler, compiler_major;
  std::uint32_t cxx_library;  // libstdc++'s release; zero: another library
  std::uint32_t cxx11_abi, debug_library;
  std::uint32_t sanitizers;  // bits: 1 address, 2 thread
  std::array<std::uint32_t, 16> sizes;
};

inline constexpr std::array<std::string_view, 16> kModuleTypes = {
    "Plugin",      "Option",    "Settings",    "Collector",    "CollectorResult", "Outcome",
    "Page",        "Sample",    "Family",      "MetricSpec",   "FamilySpec",      "Deadline",
    "HttpRequest", "HttpReply", "std::string", "std::function"};

constexpr std::uint32_t module_compiler() {
#if defined(__clang__)
  return 2;
#elif defined(__GNUC__)
  return 1;
#else
  return 0;
#endif
}

constexpr std::uint32_t module_compiler_major() {
#if defined(__clang__)
  return __clang_major__;
#elif defined(__GNUC__)
  return __GNUC__;
#else
  return 0;
#endif
}

constexpr std::array<std::uint32_t, 3> module_library() {  // release, C++11 ABI, debug
  std::array<std::uint32_t, 3> out{};
#ifdef _GLIBCXX_RELEASE
  out[0] = _GLIBCXX_RELEASE;
  out[1] = _GLIBCXX_USE_CXX11_ABI;
#endif
#ifdef _GLIBCXX_DEBUG
  out[2] = 1;
#endif
  return out;
}

constexpr std::uint32_t module_sanitizers() {
  std::uint32_t out = 0;
#if defined(__SANITIZE_ADDRESS__)
  out |= 1;
#endif
#if defined(__SANITIZE_THREAD__)
  out |= 2;
#endif
  return out;
}

inline constexpr std::array<char, 16> kModuleMagic = {'b', 'a', 's', 'e', 'w', 'a', 't', 'c',
                                                      'h', '-', 'm', 'o', 'd', 'u', 'l', 'e'};

// The tag of whoever compiles this.
inline constexpr ModuleTag kModuleTag = {
    kModuleMagic,
    sizeof(ModuleTag),
    BASEWATCH_MODULE_VERSION,
    BASEWATCH_MODULE_HEADERS,
    module_compiler(),
    module_compiler_major(),
    module_library()[0],
    module_library()[1],
    module_library()[2],
    module_sanitizers(),
    {sizeof(Plugin), sizeof(Option), sizeof(Settings), sizeof(Collector), sizeof(CollectorResult),
     sizeof(Outcome), sizeof(Page), sizeof(Page::Sample), sizeof(Page::Family), sizeof(MetricSpec),
     sizeof(FamilySpec), sizeof(Deadline), sizeof(HttpRequest), sizeof(HttpReply),
     sizeof(std::string), sizeof(std::function<void()>)}};

}  // namespace basewatch

// In a section of its own, where the agent finds it without loading anything.
#define BASEWATCH_MODULE_SECTION ".basewatch.module"

#define BASEWATCH_MODULE(plugin)                                                                \
  extern "C" {                                                                                  \
  __attribute__((visibility("default"), section(BASEWATCH_MODULE_SECTION), used)) extern const  \
      ::basewatch::ModuleTag basewatch_module_tag;                                              \
  const ::basewatch::ModuleTag basewatch_module_tag = ::basewatch::kModuleTag;                  \
  __attribute__((visibility("default"))) const ::basewatch::Plugin* basewatch_module_plugin();  \
  const ::basewatch::Plugin* basewatch_module_plugin() { return &(plugin); }                    \
  }                                                                                             \
  static_assert(true, "a semicolon may follow")
