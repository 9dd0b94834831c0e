// SPDX-License-Identifier: Apache-2.0
// Files that may be gzip-compressed. Private to the module. Thread rule: pure. Errors: kIo, or
// kInvalid for a damaged file or one that holds more than `limit`; they name the path.
#pragma once

#include <string>

#include "disco/base/file.h"
#include "disco/base/units.h"

namespace disco {

// The content of `path`, decompressed if it begins with the mark of gzip.
Result<std::string> ReadMaybeGzip(const Path& path, Bytes limit);

}  // namespace disco
