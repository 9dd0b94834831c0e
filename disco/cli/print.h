// SPDX-License-Identifier: Apache-2.0
// What commands print: lines and tables for people, JSON for programs. Text for people may come
// from files and nodes: its control characters become spaces. Thread rule: one thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace disco {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row);
  // First column to the left, the others to the right, a line under the header.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// One line to stdout.
void PrintLine(const std::string& text);
// To stdout, an empty line after it.
void PrintTable(const Table& table);
// To stdout. What is not UTF-8 becomes U+FFFD. Figures that are not finite, for which JSON has no
// number, become the strings "nan", "inf" and "-inf".
void PrintJson(nlohmann::ordered_json json);
// The same in one line, which leaves at once.
void PrintJsonLine(nlohmann::ordered_json json);
// One line to stderr.
void PrintWarning(const std::string& text);

std::string Percent(double share);

// The middle one of `times`; 0 of none.
double Median(std::vector<double> times);
// The one of `times` below which a share of them lies, 0 to 1; 0 of none.
double Percentile(std::vector<double> times, double share);

}  // namespace disco
