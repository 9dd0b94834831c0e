// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace disco {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Chart Example() {
  return {.title = "a <title> & \"more\"\x1b",
          .x_label = "bandwidth (MB/s)",
          .y_label = "time (ms)",
          .x = {1, 10, 100},
          .series = {{.label = "one node", .y = {10, 10, 10}, .reference = true},
                     {.label = "S < 1", .y = {100, 10, 1}, .dot = 10}},
          .mark = 10,
          .mark_label = "here",
          .dot_label = "equal"};
}

TEST(LogAxis, PlacesAndTicksAreLogarithmic) {
  const LogAxis axis(1, 100);
  EXPECT_DOUBLE_EQ(axis.Position(1), 0);
  EXPECT_DOUBLE_EQ(axis.Position(10), 0.5);
  EXPECT_DOUBLE_EQ(axis.Position(100), 1);
  EXPECT_THAT(axis.Ticks(), ElementsAre(1, 2, 5, 10, 20, 50, 100));
  EXPECT_THAT(LogAxis(0.3, 0.6).Ticks(), ElementsAre(0.5));
  EXPECT_TRUE(std::isfinite(LogAxis(5, 5).Position(5))) << "all lines at one height";
}

TEST(ChartSvg, EscapesItsTextAndNeedsNothingFromElsewhere) {
  const std::string svg = ChartToSvg(Example());
  EXPECT_THAT(svg, AllOf(HasSubstr("a &lt;title&gt; &amp; &quot;more&quot; </text>"),
                         HasSubstr("S &lt; 1"), HasSubstr("bandwidth (MB/s)"),
                         HasSubstr("time (ms)"), HasSubstr("here"), HasSubstr("equal")));
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("href")), Not(HasSubstr("url(")), Not(HasSubstr("\x1b"))));
}

// The line falls from the top left to the bottom right; its dot lies on the reference.
TEST(ChartSvg, DrawsLinesWhereTheyBelong) {
  const std::string svg = ChartToSvg(Example());
  const size_t line = svg.rfind("<polyline");
  std::istringstream points(svg.substr(svg.find("points=\"", line) + 8));
  double x[3], y[3];
  char comma;
  for (int i = 0; i < 3; ++i) points >> x[i] >> comma >> y[i];
  EXPECT_LT(x[0], x[1]);
  EXPECT_NEAR(x[1] - x[0], x[2] - x[1], 0.2);
  EXPECT_LT(y[0], y[1]);
  EXPECT_NEAR(y[1] - y[0], y[2] - y[1], 0.2);
  std::istringstream dot(svg.substr(svg.find("<circle cx=\"") + 12));
  double centre;
  dot >> centre;
  EXPECT_NEAR(centre, x[1], 0.2);
}

TEST(ChartText, DrawsTheSame) {
  std::istringstream text(ChartToText(Example(), {.columns = 21, .rows = 5}));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  EXPECT_THAT(std::vector(lines.begin() + 2, lines.end()),
              ElementsAre("     100|aaa       :          |", "      50|   aaaaa  :          |",
                          "      10|--------aaaaa--------|", "       2|          :  aaaaa   |",
                          "       1|          :       aaa|", "        +---------------------+",
                          "         1  2   5  10 20  50 100", "         bandwidth (MB/s)",
                          "  - one node", "  a S < 1", "  : here"));
}

}  // namespace
}  // namespace disco
