// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <numeric>

#include "disco/base/hash.h"
#include "disco/base/interrupt.h"
#include "disco/cli/cluster_options.h"
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/wire_options.h"
#include "disco/cost/choose_calls.h"
#include "disco/cost/choose_shares.h"
#include "disco/cost/choose_with_next.h"
#include "disco/cost/estimate.h"
#include "disco/cost/one_node.h"
#include "disco/plan/assignment.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct PlanCommand {
  std::string network, out, method = "disco", shares, keep;
  PlanOptions plan;
  WireFlags wire;
  ClusterOptions cluster;
  std::string call = "auto";
  bool apart = false, json = false;
};

Json ToJson(const Plan& plan, const Estimate& estimate, int64_t pruned) {
  Json replicated = Json::array();
  for (const ReplicatedCost& cost : estimate.replicated) {
    replicated.push_back(
        {{"op", cost.op}, {"reason", cost.reason}, {"gathered_bytes", cost.gathered.value}});
  }
  Json partial = Json::array();
  for (const PartialOp& op : estimate.partial)
    partial.push_back({{"op", op.op}, {"reason", op.reason}, {"nodes", op.nodes}});
  return {{"nodes", plan.nodes},
          {"shares", plan.shares},
          {"method", plan.method},
          {"hash", HashText(Hash(plan))},
          {"s_comm_nominal", plan.sparsity},
          {"pruned_weights", pruned},
          {"with_next", std::ranges::count_if(
                            plan.values, [](const auto& value) { return value.second.with_next; })},
          {"paper",
           {{"s_comm", estimate.paper.s_comm},
            {"s_comp", estimate.paper.s_comp},
            {"bytes_one_way", estimate.paper.bytes_one_way}}},
          {"sent",
           {{"s_comm", estimate.sent.s_comm},
            {"s_comp", estimate.sent.s_comp},
            {"bytes_one_way", estimate.sent.bytes_one_way.value},
            {"bytes_total", estimate.sent.bytes_total.value},
            {"messages", estimate.sent.messages}}},
          {"replicated", replicated},
          {"partial", partial}};
}

void Print(const PlanCommand& options, const Plan& plan, const Estimate& estimate, int64_t pruned) {
  PrintLine(fmt::format("{} nodes, method {}, nominal S {} -> {}", plan.nodes, plan.method,
                        Percent(plan.sparsity), options.out));
  Table table({"accounting", "S_comm", "S_comp", "bytes one way", "messages"});
  table.Add({"paper", Percent(estimate.paper.s_comm), Percent(estimate.paper.s_comp),
             fmt::format("{:.0f}", estimate.paper.bytes_one_way), ""});
  table.Add({"sent", Percent(estimate.sent.s_comm), Percent(estimate.sent.s_comp),
             std::to_string(estimate.sent.bytes_one_way.value),
             std::to_string(estimate.sent.messages)});
  PrintTable(table);
  for (const ReplicatedCost& cost : estimate.replicated) {
    PrintLine(fmt::format("op {} runs whole on every node ({}); it gathers {}", cost.op,
                          cost.reason, ToString(cost.gathered)));
  }
  for (const PartialOp& op : estimate.partial) {
    PrintLine(fmt::format("op {} is computed by {} of {} nodes: {}", op.op, op.nodes, plan.nodes,
                          op.reason));
  }
  if (pruned > 0) {
    PrintLine(
        fmt::format("The plan drops {} weights that are not zero: its nodes compute a pruned "
                    "network. disco sparsify trains one to be pruned.",
                    pruned));
  }
}

Status CheckNodes(const std::string& file, const Cluster& cluster, int nodes) {
  if (static_cast<int>(cluster.nodes.size()) >= nodes) return {};
  return Fail(ErrorKind::kUsage, "the plan is for {} nodes, {} has {}", nodes, file,
              cluster.nodes.size());
}

// So that the nodes of the cluster take equally long.
Result<Plan> PlanOnCluster(const PlanCommand& options, const BoundPlan& whole) {
  if (options.cluster.cluster.empty())
    return Fail(ErrorKind::kUsage,
                "--shares auto needs --cluster cluster.toml, which says how fast "
                "the nodes are; disco probe measures them");
  DISCO_ASSIGN(const Cluster cluster, ReadCluster(options.cluster.cluster));
  DISCO_TRY(CheckNodes(options.cluster.cluster, cluster, options.plan.nodes));
  DISCO_ASSIGN(const BoundPlan for_nodes, whole.ForNodes());
  DISCO_ASSIGN(OneNode alone, OnOneNode(for_nodes, cluster));
  std::vector<NodeId> first(static_cast<size_t>(options.plan.nodes));
  std::iota(first.begin(), first.end(), 0);
  alone.times.resize(first.size());
  return PlanByShares({whole, for_nodes}, options.plan, Subset(cluster, first), alone.times);
}

Status CheckSparsity(const PlanOptions& options) {
  const Method method = options.method.method;
  if (method == Method::kDisco || method == Method::kRandom || options.sparsity == 0) return {};
  return Fail(ErrorKind::kUsage, "--sparsity: method {} says itself what is kept; leave it out",
              ToString(options.method));
}

Result<Plan> NewPlan(PlanCommand& options, const BoundPlan& whole) {
  if (options.plan.nodes == 0)
    return Fail(ErrorKind::kUsage, "say --nodes N, or --keep PLAN to go on from a plan");
  DISCO_ASSIGN(options.plan.method, ParseMethod(options.method));
  DISCO_TRY(CheckSparsity(options.plan));
  if (options.shares == "auto") return PlanOnCluster(options, whole);
  auto shares = ParseShares(options.shares, options.plan.nodes);
  if (!shares) return At("--nodes, --shares", shares.error());
  options.plan.shares = std::move(*shares);
  return MakePlan(whole, options.plan);
}

Result<BoundPlan> OwnersAndMask(PlanCommand& options, const Graph& graph) {
  if (!options.keep.empty()) return LoadPlan(options.keep, graph);
  DISCO_ASSIGN(const BoundPlan whole, BindToOneNode(graph));
  DISCO_ASSIGN(Plan plan, NewPlan(options, whole));
  return whole.With(std::move(plan));
}

Result<Cluster> ClusterFor(const ClusterOptions& options, const Plan& plan) {
  const bool told = !options.cluster.empty() || !options.link.empty() || !options.compute.empty() ||
                    !options.message_latency.empty();
  if (!told) return UsualCluster(plan.nodes);
  DISCO_ASSIGN(Cluster cluster, LoadCluster(options, plan.nodes));
  DISCO_TRY(CheckNodes(options.cluster, cluster, plan.nodes));
  return cluster;
}

Result<Plan> WithCalls(const BoundPlan& bound, const std::string& call, const Cluster& cluster) {
  if (call == "auto") return ChooseCalls(bound, cluster);
  const auto same = ParseMixingCall(call);
  if (!same) return Fail(ErrorKind::kUsage, "--call: {}, or auto", same.error().message);
  Plan plan = bound.plan();
  for (auto& [name, value] : plan.values) value.call = *same;
  return plan;
}

// How features travel on the cluster at hand, or on machines of the usual kind.
Result<BoundPlan> AsItTravels(BoundPlan bound, const PlanCommand& options) {
  DISCO_ASSIGN(const Cluster cluster, ClusterFor(options.cluster, bound.plan()));
  DISCO_ASSIGN(Plan plan, WithCalls(bound, options.call, cluster));
  for (auto& [name, value] : plan.values) value.with_next = false;
  DISCO_ASSIGN(bound, bound.With(std::move(plan)));
  if (options.apart) return bound;
  DISCO_ASSIGN(const BoundPlan for_nodes, bound.ForNodes());
  DISCO_ASSIGN(plan, ChooseWithNext(for_nodes, cluster));
  return bound.With(std::move(plan));
}

Status Run(PlanCommand& options) {
  DISCO_TRY(KeepInputs(options.out, "--out",
                       InputFiles(options.network, {options.keep, options.cluster.cluster})));
  DISCO_TRY(CheckWritable(options.out));
  CatchInterrupts();
  DISCO_ASSIGN(Graph graph, LoadNetwork(options.network));
  DISCO_ASSIGN(BoundPlan bound, OwnersAndMask(options, graph));
  Graph masked = graph;
  const int64_t pruned = ApplyMask(masked, bound.plan());
  options.wire.calibrate.seed = options.plan.seed;
  std::vector<std::string> warnings;
  DISCO_ASSIGN(Plan plan, WithWireFlags(masked, bound.plan(), options.wire, warnings));
  DISCO_ASSIGN(bound, bound.With(std::move(plan)));
  DISCO_ASSIGN(bound, AsItTravels(std::move(bound), options));
  DISCO_TRY(WritePlan(bound.plan(), options.out));
  DISCO_ASSIGN(const Estimate estimate, EstimateCost(bound, {.link = {1}, .compute = {1}}));
  if (options.json) {
    Json json = ToJson(bound.plan(), estimate, pruned);
    json["warnings"] = warnings;
    PrintJson(std::move(json));
  } else {
    Print(options, bound.plan(), estimate, pruned);
  }
  return {};
}

}  // namespace

void AddPlanCommand(CLI::App& app, Action& action) {
  AddCommand<PlanCommand>(
      app, action, "plan",
      "Decide who owns and who sends what, by the weights as they are (no training)",
      [](CLI::App& command, PlanCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        options.plan.nodes = 0;
        auto* keep = command.add_option(
            "--keep", options.keep,
            "Keep owners and mask of this plan.json (of sparsify, for instance), and "
            "change only how features travel");
        command.add_option("--out", options.out, "The plan.json to write")
            ->required()
            ->check(NotEmpty);
        command.add_option("--seed", options.plan.seed, "Seed of method random")->check(AnySeed());
        command.add_option("--nodes", options.plan.nodes, "How many machines")
            ->check(CLI::Range(1, kMaxNodes))
            ->excludes(keep);
        command
            .add_option("--sparsity", options.plan.sparsity,
                        "S: the share of foreign features that is not sent, 0 to 1")
            ->excludes(keep);
        command
            .add_option("--method", options.method,
                        "dense, disco, random, branches, dense-then-split=STAGE, "
                        "split-then-aggregate=STAGE")
            ->excludes(keep);
        command
            .add_option("--shares", options.shares,
                        "Uneven nodes: their shares, like 40,35,25, or auto: so that those of "
                        "--cluster take equally long")
            ->excludes(keep);
        command
            .add_flag("--allow-empty", options.plan.allow_empty,
                      "Round what is kept down, to nothing if need be")
            ->excludes(keep);
        AddWireFlags(command, options.wire);
        command.add_option(
            "--call", options.call,
            "How ops take foreign features: split (a second call, while nothing "
            "waits for the wire), fused (one call, after it), or auto: for each value "
            "what takes less time on the cluster, or on machines of the usual kind");
        command.add_flag("--apart", options.apart,
                         "Send every value by itself; else those that nobody waits for leave "
                         "together with the next one to the same node");
        AddClusterOptions(command, options.cluster);
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
