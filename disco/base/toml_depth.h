// SPDX-License-Identifier: Apache-2.0
// CheckTomlDepth: refuses TOML that nests deeper, or has keys of more parts, than any file of this
// project needs, before a parser that calls itself for each level sees it. Thread rule: pure.
#pragma once

#include <string_view>

#include "disco/base/result.h"

namespace disco {

// Errors: kInvalid naming the line.
Status CheckTomlDepth(std::string_view text);

}  // namespace disco
