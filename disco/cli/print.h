// SPDX-License-Identifier: Apache-2.0
// Figures for people: tables whose columns line up. Thread rule: one thread.
#pragma once

#include <string>
#include <vector>

namespace disco {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // First column to the left, the others to the right, a line under the header.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// To stdout, with a newline.
void PrintLine(const std::string& text);

std::string Percent(double share);

// The middle one of `times`; 0 of none.
double Median(std::vector<double> times);

}  // namespace disco
