// SPDX-License-Identifier: Apache-2.0
// Chart: lines over a common axis, as text for a terminal and as SVG for a page. Both axes are
// logarithmic. The SVG needs nothing from elsewhere: no fonts, scripts or styles.
//
// Thread rule: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace disco {

struct Series {
  std::string label;
  std::vector<double> y;      // one for each x, above 0
  std::optional<double> dot;  // an x at which the line is marked
  bool reference = false;     // drawn dashed, in black: what the others are compared with
};

struct Chart {
  std::string title, x_label, y_label;  // labels with their unit
  std::vector<double> x;                // ascending, above 0; at least two
  std::vector<Series> series;
  std::optional<double> mark;  // an x that gets a vertical line...
  std::string mark_label;      // ...with this beside it
  std::string dot_label;       // what a line's dot means
};

std::string ChartToSvg(const Chart& chart);

// `columns` x `rows` characters of drawing; axes and legend stand around it.
struct TextSize {
  size_t columns = 64, rows = 16;
};
std::string ChartToText(const Chart& chart, const TextSize& size);

// A logarithmic axis, for both.
class LogAxis {
 public:
  LogAxis(double low, double high);  // both above 0
  // Over what the chart's x, or its y, take up.
  static LogAxis OfX(const Chart& chart);
  static LogAxis OfY(const Chart& chart);

  double Position(double value) const;  // 0 at the low end, 1 at the high end
  // 1, 2 and 5 times powers of ten between the ends.
  std::vector<double> Ticks() const;

 private:
  double low_, high_;
};

}  // namespace disco
