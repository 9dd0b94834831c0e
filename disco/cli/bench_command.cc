// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include "disco/base/file.h"
#include "disco/base/interrupt.h"
#include "disco/base/progress.h"
#include "disco/base/random.h"
#include "disco/base/timeline.h"
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/session_options.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct BenchCommand {
  std::string network, trace;
  SessionFlags session;
  int64_t batch = 1;
  int iterations = 50, warmup = 10;
  bool send_inputs = false, turns = false, json = false;
};

// One node over all iterations, in milliseconds.
struct NodeTimes {
  std::vector<double> compute, wait, exchange;
  int64_t page_faults = 0;
};

struct Measured {
  std::vector<double> ms;
  std::vector<NodeTimes> nodes;
};

// Standard normal where the input is float32, else zero.
std::vector<Tensor> DrawInputs(const Graph& graph) {
  std::vector<Tensor> inputs;
  Random random(0);
  for (const ValueId id : graph.inputs) {
    Tensor& input = inputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
    if (input.dtype() != DType::kF32) continue;
    for (float& element : input.MutableData<float>()) element = static_cast<float>(random.Normal());
  }
  return inputs;
}

void Count(const Session& session, Measured& measured) {
  measured.ms.push_back(session.last_duration().count());
  measured.nodes.resize(session.statistics().size());
  for (size_t node = 0; node < measured.nodes.size(); ++node) {
    const NodeStatistics& last = session.statistics()[node];
    NodeTimes& times = measured.nodes[node];
    times.compute.push_back((last.total - last.wait - last.exchange).count());
    times.wait.push_back(last.wait.count());
    times.exchange.push_back(last.exchange.count());
    times.page_faults += last.page_faults;
  }
}

Result<Measured> Measure(const BenchCommand& options, const Graph& graph, Session& session) {
  const std::vector<Tensor> inputs = DrawInputs(graph);
  Measured measured;
  Progress progress("bench", "inferences", options.warmup + options.iterations);
  for (int i = 0; i < options.warmup + options.iterations && !Interrupted(); ++i) {
    const bool again = i > 0 && !options.send_inputs;
    const auto outputs = again ? session.Repeat() : session.Infer(inputs);
    if (!outputs) return tl::unexpected(outputs.error());
    if (i >= options.warmup) Count(session, measured);
    progress.Update(i + 1, fmt::format("{:.2f} ms", session.last_duration().count()));
  }
  if (Interrupted() && measured.ms.empty())
    return Fail(ErrorKind::kInterrupted, "stopped before the first inference was measured");
  return measured;
}

std::string_view CategoryOf(StepKind kind) {
  if (kind == StepKind::kSend) return "send";
  return kind == StepKind::kReceive ? "wait" : "compute";
}

std::vector<TimelineEvent> EventsOf(const Session& session) {
  std::vector<TimelineEvent> events;
  for (size_t node = 0; node < session.steps().size(); ++node) {
    for (const NodeStep& step : session.steps()[node]) {
      events.push_back({fmt::format("node {}", node), "steps", step.name,
                        std::string(CategoryOf(step.kind)), step.start, step.end});
    }
  }
  return events;
}

// The fastest of a few more inferences, step by step.
Status Trace(const BenchCommand& options, Session& session) {
  constexpr int kTries = 10;
  session.AskForSteps(true);
  std::vector<TimelineEvent> fastest;
  Milliseconds least{0};
  for (int i = 0; i < kTries && !Interrupted(); ++i) {
    DISCO_TRY(session.Repeat());
    if (!fastest.empty() && session.last_duration() >= least) continue;
    least = session.last_duration();
    fastest = EventsOf(session);
  }
  if (fastest.empty())
    return Fail(ErrorKind::kInterrupted, "stopped before the timeline was taken");
  DISCO_TRY(WriteFile(options.trace, TimelineJson(fastest)));
  return {};
}

Json Spread(const std::vector<double>& ms) {
  return {{"p50", Percentile(ms, 0.5)},
          {"p90", Percentile(ms, 0.9)},
          {"p99", Percentile(ms, 0.99)},
          {"min", Percentile(ms, 0)}};
}

Json ToJson(const BenchCommand& options, const Measured& measured, const Session& session) {
  Json nodes = NodesToJson(session);
  for (size_t node = 0; node < nodes.size(); ++node) {
    const NodeTimes& times = measured.nodes[node];
    nodes[node]["compute_ms"] = Median(times.compute);
    nodes[node]["wait_ms"] = Median(times.wait);
    nodes[node]["pack_ms"] = Median(times.exchange);
    nodes[node]["page_faults"] = times.page_faults;
    nodes[node].erase("ms");
  }
  Json json = {{"ms", Spread(measured.ms)},
               {"iterations", measured.ms.size()},
               {"all_ms", measured.ms},
               {"warmup", options.warmup},
               {"batch", options.batch},
               {"threads", options.session.threads},
               {"inputs", options.send_inputs ? "sent each time" : "on the nodes"}};
  if (!options.session.shape.empty()) json["shape"] = options.session.shape;
  if (!options.session.throttles.empty()) json["throttle"] = options.session.throttles;
  json["nodes"] = nodes;
  return json;
}

void Print(const Measured& measured, const Session& session) {
  PrintLine(fmt::format("p50 {:.3f} ms  p90 {:.3f} ms  p99 {:.3f} ms  over {} inferences",
                        Percentile(measured.ms, 0.5), Percentile(measured.ms, 0.9),
                        Percentile(measured.ms, 0.99), measured.ms.size()));
  Table table({"node", "compute ms", "wait ms", "pack ms", "bytes planned", "bytes sent", "weights",
               "activations", "buffers", "peak memory", "page faults"});
  for (size_t i = 0; i < measured.nodes.size(); ++i) {
    const NodeTimes& times = measured.nodes[i];
    const NodeStatistics& node = session.statistics()[i];
    table.Add({std::to_string(i), fmt::format("{:.3f}", Median(times.compute)),
               fmt::format("{:.3f}", Median(times.wait)),
               fmt::format("{:.3f}", Median(times.exchange)),
               std::to_string(node.planned_sent.value), std::to_string(node.sent.value),
               ToString(node.weights), ToString(node.activations), ToString(node.buffers),
               ToString(node.peak_memory), std::to_string(times.page_faults)});
  }
  PrintTable(table);
  PrintNodeWarnings(session);
}

// The session stays as warm as it can while others have their turns.
Status TakeTurns(const BenchCommand& options, const Graph& graph, Session& session) {
  for (std::string line; std::getline(std::cin, line);) {
    DISCO_ASSIGN(const Measured measured, Measure(options, graph, session));
    PrintJsonLine(ToJson(options, measured, session));
  }
  return {};
}

Status Run(BenchCommand& options) {
  DISCO_TRY(
      KeepInputs(options.trace, "--trace", InputFiles(options.network, {options.session.plan})));
  if (!options.trace.empty()) DISCO_TRY(CheckWritable(options.trace));
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network, options.batch));
  if (!options.turns) CatchInterrupts();  // between two turns there is nothing to save
  DISCO_ASSIGN(const auto session, OpenSession(graph, options.session));
  if (options.turns) return TakeTurns(options, graph, *session);
  DISCO_ASSIGN(const Measured measured, Measure(options, graph, *session));
  if (!options.trace.empty()) DISCO_TRY(Trace(options, *session));
  if (options.json) {
    PrintJson(ToJson(options, measured, *session));
  } else {
    Print(measured, *session);
  }
  return {};
}

}  // namespace

void AddBenchCommand(CLI::App& app, Action& action) {
  AddCommand<BenchCommand>(
      app, action, "bench", "Time a network on one node or on all nodes of a plan",
      [](CLI::App& command, BenchCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_option("--iterations", options.iterations, "Inferences that count")
            ->check(CLI::Range(1, 1000000));
        command.add_option("--warmup", options.warmup, "Inferences before those")
            ->check(CLI::Range(0, 1000000));
        command.add_option("--batch", options.batch, "Images at a time")
            ->check(CLI::Range(1, 4096));
        command.add_flag("--send-inputs", options.send_inputs,
                         "Send the inputs each time; else they lie on the nodes, as a picture "
                         "does that every node sees");
        CLI::Option* trace =
            command
                .add_option("--trace", options.trace,
                            "Write every step of one more inference, the fastest of ten, as a "
                            "timeline for Perfetto or chrome://tracing")
                ->check(NotEmpty);
        command
            .add_flag("--turns", options.turns,
                      "Measure once for every line on standard input, printing one line of JSON "
                      "each, and keep the session in between: programs that are compared can take "
                      "turns")
            ->excludes(trace);
        AddJsonFlag(command, options.json);
        AddSessionFlags(command, options.session);
      },
      Run);
}

}  // namespace disco
