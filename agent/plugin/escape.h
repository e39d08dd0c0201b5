#pragma once

#include <string>
#include <string_view>

namespace basewatch {

// Appends the text as it stands between the quotes of a label value: backslash, newline and quote
// escaped, bytes that are no UTF-8 as U+FFFD.
void append_label_value(std::string& out, std::string_view value);

// Appends the text as it stands in a HELP line: backslash and newline escaped.
void append_help(std::string& out, std::string_view help);

// The name with every character that a metric name (or label name) may not have replaced by '_';
// a character of several bytes is one '_'. A leading digit gains a '_' in front.
std::string valid_metric_name(std::string_view name);
std::string valid_label_name(std::string_view name);

}  // namespace basewatch
