#include "agent/modules/tag.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <link.h>

#include <cstring>
#include <string>

#include "agent/modules/plugin_check.h"
#include "agent/modules/symbol_error.h"

namespace basewatch::modules {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);

// A shared object of nothing but a header, the tag and the names of its sections.
struct File {
  Header header{};
  Section sections[3] = {};
  ModuleTag tag = kModuleTag;
  std::string names = std::string("\0.basewatch.module\0.shstrtab\0", 29);

  File() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    const std::uint16_t one = 1;
    header.e_ident[EI_DATA] = *reinterpret_cast<const char*>(&one) ? ELFDATA2LSB : ELFDATA2MSB;
    header.e_type = ET_DYN;
#if defined(__x86_64__)
    header.e_machine = EM_X86_64;
#elif defined(__aarch64__)
    header.e_machine = EM_AARCH64;
#endif
    header.e_shoff = sizeof header;
    header.e_shentsize = sizeof(Section);
    header.e_shnum = 3;
    header.e_shstrndx = 2;
    sections[1] = {};
    sections[1].sh_name = 1;
    sections[1].sh_type = SHT_PROGBITS;
    sections[1].sh_offset = sizeof header + sizeof sections;
    sections[1].sh_size = sizeof tag;
    sections[2].sh_name = 19;
    sections[2].sh_type = SHT_STRTAB;
    sections[2].sh_offset = sections[1].sh_offset + sizeof tag;
    sections[2].sh_size = names.size();
  }

  std::string bytes() const {
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out.append(reinterpret_cast<const char*>(sections), sizeof sections);
    out.append(reinterpret_cast<const char*>(&tag), sizeof tag);
    return out + names;
  }
};

Found read(const std::string& bytes) {
  return read_tag([&](std::uint64_t offset, void* to, std::size_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset) return false;
    std::memcpy(to, bytes.data() + offset, size);
    return true;
  });
}

bool says(const std::string& problem, std::string_view words) {
  return problem.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("the tag of a module is read out of its file") {
  const File file;
  const auto found = read(file.bytes());
  CHECK(found.problem == "");
  REQUIRE(found.tag);
  CHECK(mismatch(*found.tag) == "");
}

TEST_CASE("what is no module is said to be none, wherever it ends") {
  const auto whole = File().bytes();
  const auto needed = whole.find(".shstrtab");
  for (std::size_t size = 0; size < needed; ++size) {
    const auto found = read(whole.substr(0, size));
    CHECK(!found.tag);
    CHECK(found.problem != "");
  }
  const auto problem = [](auto spoil) {
    File file;
    spoil(file);
    const auto found = read(file.bytes());
    CHECK(!found.tag);
    return found.problem;
  };
  CHECK(says(problem([](File& f) { f.header.e_ident[1] = 'e'; }), "is no shared library"));
  CHECK(says(problem([](File& f) { f.header.e_type = ET_EXEC; }), "is no shared library"));
  CHECK(
      says(problem([](File& f) { f.header.e_ident[EI_CLASS] ^= 3; }), "another kind of processor"));
  CHECK(says(problem([](File& f) { f.header.e_machine = EM_MIPS; }), "another kind of processor"));
  CHECK(says(problem([](File& f) { f.names[3] = 'X'; }), "no basewatch module"));
  CHECK(says(problem([](File& f) { f.header.e_shoff = 0; }), "no basewatch module"));
  CHECK(says(problem([](File& f) { f.header.e_shoff = ~0ull; }), "section table"));
  CHECK(says(problem([](File& f) { f.header.e_shnum = 20'000; }), "section table"));
  CHECK(says(problem([](File& f) { f.header.e_shstrndx = 9; }), "section table"));
  CHECK(says(problem([](File& f) { f.header.e_shentsize = 1; }), "section table"));
  CHECK(says(problem([](File& f) { f.sections[2].sh_offset = ~0ull - 4; }), "no basewatch module"));
  CHECK(says(problem([](File& f) { f.sections[1].sh_size = 8; }), "cannot be read"));
  CHECK(says(problem([](File& f) { f.sections[1].sh_offset = 1u << 30; }), "cannot be read"));
  CHECK(says(problem([](File& f) { f.sections[1].sh_type = SHT_NOBITS; }), "cannot be read"));
  CHECK(says(problem([](File& f) { f.tag.magic[0] = 'B'; }), "cannot be read"));
  CHECK(says(problem([](File& f) { f.tag.size = 1'000'000; }), "cannot be read"));
}

TEST_CASE("a tag from another time is longer or shorter, and tells its version all the same") {
  File file;
  file.tag.version = {0, 0, 9};
  file.tag.size = file.sections[1].sh_size = 40;
  auto found = read(file.bytes());
  REQUIRE(found.tag);
  CHECK(says(mismatch(*found.tag), "built for basewatch 0.0.9, and this is the newer"));
  file.tag.version = {99, 0, 0};
  file.names.insert(0, 64, '\0');  // what a newer tag has more
  file.sections[2].sh_name += 64, file.sections[1].sh_name += 64;
  file.sections[2].sh_size = file.names.size();
  file.tag.size = file.sections[1].sh_size = sizeof file.tag + 64;
  found = read(file.bytes());
  REQUIRE(found.tag);
  CHECK(says(mismatch(*found.tag), "built for basewatch 99.0.0, and this is the older"));
}

TEST_CASE("every difference is refused with its own sentence") {
  const auto told = [](auto change) {
    auto theirs = kModuleTag;
    change(theirs);
    return mismatch(theirs);
  };
  CHECK(says(told([](ModuleTag& t) { t.headers ^= 1; }), "against other headers"));
  CHECK(says(told([](ModuleTag& t) { t.compiler = 7; }), "compiled by another compiler"));
  CHECK(says(told([](ModuleTag& t) { t.compiler_major += 1; }), "use the same compiler"));
  CHECK(says(told([](ModuleTag& t) { t.cxx_library = 0; }), "another C++ library than libstdc++"));
  CHECK(says(told([](ModuleTag& t) { t.cxx11_abi ^= 1; }), "_GLIBCXX_USE_CXX11_ABI"));
  CHECK(says(told([](ModuleTag& t) { t.debug_library ^= 1; }), "in debug mode"));
  CHECK(says(told([](ModuleTag& t) { t.sanitizers ^= 2; }), "thread sanitizer"));
  for (std::size_t i = 0; i < kModuleTypes.size(); ++i) {
    CHECK(says(told([&](ModuleTag& t) { t.sizes[i] += 8; }), kModuleTypes[i]));
  }
}

TEST_CASE("a missing symbol is told by the name in the source") {
  CHECK(says(load_problem("/x/y.so: undefined symbol: _ZN9basewatch4Page4sealEv"),
             "needs basewatch::Page::seal(), which neither"));
  CHECK(says(load_problem("/x/y.so: undefined symbol: pow2, version X"), "needs pow2, which"));
  CHECK(load_problem("libz.so.9: cannot open shared object file") ==
        "cannot be loaded: libz.so.9: cannot open shared object file");
  CHECK(load_problem(nullptr) == "cannot be loaded: ");
}

TEST_CASE("a plugin has to describe itself") {
  const auto create = [](const Settings&) { return std::unique_ptr<Exporter>(); };
  Plugin plugin{.name = "good",
                .summary = "",
                .default_job = "good",
                .host_wide = false,
                .single = false,
                .options = {},
                .create = create};
  CHECK(plugin_problem(plugin) == "");
  for (const auto* name : {"", "Bad", "a b", "a/b", "a\"b"}) {
    plugin.name = name;
    CHECK(says(plugin_problem(plugin), "no name"));
  }
  plugin.name = "good";
  plugin.default_job = "";
  CHECK(says(plugin_problem(plugin), "default_job"));
  plugin.default_job = "good";
  for (const auto* name : {"", "Bad", "job", "labels.x", "collectors"}) {
    const Option options[] = {{name, OptionType::flag, "false", ""}};
    plugin.options = options;
    CHECK(says(plugin_problem(plugin), "has an option"));
  }
  const Option twice[] = {{"a", OptionType::flag, "false", ""},
                          {"a", OptionType::flag, "false", ""}};
  plugin.options = twice;
  CHECK(says(plugin_problem(plugin), "has an option"));
}

}  // namespace basewatch::modules
