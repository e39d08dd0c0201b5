#pragma once

#include <string>
#include <string_view>

#include "catalog/compiler/render.h"

// Pieces of generated Markdown pages.
namespace basewatch::catalog {

// The first line of every generated page.
std::string markdown_head(std::string_view title);

// The text as code within a line, whatever backticks it holds.
std::string markdown_code(std::string_view text);

// The text as a block of code, one line a line.
std::string markdown_block(std::string_view text, std::string_view language = "");

// The text for a cell of a table: '|' is escaped, line breaks become blanks.
std::string markdown_cell(std::string_view text);

}  // namespace basewatch::catalog
