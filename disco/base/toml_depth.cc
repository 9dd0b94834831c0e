// SPDX-License-Identifier: Apache-2.0
#include "disco/base/toml_depth.h"

namespace disco {

// It knows nothing of strings and comments: a hundred open brackets are too many there, too.
Status CheckTomlDepth(std::string_view text) {
  constexpr int kMostDepth = 100, kMostDots = 200;
  int line = 1, depth = 0, dots = 0;
  for (const char byte : text) {
    if (byte == '[' || byte == '{') ++depth;
    if ((byte == ']' || byte == '}') && depth > 0) --depth;
    if (byte == '.') ++dots;
    if (depth > kMostDepth)
      return Fail(ErrorKind::kInvalid, "line {}: brackets are nested more than {} deep", line,
                  kMostDepth);
    if (dots > kMostDots)
      return Fail(ErrorKind::kInvalid, "line {}: more than {} dots in one line", line, kMostDots);
    if (byte != '\n') continue;
    ++line;
    dots = 0;
  }
  return {};
}

}  // namespace disco
