// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/advice_chart.h"

#include <map>

namespace disco {
namespace {

constexpr double kMega = 1e6;

std::vector<double> CountsOf(const std::vector<Milliseconds>& times) {
  std::vector<double> counts;
  for (const Milliseconds time : times) counts.push_back(time.count());
  return counts;
}

}  // namespace

std::string LabelOf(const Candidate& candidate) {
  const std::string what = candidate.method == "disco"
                               ? fmt::format("S = {:g} %", 100 * candidate.sparsity)
                               : candidate.method;
  return fmt::format("{}, {} nodes", what, candidate.nodes.size());
}

std::vector<size_t> FastestOfEachSparsity(const Advice& advice) {
  std::map<double, size_t> fastest;
  for (size_t i = 0; i < advice.candidates.size(); ++i) {
    const auto [place, fresh] = fastest.try_emplace(advice.candidates[i].sparsity, i);
    if (!fresh && advice.candidates[i].time < advice.candidates[place->second].time)
      place->second = i;
  }
  std::vector<size_t> chosen;
  for (const auto& [sparsity, candidate] : fastest) chosen.push_back(candidate);
  return chosen;
}

Chart BreakEvenChart(const Advice& advice, const Cluster& cluster, const std::string& network) {
  const double link = cluster.link.bandwidth.bytes_per_second / kMega;
  Chart chart{.title = network + ": time of one answer against bandwidth",
              .x_label = "bandwidth of the link, one direction (MB/s)",
              .y_label = "time (ms)",
              .mark = link,
              .mark_label = fmt::format("this cluster: {:g} MB/s", link),
              .dot_label = "as fast as one node"};
  for (const double factor : advice.factors) chart.x.push_back(factor * link);
  const Milliseconds one = advice.one_node.time();
  chart.series.push_back({.label = "one node",
                          .y = std::vector<double>(chart.x.size(), one.count()),
                          .reference = true});
  for (const size_t i : FastestOfEachSparsity(advice)) {
    const Candidate& candidate = advice.candidates[i];
    Series series{.label = LabelOf(candidate), .y = CountsOf(candidate.times)};
    if (candidate.break_even && *candidate.break_even > kLeastFactor)
      series.dot = *candidate.break_even * link;
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace disco
