#include "agent/modules/tag.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace basewatch::modules {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);

constexpr std::size_t kMostSections = 10'000;
constexpr std::size_t kFixedPart = offsetof(ModuleTag, headers);

constexpr unsigned char own_class() {
  return sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
}
constexpr unsigned char own_order() {
  return std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
}
constexpr int own_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#elif defined(__riscv)
  return EM_RISCV;
#elif defined(__powerpc64__)
  return EM_PPC64;
#elif defined(__s390x__)
  return EM_S390;
#else
  return EM_NONE;  // not compared
#endif
}

constexpr auto kNoModule =
    "is a shared library but no basewatch module: it has no tag, so its code was not touched";
constexpr auto kDamaged = "is a shared library whose section table cannot be read";

std::string header_problem(const Header& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "is no shared library";
  if (header.e_ident[EI_CLASS] != own_class() || header.e_ident[EI_DATA] != own_order() ||
      (own_machine() != EM_NONE && header.e_machine != own_machine())) {
    return "is built for another kind of processor than this agent";
  }
  if (header.e_type != ET_DYN) return "is no shared library";
  if (header.e_shoff == 0 || header.e_shnum == 0) return kNoModule;
  if (header.e_shentsize != sizeof(Section) || header.e_shnum > kMostSections ||
      header.e_shstrndx >= header.e_shnum) {
    return kDamaged;
  }
  return {};
}

// Whether the section's name is the one that we look for, compared in place.
bool is_called(const ReadAt& read_at, const Section& names, const Section& section) {
  constexpr std::string_view kName = BASEWATCH_MODULE_SECTION;
  char name[kName.size() + 1];
  if (section.sh_name > names.sh_size || names.sh_size - section.sh_name < sizeof name)
    return false;
  if (names.sh_offset + section.sh_name < names.sh_offset) return false;
  return read_at(names.sh_offset + section.sh_name, name, sizeof name) &&
         std::memcmp(name, kName.data(), kName.size()) == 0 && name[kName.size()] == '\0';
}

Found tag_in(const ReadAt& read_at, const Section& section) {
  ModuleTag tag{};
  const auto size = std::min<std::uint64_t>(section.sh_size, sizeof tag);
  if (section.sh_type == SHT_NOBITS || size < kFixedPart ||
      !read_at(section.sh_offset, &tag, size) || tag.magic != kModuleMagic ||
      tag.size < kFixedPart || tag.size > section.sh_size) {
    return {{}, "has a module tag that cannot be read: build it anew"};
  }
  return {tag, {}};
}

std::string version_text(const std::array<std::uint32_t, 3>& version) {
  return fmt::format("{}.{}.{}", version[0], version[1], version[2]);
}

std::string compiler_text(const ModuleTag& tag) {
  const auto* name = tag.compiler == 1 ? "gcc" : tag.compiler == 2 ? "clang" : "another compiler";
  return fmt::format("{} {}", name, tag.compiler_major);
}

std::string sanitizers_text(std::uint32_t bits) {
  if (bits == 0) return "without sanitizers";
  return fmt::format("with{}{}", bits & 1 ? " the address sanitizer" : "",
                     bits & 2 ? " the thread sanitizer" : "");
}

std::string library_text(const ModuleTag& tag) {
  if (tag.cxx_library == 0) return "another C++ library than libstdc++";
  return fmt::format("libstdc++ {}{}{}", tag.cxx_library, tag.cxx11_abi ? "" : " with its old strings",
                     tag.debug_library ? " in debug mode" : "");
}

std::string version_mismatch(const ModuleTag& theirs, const ModuleTag& ours) {
  const auto here = version_text(ours.version), there = version_text(theirs.version);
  if (theirs.version < ours.version) {
    return fmt::format(
        "was built for basewatch {0}, and this is the newer {1}: build the module "
        "anew against the headers of {1}",
        there, here);
  }
  if (ours.version < theirs.version) {
    return fmt::format(
        "was built for basewatch {0}, and this is the older {1}: update basewatch, "
        "or build the module against the headers of {1}",
        there, here);
  }
  return fmt::format(
      "was built against other headers of basewatch {}, from another state of its "
      "source: build it anew against those that were installed with this agent",
      here);
}

}  // namespace

Found read_tag(const ReadAt& read_at) {
  Header header;
  if (!read_at(0, &header, sizeof header)) return {{}, "is no shared library"};
  if (auto problem = header_problem(header); !problem.empty()) return {{}, std::move(problem)};
  std::vector<Section> sections(header.e_shnum);
  if (!read_at(header.e_shoff, sections.data(), sections.size() * sizeof(Section))) {
    return {{}, kDamaged};
  }
  const auto& names = sections[header.e_shstrndx];
  for (const auto& section : sections) {
    if (is_called(read_at, names, section)) return tag_in(read_at, section);
  }
  return {{}, kNoModule};
}

std::string mismatch(const ModuleTag& theirs, const ModuleTag& ours) {
  if (theirs.version != ours.version || theirs.size != ours.size ||
      theirs.headers != ours.headers) {
    return version_mismatch(theirs, ours);
  }
  if (theirs.compiler != ours.compiler || theirs.compiler_major != ours.compiler_major) {
    return fmt::format("was compiled by {}, and this agent by {}: use the same compiler",
                       compiler_text(theirs), compiler_text(ours));
  }
  if (theirs.cxx_library != ours.cxx_library || theirs.cxx11_abi != ours.cxx11_abi ||
      theirs.debug_library != ours.debug_library) {
    return fmt::format(
        "was compiled with {}, and this agent with {}: use the same library and the "
        "same settings of it (_GLIBCXX_USE_CXX11_ABI, _GLIBCXX_DEBUG)",
        library_text(theirs), library_text(ours));
  }
  if (theirs.sanitizers != ours.sanitizers) {
    return fmt::format("was compiled {}, and this agent {}: build both in the same way",
                       sanitizers_text(theirs.sanitizers), sanitizers_text(ours.sanitizers));
  }
  for (std::size_t i = 0; i < ours.sizes.size(); ++i) {
    if (theirs.sizes[i] == ours.sizes[i]) continue;
    return fmt::format(
        "lays out {} in {} bytes, and this agent in {}: build it with the flags that "
        "basewatch_module() of the installed CMake package sets",
        kModuleTypes[i], theirs.sizes[i], ours.sizes[i]);
  }
  return {};
}

}  // namespace basewatch::modules
