#pragma once

#include <string>

namespace basewatch::node {

// What an errno means, in the words in which node_exporter writes it into the label device_error:
// the C library's, beginning in lower case ("no such file or directory").
std::string error_text(int error);

}  // namespace basewatch::node
