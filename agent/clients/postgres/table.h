#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace basewatch::clients {

// The rows that a query yielded, as text, in one arena. Plain data; tests fill it by hand.
class Table {
 public:
  std::vector<std::string> columns;
  bool truncated = false;  // there were more rows than were asked for

  std::size_t rows() const { return columns.empty() ? 0 : cells_.size() / columns.size(); }
  // Nothing for NULL.
  std::optional<std::string_view> cell(std::size_t row, std::size_t column) const {
    const auto& found = cells_[row * columns.size() + column];
    if (found.size == kNull) return std::nullopt;
    return std::string_view(arena_).substr(found.offset, found.size);
  }
  std::optional<std::size_t> find(std::string_view column) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == column) return i;
    }
    return std::nullopt;
  }

  void add(std::optional<std::string_view> text) {
    cells_.push_back({arena_.size(), text ? text->size() : kNull});
    if (text) arena_.append(*text);
  }
  std::size_t bytes() const { return arena_.size() + cells_.size() * sizeof(Cell); }

 private:
  static constexpr std::size_t kNull = static_cast<std::size_t>(-1);
  struct Cell {
    std::size_t offset, size;
  };
  std::string arena_;
  std::vector<Cell> cells_;
};

}  // namespace basewatch::clients
