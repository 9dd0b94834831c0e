// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <sstream>

#include "disco/base/progress.h"
#include "disco/cli/advice_chart.h"
#include "disco/cli/advice_json.h"
#include "disco/cli/cluster_options.h"
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"

namespace disco {
namespace {

constexpr int kEqualNodes = 4;  // that are tried where neither a file nor --nodes-max says how many

struct AdviseCommand {
  std::string network, svg;
  ClusterOptions cluster;
  AdviseOptions options;
  bool json = false;
};

std::string Ms(Milliseconds time) { return fmt::format("{:.2f}", time.count()); }
std::string MegabytesPerSecond(Bandwidth link) {
  return fmt::format("{:.3g} MB/s", link.bytes_per_second / 1e6);
}

std::string BreakEven(const Advised& advised, const Candidate& candidate) {
  if (advised.advice.factors.empty()) return "";
  if (!candidate.break_even) return "above " + MegabytesPerSecond(advised.LinkAt(kMostFactor));
  if (*candidate.break_even <= kLeastFactor)
    return "below " + MegabytesPerSecond(advised.LinkAt(kLeastFactor));
  return MegabytesPerSecond(advised.LinkAt(*candidate.break_even));
}

void PrintCandidates(const Advised& advised) {
  Table table({"plan", "ms", "speed-up", "breaks even at", "memory"});
  const OneNode& one = advised.advice.one_node;
  table.Add({"one node", Ms(one.time()), "1.00", "", one.fits ? "fits" : "does not fit"});
  for (const Candidate& candidate : advised.advice.candidates) {
    table.Add({LabelOf(candidate), Ms(candidate.time),
               fmt::format("{:.2f}", advised.SpeedupOf(candidate)), BreakEven(advised, candidate),
               candidate.fits ? "fits" : "does not fit"});
  }
  PrintTable(table);
}

std::string SharesOption(const Candidate& candidate) {
  std::string text;
  for (const double share : candidate.shares)
    text += fmt::format("{}{:.4g}", text.empty() ? " --shares " : ",", 100 * share);
  return text;
}

// What to do for it: a dense plan computes what the network does, one with S has to be trained.
void PrintUse(const Advised& advised, const std::string& why, const Candidate& candidate) {
  PrintLine(fmt::format("{}: {} ({}): {} ms, {:.2f} times as fast as {} alone.", why,
                        LabelOf(candidate), advised.NamesOf(candidate), Ms(candidate.time),
                        advised.SpeedupOf(candidate), advised.one_node()));
  if (candidate.method == "dense") {
    PrintLine(fmt::format("  disco plan {} --nodes {}{} --method dense --out plan.json",
                          advised.network, candidate.nodes.size(), SharesOption(candidate)));
    return;
  }
  PrintLine(fmt::format("  disco sparsify {} --nodes {}{} --method {} --sparsity {:g} ...",
                        advised.network, candidate.nodes.size(), SharesOption(candidate),
                        candidate.method, candidate.sparsity));
}

void PrintVerdict(const Advised& advised) {
  const Advice& advice = advised.advice;
  if (advice.best) {
    PrintUse(advised, "Fastest", advice.candidates[*advice.best]);
    if (advice.least_sparse != advice.best)
      PrintUse(advised, "Least S that pays", advice.candidates[*advice.least_sparse]);
    PrintLine(
        "Accuracy at S is not known here: train with disco sparsify, and take the S it bears.");
    return;
  }
  if (advice.one_node.fits) {
    PrintLine(fmt::format("Use one node: {} alone takes {} ms, and no plan tried is faster by 1 %.",
                          advised.one_node(), Ms(advice.one_node.time())));
    return;
  }
  PrintLine(
      fmt::format("Neither one node nor any plan tried fits: the network needs {}; take more nodes "
                  "or more memory.",
                  ToString(advice.one_node.memory)));
}

void Print(const Advised& advised, const std::optional<Chart>& chart) {
  PrintCandidates(advised);
  if (chart) {
    std::istringstream lines(ChartToText(*chart, {}));
    for (std::string line; std::getline(lines, line);) PrintLine(line);
    PrintLine("");
  }
  PrintVerdict(advised);
}

Result<Advice> AdviseWithProgress(const Graph& graph, const Cluster& cluster,
                                  AdviseOptions options) {
  std::optional<Progress> progress;
  options.progress = [&](int64_t done, int64_t total) {
    if (!progress) progress.emplace("simulating", "plans", total);
    progress->Update(done);
  };
  return Advise(graph, cluster, options);
}

Status Run(AdviseCommand& command) {
  if (!command.svg.empty()) {
    DISCO_TRY(
        KeepInputs(command.svg, "--svg", InputFiles(command.network, {command.cluster.cluster})));
    DISCO_TRY(CheckWritable(command.svg));
  }
  const int nodes = command.options.nodes_max > 0 ? command.options.nodes_max : kEqualNodes;
  DISCO_ASSIGN(const Cluster cluster, LoadCluster(command.cluster, nodes));
  DISCO_ASSIGN(const Graph graph, LoadNetwork(command.network));
  DISCO_ASSIGN(const Advice advice, AdviseWithProgress(graph, cluster, command.options));
  std::optional<Chart> chart;
  if (!advice.factors.empty())
    chart = BreakEvenChart(advice, cluster, Path(command.network).filename().string());
  if (!command.svg.empty() && !chart) {
    return Fail(ErrorKind::kUsage,
                "--svg: there is nothing to draw, for the link is unlimited or {} takes no time",
                command.network);
  }
  if (!command.svg.empty()) DISCO_TRY(WriteFile(command.svg, ChartToSvg(*chart)));
  const Advised advised{command.network, cluster, advice};
  if (command.json) {
    PrintJson(ToJson(advised));
  } else {
    Print(advised, chart);
  }
  return {};
}

}  // namespace

void AddAdviseCommand(CLI::App& app, Action& action) {
  AddCommand<AdviseCommand>(
      app, action, "advise", "One node, or how many and at which S, for a cluster",
      [](CLI::App& command, AdviseCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        AddClusterOptions(command, options.cluster);
        command
            .add_option("--nodes-max", options.options.nodes_max,
                        "Try 1 to so many nodes (default: all of the cluster, or 4 equal ones)")
            ->check(CLI::Range(1, kMaxNodes));
        command
            .add_option("--sparsities", options.options.sparsities,
                        "S to try, beside dense and branches")
            ->delimiter(',')
            ->capture_default_str();
        command.add_option("--svg", options.svg, "Write the break-even chart as SVG")
            ->check(NotEmpty);
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
