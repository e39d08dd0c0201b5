#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/plugin/exporter.h"

namespace basewatch::modules {

// A module that was loaded. It stays in memory until the process ends, and so does this.
struct Module {
  std::string file;  // as it was found
  const Plugin* plugin = nullptr;
};

// What a look into the folders of the configuration has found.
struct Look {
  struct Problem {
    std::size_t folder;  // which of those that were asked for
    std::string text;    // a sentence that names the file
  };
  std::vector<const Module*> loaded;  // in order of folder and name
  std::vector<Problem> refused;       // files, or a whole folder
  std::vector<Problem> notes;         // what is no refusal but should be known
};

// Loads what is new in these folders (files that end in .so) and names all that is there. Before
// anything of a file is run, who may change it and the tag in it are looked at; a module is refused
// without harm to the others. `builtin` are the exporters that no module may replace.
//
// Modules belong to the process: they are never unloaded, a second look finds the same ones, and a
// file that was replaced meanwhile is only noted. One look at a time; from any thread.
Look look(std::span<const std::string> folders, std::span<const Plugin* const> builtin);

}  // namespace basewatch::modules
