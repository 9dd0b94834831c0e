// SPDX-License-Identifier: Apache-2.0
// Names of op types, and errors that name an op.
#pragma once

#include <optional>
#include <string_view>

#include "disco/base/result.h"
#include "disco/graph/graph.h"

namespace disco {

std::string_view Name(OpType type);
std::optional<OpType> FindOpType(std::string_view name);

// "op 'layer1.0.conv1' (Conv): <message>".
template <class... Args>
tl::unexpected<Error> OpError(const Op& op, ErrorKind kind, fmt::format_string<Args...> format,
                              Args&&... args) {
  return Fail(kind, "op '{}' ({}): {}", op.name, Name(op.type),
              fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace disco
