// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/session_options.h"

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"

namespace disco {

void AddSessionFlags(CLI::App& command, SessionFlags& flags) {
  command.add_option("--plan", flags.plan, "The plan.json to run by; without it, one node")
      ->check(NotEmpty);
  auto* local = command.add_flag("--local", flags.local, "All nodes in this process");
  auto* nodes =
      command.add_option("--nodes", flags.nodes,
                         "One `disco node` per ADDRESS:PORT, in the plan's order: a:7701,b:7701");
  auto* tcp = command.add_flag("--tcp", flags.tcp,
                               "All nodes in this process, but over TCP, as if they were machines");
  nodes->check(NotEmpty)->excludes(local)->excludes(tcp);
  local->excludes(tcp);
  AddKeysOption(command, flags.keys)->excludes(local);
  command.add_option("--deadline", flags.deadline,
                     DeadlineHelp("5s; none for nodes in this process"));
  command.add_option("--kernel", flags.kernel, "onednn, or reference (slow and plain)");
  command.add_option("--threads", flags.threads, "Threads of each node")->check(CLI::Range(1, 256));
  command.add_option("--shape", flags.shape,
                     "Make the links between nodes slow; all nodes have to be on one machine: "
                     "37.5MB/s,latency=2ms,jitter=0.5ms,loss=0.1%,retry=200ms,seed=7");
  command
      .add_option("--throttle", flags.throttles,
                  "Let each node here compute as if it were that fast: 1,0.5")
      ->delimiter(',');
}

namespace {

// As fast as --throttle says, which callers do not tell to nodes elsewhere.
Status StartOwnNodes(int count, SessionOptions& options, SessionFlags& flags) {
  if (!options.throttles.empty() && std::ssize(options.throttles) != count)
    return Fail(ErrorKind::kUsage, "--throttle has {} speeds for {} nodes",
                options.throttles.size(), count);
  std::vector<NodeLimits> limits(static_cast<size_t>(count));
  for (size_t node = 0; node < options.throttles.size(); ++node) {
    DISCO_TRY(CheckThrottle(options.throttles[node]));
    limits[node].throttle = options.throttles[node];
  }
  options.throttles.clear();
  DISCO_ASSIGN(flags.own_nodes, LoopbackNodes::Start(limits, options.keys));
  return {};
}

}  // namespace

CLI::Option* AddKeysOption(CLI::App& command, std::string& folder) {
  return command
      .add_option("--keys", folder,
                  "Encrypt, with the keys in this folder; the nodes need keys of the same cluster "
                  "(disco keys)")
      ->check(NotEmpty);
}

Result<SharedKeys> LoadKeysIfGiven(const std::string& folder) {
  return folder.empty() ? SharedKeys() : LoadKeys(folder);
}

std::string DeadlineHelp(std::string_view usual) {
  return fmt::format("Longest wait for any node, from {:g}ms to {:g}s, like 500ms [{}]",
                     kShortestDeadline.count(), kLongestDeadline.count() / 1e3, usual);
}

Result<Milliseconds> ParseDeadline(const std::string& text) {
  DISCO_ASSIGN(const Milliseconds deadline, ParseDuration(text));
  if (const Status status = CheckDeadline(deadline); !status)
    return At("--deadline " + text, status.error());
  return deadline;
}

Result<std::unique_ptr<Session>> OpenSession(const Graph& graph, SessionFlags& flags) {
  SessionOptions options{.program = {.threads = flags.threads}};
  DISCO_ASSIGN(options.program.kernel, ParseKernelKind(flags.kernel));
  if (!flags.deadline.empty()) {
    DISCO_ASSIGN(options.deadline, ParseDeadline(flags.deadline));
  }
  options.throttles = flags.throttles;
  if (!flags.keys.empty() && flags.nodes.empty() && !flags.tcp)
    return Fail(ErrorKind::kUsage, "--keys encrypts what goes to --nodes; there are none");
  DISCO_ASSIGN(options.keys, LoadKeysIfGiven(flags.keys));
  DISCO_ASSIGN(const BoundPlan bound, LoadPlan(flags.plan, graph));
  if (!flags.shape.empty()) {
    DISCO_ASSIGN(options.shape, ParseLinkShape(flags.shape));
    if (bound.nodes() == 1)
      return Fail(ErrorKind::kUsage, "--shape slows the links between nodes; here is only one");
  }
  if (flags.tcp) {
    DISCO_TRY(StartOwnNodes(bound.nodes(), options, flags));
    if (!options.deadline) options.deadline = kLongestDeadline;
    return Session::Connect(bound, flags.own_nodes->endpoints(), options);
  }
  if (flags.nodes.empty()) {
    if (!flags.plan.empty() && !flags.local)
      return Fail(ErrorKind::kUsage, "a plan needs --local or --nodes a:port,b:port (or --tcp)");
    return Session::OpenLocal(bound, options);
  }
  DISCO_ASSIGN(const std::vector<Endpoint> endpoints, ParseEndpoints(flags.nodes));
  return Session::Connect(bound, endpoints, options);
}

nlohmann::ordered_json NodesToJson(const Session& session) {
  auto nodes = nlohmann::ordered_json::array();
  for (const NodeStatistics& node : session.statistics()) {
    nodes.push_back({{"bytes_planned", node.planned_sent.value},
                     {"bytes_sent", node.sent.value},
                     {"bytes_planned_received", node.planned_received.value},
                     {"bytes_received", node.received.value},
                     {"ms", node.total.count()},
                     {"wait_ms", node.wait.count()},
                     {"weight_bytes", node.weights.value},
                     {"activation_bytes", node.activations.value},
                     {"buffer_bytes", node.buffers.value},
                     {"peak_memory_bytes", node.peak_memory.value},
                     {"overflows", node.overflows},
                     {"overflow_op", node.overflow_op},
                     {"kernels", node.kernels},
                     {"warnings", node.warnings}});
  }
  return nodes;
}

void PrintNodes(const Session& session) {
  Table table({"node", "bytes planned", "bytes sent", "ms", "waited ms", "weights"});
  for (size_t i = 0; i < session.statistics().size(); ++i) {
    const NodeStatistics& node = session.statistics()[i];
    table.Add({std::to_string(i), std::to_string(node.planned_sent.value),
               std::to_string(node.sent.value), fmt::format("{:.2f}", node.total.count()),
               fmt::format("{:.2f}", node.wait.count()), ToString(node.weights)});
  }
  PrintTable(table);
  PrintNodeWarnings(session);
}

void PrintNodeWarnings(const Session& session) {
  for (size_t i = 0; i < session.statistics().size(); ++i) {
    const NodeStatistics& node = session.statistics()[i];
    for (const std::string& warning : node.warnings) PrintWarning(warning);
    if (node.overflows == 0) continue;
    const std::string op =
        node.overflow_op.empty() ? "" : ", last in op '" + node.overflow_op + "'";
    PrintWarning(
        fmt::format("node {}: overflow or NaN inside the network, inferences: {}{}; answers may be "
                    "wrong",
                    i, node.overflows, op));
  }
}

}  // namespace disco
