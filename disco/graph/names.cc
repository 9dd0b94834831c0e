// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/names.h"

namespace disco {

Names::Names(const Graph& graph) {
  for (const Value& value : graph.values) Take(value.name);
}

std::string Names::Fresh(std::string wanted) {
  std::string name = wanted;
  for (int number = 2; !taken_.insert(name).second; ++number)
    name = fmt::format("{}.{}", wanted, number);
  return name;
}

}  // namespace disco
