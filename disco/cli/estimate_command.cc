// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cost/estimate.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct EstimateCommand {
  std::string network, plan, link, compute, message_latency = "0ms";
  bool json = false, layers = false;
};

template <class Tag>
Json Values(const std::vector<Count<Tag>>& counts) {
  Json list = Json::array();
  for (const auto& count : counts) list.push_back(count.value);
  return list;
}

Json LayersToJson(const Estimate& estimate) {
  Json layers = Json::array();
  for (const LayerEstimate& layer : estimate.layers) {
    layers.push_back({{"name", layer.name},
                      {"macs", layer.macs.value},
                      {"s", layer.sparsity},
                      {"paper",
                       {{"elements", layer.elements},
                        {"comm_ms", layer.comm.count()},
                        {"comp_ms", layer.comp.count()}}},
                      {"sent",
                       {{"bytes", layer.sent_bytes.value},
                        {"macs", layer.sent_macs.value},
                        {"comm_ms", layer.sent_comm.count()},
                        {"comp_ms", layer.sent_comp.count()}}}});
  }
  return layers;
}

// The head of the object is in the paper's accounting, whose closed formula this command is.
Json ToJson(const Estimate& estimate) {
  const SentAccounting& sent = estimate.sent;
  return {{"serial_ms", estimate.paper.time.serial.count()},
          {"overlap_ms", estimate.paper.time.overlap.count()},
          {"single_node_ms", estimate.single_node.count()},
          {"dense_serial_ms", estimate.dense.serial.count()},
          {"dense_overlap_ms", estimate.dense.overlap.count()},
          {"s_comm", estimate.paper.s_comm},
          {"s_comp", estimate.paper.s_comp},
          {"paper",
           {{"serial_ms", estimate.paper.time.serial.count()},
            {"overlap_ms", estimate.paper.time.overlap.count()},
            {"s_comm", estimate.paper.s_comm},
            {"s_comp", estimate.paper.s_comp},
            {"elements", estimate.paper.elements},
            {"bytes_one_way", estimate.paper.bytes_one_way},
            {"node_macs", estimate.paper.node_macs}}},
          {"sent",
           {{"serial_ms", sent.time.serial.count()},
            {"overlap_ms", sent.time.overlap.count()},
            {"s_comm", sent.s_comm},
            {"s_comp", sent.s_comp},
            {"bytes_one_way", sent.bytes_one_way.value},
            {"bytes_total", sent.bytes_total.value},
            {"messages", sent.messages},
            {"node_bytes_sent", Values(sent.sent)},
            {"node_bytes_received", Values(sent.received)},
            {"node_macs", Values(sent.macs)}}},
          {"layers", LayersToJson(estimate)}};
}

std::string Ms(Milliseconds time) { return fmt::format("{:.2f}", time.count()); }

// What is closer than this is the same: the formula does not know more.
constexpr double kMargin = 0.01;

std::string Verdict(const Times& plan, Milliseconds one_node) {
  const Milliseconds clearly_less = one_node * (1 - kMargin);
  if (plan.serial < clearly_less) return "This plan is faster than one node on this link.";
  if (plan.overlap < clearly_less)
    return "This plan is faster than one node only if communication overlaps computation.";
  if (plan.overlap <= one_node * (1 + kMargin))
    return "With communication overlapped, this plan is about as fast as one node.";
  return "One node alone is faster than this plan on this link.";
}

void Print(const EstimateCommand& options, const Estimate& estimate, int nodes) {
  if (options.layers) {
    Table layers(
        {"layer", "MACs", "S", "comm ms", "comp ms", "sent bytes", "sent comm ms", "sent comp ms"});
    for (const LayerEstimate& layer : estimate.layers) {
      layers.Add({layer.name, std::to_string(layer.macs.value), Percent(layer.sparsity),
                  Ms(layer.comm), Ms(layer.comp), std::to_string(layer.sent_bytes.value),
                  Ms(layer.sent_comm), Ms(layer.sent_comp)});
    }
    PrintTable(layers);
  }
  Table table({"", "serial ms", "overlap ms", "S_comm", "S_comp", "bytes one way"});
  table.Add({"one node", Ms(estimate.single_node), Ms(estimate.single_node), "", "", "0"});
  table.Add({"dense, paper", Ms(estimate.dense.serial), Ms(estimate.dense.overlap), "0.0 %",
             "0.0 %", ""});
  table.Add({"this plan, paper", Ms(estimate.paper.time.serial), Ms(estimate.paper.time.overlap),
             Percent(estimate.paper.s_comm), Percent(estimate.paper.s_comp),
             fmt::format("{:.0f}", estimate.paper.bytes_one_way)});
  table.Add({"this plan, sent", Ms(estimate.sent.time.serial), Ms(estimate.sent.time.overlap),
             Percent(estimate.sent.s_comm), Percent(estimate.sent.s_comp),
             std::to_string(estimate.sent.bytes_one_way.value)});
  PrintTable(table);
  if (nodes > 1) PrintLine(Verdict(estimate.sent.time, estimate.single_node));
}

Status Run(EstimateCommand& options) {
  Machine machine;
  DISCO_ASSIGN(machine.link, ParseBandwidth(options.link));
  DISCO_ASSIGN(machine.compute, ParseComputeSpeed(options.compute));
  DISCO_ASSIGN(machine.message_latency, ParseDuration(options.message_latency));
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network));
  DISCO_ASSIGN(const BoundPlan bound, LoadPlan(options.plan, graph));
  DISCO_ASSIGN(const Estimate estimate, EstimateCost(bound, machine));
  if (options.json) {
    PrintJson(ToJson(estimate));
  } else {
    Print(options, estimate, bound.nodes());
  }
  return {};
}

}  // namespace

void AddEstimateCommand(CLI::App& app, Action& action) {
  AddCommand<EstimateCommand>(
      app, action, "estimate", "What a plan costs, by formula, before anything runs",
      [](CLI::App& command, EstimateCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_option("--plan", options.plan, "Its plan.json")->required();
        command
            .add_option("--link", options.link,
                        "Link into each node, one direction: 37.5MB/s, 100Mbit/s")
            ->required();
        command
            .add_option("--compute", options.compute,
                        "Speed of each node, the same for all, whatever their shares: 125GMAC/s")
            ->required();
        command.add_option("--message-latency", options.message_latency,
                           "Paid once per layer that communicates: 0.2ms");
        command.add_flag("--layers", options.layers, "A row per layer (--json has them always)");
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
