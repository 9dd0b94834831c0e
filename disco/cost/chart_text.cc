// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "disco/cost/chart.h"

namespace disco {
namespace {

constexpr size_t kLabelWidth = 8;  // of the y axis

size_t Nearest(double position, size_t count) {
  const double place = std::round(position * static_cast<double>(count - 1));
  return static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(count - 1)));
}

// The line's height at a share of the x axis, between its points.
double HeightAt(const Chart& chart, const Series& series, const LogAxis& x, const LogAxis& y,
                double position) {
  size_t next = 1;
  while (next + 1 < chart.x.size() && x.Position(chart.x[next]) < position) ++next;
  const double left = x.Position(chart.x[next - 1]), right = x.Position(chart.x[next]);
  const double share = std::clamp((position - left) / (right - left), 0.0, 1.0);
  const double from = y.Position(series.y[next - 1]), to = y.Position(series.y[next]);
  return from + share * (to - from);
}

char LetterOf(const Chart& chart, size_t series) {
  if (chart.series[series].reference) return '-';
  const auto before = std::count_if(chart.series.begin(),
                                    chart.series.begin() + static_cast<std::ptrdiff_t>(series),
                                    [](const Series& other) { return !other.reference; });
  return static_cast<char>('a' + before % 26);
}

// Row 0 is the top.
std::vector<std::string> DrawLines(const Chart& chart, const TextSize& size) {
  std::vector<std::string> rows(size.rows, std::string(size.columns, ' '));
  const LogAxis x = LogAxis::OfX(chart), y = LogAxis::OfY(chart);
  if (chart.mark) {
    for (std::string& row : rows) row[Nearest(x.Position(*chart.mark), size.columns)] = ':';
  }
  for (size_t i = 0; i < chart.series.size(); ++i) {
    for (size_t column = 0; column < size.columns; ++column) {
      const double position = static_cast<double>(column) / static_cast<double>(size.columns - 1);
      const double height = HeightAt(chart, chart.series[i], x, y, position);
      rows[size.rows - 1 - Nearest(height, size.rows)][column] = LetterOf(chart, i);
    }
  }
  return rows;
}

// Of the ticks that fall into one row the one that is nearest to its middle.
std::vector<std::string> YLabels(const Chart& chart, const TextSize& size) {
  const LogAxis y = LogAxis::OfY(chart);
  std::vector<std::string> labels(size.rows);
  std::vector<double> distances(size.rows, 1);
  for (const double tick : y.Ticks()) {
    const double place = y.Position(tick) * static_cast<double>(size.rows - 1);
    const size_t row = size.rows - 1 - Nearest(y.Position(tick), size.rows);
    const double distance = std::abs(place - std::round(place));
    if (distance >= distances[row]) continue;
    distances[row] = distance;
    labels[row] = fmt::format("{:g}", tick);
  }
  return labels;
}

std::string XLabels(const Chart& chart, const TextSize& size) {
  const LogAxis x = LogAxis::OfX(chart);
  std::string line(kLabelWidth + 1 + size.columns + kLabelWidth, ' ');
  size_t free = 0;  // labels do not touch
  for (const double tick : x.Ticks()) {
    const std::string label = fmt::format("{:g}", tick);
    const size_t place = kLabelWidth + 1 + Nearest(x.Position(tick), size.columns);
    if (place < free || place + label.size() > line.size()) continue;
    line.replace(place, label.size(), label);
    free = place + label.size() + 1;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string ChartToText(const Chart& chart, const TextSize& size) {
  const std::vector<std::string> rows = DrawLines(chart, size);
  const std::vector<std::string> labels = YLabels(chart, size);
  std::string text = fmt::format("{}\n{}\n", chart.title, chart.y_label);
  for (size_t row = 0; row < size.rows; ++row)
    text += fmt::format("{:>{}}|{}|\n", labels[row], kLabelWidth, rows[row]);
  text += fmt::format("{:{}}+{:->{}}+\n", "", kLabelWidth, "", size.columns);
  text += XLabels(chart, size) + "\n";
  text += fmt::format("{:{}}{}\n", "", kLabelWidth + 1, chart.x_label);
  for (size_t i = 0; i < chart.series.size(); ++i)
    text += fmt::format("  {} {}\n", LetterOf(chart, i), chart.series[i].label);
  if (chart.mark) text += fmt::format("  : {}\n", chart.mark_label);
  return text;
}

}  // namespace disco
