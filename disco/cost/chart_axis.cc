// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "disco/cost/chart.h"

namespace disco {

LogAxis::LogAxis(double low, double high) : low_(low), high_(std::max(high, low * 1.001)) {}

LogAxis LogAxis::OfX(const Chart& chart) { return {chart.x.front(), chart.x.back()}; }

LogAxis LogAxis::OfY(const Chart& chart) {
  constexpr double kAir = 1.15;  // above the highest line and below the lowest
  double low = std::numeric_limits<double>::max(), high = 0;
  for (const Series& series : chart.series) {
    for (const double y : series.y) {
      low = std::min(low, y);
      high = std::max(high, y);
    }
  }
  return {low / kAir, high * kAir};
}

double LogAxis::Position(double value) const {
  return std::log(value / low_) / std::log(high_ / low_);
}

std::vector<double> LogAxis::Ticks() const {
  std::vector<double> ticks;
  for (double decade = std::pow(10, std::floor(std::log10(low_))); decade <= high_; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double tick = decade * step;
      if (tick >= low_ && tick <= high_) ticks.push_back(tick);
    }
  }
  return ticks;
}

}  // namespace disco
