// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <array>
#include <cmath>

#include "disco/base/text.h"
#include "disco/cost/chart.h"

namespace disco {
namespace {

// In pixels of the drawing.
constexpr double kWidth = 860, kHeight = 460;
constexpr double kLeft = 76, kRight = 230, kTop = 56, kBottom = 64;  // margins; the legend is right
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;
constexpr double kLegendLeft = kLeft + kPlotWidth + 18;

// Told apart by colour-blind people, too (Okabe and Ito).
constexpr std::array<const char*, 7> kColours = {"#0072b2", "#e69f00", "#009e73", "#d55e00",
                                                 "#cc79a7", "#56b4e9", "#8c6d1f"};

std::string Escaped(const std::string& text) {
  const bool utf8 = IsUtf8(text);
  std::string xml;
  for (const char byte : Printable(text)) {
    switch (byte) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '"':
        xml += "&quot;";
        break;
      default:
        xml += static_cast<unsigned char>(byte) < 0x80 || utf8 ? byte : '?';
    }
  }
  return xml;
}

class SvgWriter {
 public:
  explicit SvgWriter(const Chart& chart)
      : chart_(chart), x_(LogAxis::OfX(chart)), y_(LogAxis::OfY(chart)) {}

  std::string Write() {
    svg_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
        kWidth, kHeight);
    Text(kLeft, 28, chart_.title, "font-size=\"16\" font-weight=\"bold\"");
    DrawAxes();
    DrawMark();
    for (size_t i = 0, coloured = 0; i < chart_.series.size(); ++i) {
      const Series& series = chart_.series[i];
      const char* colour = series.reference ? "#000" : kColours[coloured++ % kColours.size()];
      DrawLine(series, colour);
      DrawLegend(series, colour, LegendHeight(i));
    }
    if (!chart_.dot_label.empty()) DrawDotLegend(LegendHeight(chart_.series.size()));
    return svg_ + "</svg>\n";
  }

 private:
  double X(double value) const { return kLeft + x_.Position(value) * kPlotWidth; }
  double Y(double value) const { return kTop + (1 - y_.Position(value)) * kPlotHeight; }

  void Text(double x, double y, const std::string& text, const std::string& style) {
    svg_ +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, style, Escaped(text));
  }
  void Line(double x1, double y1, double x2, double y2, const std::string& style) {
    svg_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1,
                        y1, x2, y2, style);
  }

  void DrawAxes() {
    const double right = kLeft + kPlotWidth, bottom = kTop + kPlotHeight;
    for (const double tick : x_.Ticks()) {
      Line(X(tick), kTop, X(tick), bottom, "stroke=\"#e4e4e4\"");
      Text(X(tick), bottom + 20, fmt::format("{:g}", tick), "text-anchor=\"middle\"");
    }
    for (const double tick : y_.Ticks()) {
      Line(kLeft, Y(tick), right, Y(tick), "stroke=\"#e4e4e4\"");
      Text(kLeft - 8, Y(tick) + 4, fmt::format("{:g}", tick), "text-anchor=\"end\"");
    }
    svg_ += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n",
        kLeft, kTop, kPlotWidth, kPlotHeight);
    Text(kLeft + kPlotWidth / 2, kHeight - 20, chart_.x_label, "text-anchor=\"middle\"");
    Text(0, 0, chart_.y_label,
         fmt::format("text-anchor=\"middle\" transform=\"translate(22 {}) rotate(-90)\"",
                     kTop + kPlotHeight / 2));
  }

  void DrawMark() {
    if (!chart_.mark) return;
    Line(X(*chart_.mark), kTop, X(*chart_.mark), kTop + kPlotHeight,
         "stroke=\"#888\" stroke-dasharray=\"2 3\"");
    Text(X(*chart_.mark) + 5, kTop + 15, chart_.mark_label, "fill=\"#666\" font-size=\"12\"");
  }

  void DrawLine(const Series& series, const char* colour) {
    std::string points;
    for (size_t i = 0; i < series.y.size(); ++i)
      points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", X(chart_.x[i]), Y(series.y[i]));
    svg_ +=
        fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{} points=\"{}\"/>\n",
                    colour, series.reference ? " stroke-dasharray=\"7 4\"" : "", points);
    if (series.dot) DrawDot(series, *series.dot, colour);
  }

  // On the straight piece of the line that passes over `x`.
  void DrawDot(const Series& series, double x, const char* colour) {
    size_t next = 1;
    while (next + 1 < chart_.x.size() && chart_.x[next] < x) ++next;
    const double left = X(chart_.x[next - 1]), right = X(chart_.x[next]);
    const double share = (X(x) - left) / (right - left);
    const double y = Y(series.y[next - 1]) + share * (Y(series.y[next]) - Y(series.y[next - 1]));
    Circle(X(x), y, colour);
  }

  void Circle(double x, double y, const char* colour) {
    svg_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" fill=\"#fff\" stroke=\"{}\" "
        "stroke-width=\"2\"/>\n",
        x, y, colour);
  }

  static double LegendHeight(size_t row) { return kTop + 12 + 24 * static_cast<double>(row); }

  void DrawDotLegend(double y) {
    Circle(kLegendLeft + 14, y, "#888");
    Text(kLegendLeft + 36, y + 4, chart_.dot_label, "");
  }

  void DrawLegend(const Series& series, const char* colour, double y) {
    Line(kLegendLeft, y, kLegendLeft + 28, y,
         fmt::format("stroke=\"{}\" stroke-width=\"2\"{}", colour,
                     series.reference ? " stroke-dasharray=\"7 4\"" : ""));
    Text(kLegendLeft + 36, y + 4, series.label, "");
  }

  const Chart& chart_;
  LogAxis x_, y_;
  std::string svg_;
};

}  // namespace

std::string ChartToSvg(const Chart& chart) { return SvgWriter(chart).Write(); }

}  // namespace disco
