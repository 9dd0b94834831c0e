// SPDX-License-Identifier: Apache-2.0
#include "disco/data/metric.h"

#include <fmt/format.h>

namespace disco {

std::string ToString(const Metric& metric, double value) {
  return fmt::format("{} {}", metric.name, metric.text(value));
}

}  // namespace disco
