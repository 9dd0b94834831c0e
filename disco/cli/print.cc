// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/print.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "disco/base/standard_streams.h"
#include "disco/base/text.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

void SpellOutWhatIsNotFinite(Json& json) {
  for (Json& item : json) {
    if (item.is_structured()) SpellOutWhatIsNotFinite(item);
    if (!item.is_number_float()) continue;
    const double number = item.get<double>();
    if (std::isnan(number)) item = "nan";
    if (std::isinf(number)) item = number > 0 ? "inf" : "-inf";
  }
}

// `indent` -1: in one line.
std::string TextOf(Json json, int indent) {
  SpellOutWhatIsNotFinite(json);
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void Table::Add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = Printable(std::move(cell));
  rows_.push_back(std::move(row));
}

std::string Table::ToString() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::string line;
    for (size_t column = 0; column < rows_[i].size(); ++column) {
      line += column == 0 ? fmt::format("{:<{}}", rows_[i][column], widths[column])
                          : fmt::format("  {:>{}}", rows_[i][column], widths[column]);
    }
    text += line + '\n';
    if (i == 0) text += std::string(line.size(), '-') + '\n';
  }
  return text;
}

void PrintLine(const std::string& text) { PrintOutput(Printable(text) + '\n'); }

void PrintTable(const Table& table) { PrintOutput(table.ToString() + '\n'); }

void PrintJson(Json json) { PrintOutput(TextOf(std::move(json), 2) + '\n'); }

void PrintJsonLine(Json json) {
  PrintOutput(TextOf(std::move(json), -1) + '\n');
  std::fflush(stdout);
}

void PrintWarning(const std::string& text) { PrintError("warning: {}\n", Printable(text)); }

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

double Median(std::vector<double> times) { return Percentile(std::move(times), 0.5); }

double Percentile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  const auto rank = static_cast<size_t>(share * static_cast<double>(times.size()));
  const auto place = times.begin() + static_cast<std::ptrdiff_t>(std::min(rank, times.size() - 1));
  std::nth_element(times.begin(), place, times.end());
  return *place;
}

}  // namespace disco
