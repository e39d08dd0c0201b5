#include "exporters/postgres/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "agent/base/strings.h"

namespace basewatch::postgres {
namespace {

using clients::Table;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::optional<double> number_of(std::string_view text) {
  if (text == "t") return 1;
  if (text == "f") return 0;
  if (text == "NaN") return kNan;
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return parse_double(text);
}

// What one column of the query needs of the table.
class ColumnWriter {
 public:
  ColumnWriter(const QuerySpec& query, const QueryColumn& column, const Table& table, Page& page)
      : query_(query), column_(column), table_(table), page_(page) {
    value_ = place(column.column);
    if (!value_) return;
    for (const auto label : column.metric.labels) labels_.push_back(needed(label));
    values_.resize(labels_.size());
    if (!column.field.empty()) field_ = needed(column.field);
    if (column.metric.type == MetricType::histogram) {
      buckets_ = needed(column.buckets);
      sum_ = needed(column.sum);
      count_ = needed(column.count);
    }
  }

  void write(std::size_t row) {
    if (!value_) return;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      values_[i] = table_.cell(row, labels_[i]).value_or(std::string_view());
    }
    if (column_.metric.type == MetricType::histogram) {
      write_histogram(row);
    } else if (const auto value = value_of(row, *value_, column_.column)) {
      write_value(row, *value);
    }
  }

 private:
  std::optional<std::size_t> place(std::string_view name) const {
    const auto found = table_.find(name);
    if (!found && !may_lack_columns()) fail(name, "is not among the columns of the result");
    return found;
  }
  // Another version's variant may have it; a console yields what its version knows.
  bool may_lack_columns() const {
    const bool built_in_show =
        query_.needs.server == ServerKind::pgbouncer && query_.where.empty();
    return query_.sql.size() > 1 || built_in_show;
  }
  std::size_t needed(std::string_view name) const {
    const auto found = table_.find(name);
    if (!found) fail(name, "is not among the columns of the result");
    return *found;
  }

  [[noreturn]] void fail(std::string_view name, std::string_view what) const {
    throw RowError(fmt::format("the column '{}' {}", printable(name), what));
  }

  std::optional<double> value_of(std::size_t row, std::size_t place, std::string_view name) const {
    const auto text = table_.cell(row, place);
    if (!text) {
      if (column_.null == NullRule::skip) return std::nullopt;
      return column_.null == NullRule::zero ? 0 : kNan;
    }
    const auto number = number_of(*text);
    if (!number) {
      fail(name, fmt::format("holds '{}', which is no number", printable(*text, 60)));
    }
    return number;
  }

  void write_value(std::size_t row, double value) {
    if (column_.pattern.empty()) {
      page_.add(column_.metric, value, values_);
      return;
    }
    const auto field = table_.cell(row, field_);
    if (!field || field->empty()) return;
    FamilySpec family;
    family.pattern = column_.pattern;
    auto name = family.name(*field);
    if (!is_metric_name(name)) return;  // settings of extensions may be called anything
    std::string help(column_.metric.help);
    if (const auto at = help.find(family.placeholder()); at != help.npos) {
      help.replace(at, family.placeholder().size(), *field);
    }
    auto spec = column_.metric;
    spec.name = name;
    spec.help = help;
    page_.add(spec, value, values_);
  }

  // '{1,2,5}'
  std::vector<double> array_of(std::size_t row, std::size_t place, std::string_view name) const {
    std::vector<double> out;
    auto text = table_.cell(row, place).value_or("{}");
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
      fail(name, "is no array of numbers");
    }
    text = text.substr(1, text.size() - 2);
    if (text.empty()) return out;
    for (const auto item : split(text, ',')) {
      const auto number = number_of(item);
      if (!number || std::isnan(*number)) fail(name, "is no array of numbers");
      out.push_back(*number);
    }
    return out;
  }

  void write_histogram(std::size_t row) {
    const auto bounds = array_of(row, *value_, column_.column);
    auto counts = array_of(row, buckets_, column_.buckets);
    if (bounds.size() != counts.size() || !std::is_sorted(bounds.begin(), bounds.end())) {
      fail(column_.column, "and its buckets must be ascending arrays of one length");
    }
    counts.push_back(value_of(row, count_, column_.count).value_or(0));
    if (!std::is_sorted(counts.begin(), counts.end())) {
      fail(column_.buckets, "must count cumulatively, up to 'count'");
    }
    page_.add_histogram(column_.metric,
                        {bounds, counts, value_of(row, sum_, column_.sum).value_or(0)}, values_);
  }

  const QuerySpec& query_;
  const QueryColumn& column_;
  const Table& table_;
  Page& page_;
  std::optional<std::size_t> value_;
  std::vector<std::size_t> labels_;
  std::size_t field_ = 0, buckets_ = 0, sum_ = 0, count_ = 0;
  std::vector<std::string_view> values_;
};

}  // namespace

void add_rows(const QuerySpec& query, const Table& table, Page& page) {
  if (table.rows() == 0) return;
  for (const auto& column : query.columns) {  // a family after the other, as they stand on the page
    ColumnWriter writer(query, column, table, page);
    for (std::size_t row = 0; row < table.rows(); ++row) writer.write(row);
  }
}

}  // namespace basewatch::postgres
