// SPDX-License-Identifier: Apache-2.0
#include "disco/node/caller.h"

#include <algorithm>

#include "disco/node/step_log.h"
#include "disco/tensor/slice.h"

namespace disco {

Caller::Caller(const Graph& graph, const Cut& cut, Milliseconds deadline)
    : deadline_(deadline), plan_hash_(cut.plan_hash), sources_(cut.outputs) {
  auto outline = [&graph](ValueId id) {
    return Value{graph.value(id).name, graph.value(id).dtype, graph.value(id).shape};
  };
  for (const ValueId input : graph.inputs) inputs_.push_back(outline(input));
  for (const ValueId output : graph.outputs) outputs_.push_back(outline(output));
  for (size_t node = 0; node < cut.shards.size(); ++node) {
    nodes_.push_back({cut.inputs[node], MakeOutputs(cut.shards[node])});
    NodeStatistics statistics;
    statistics.planned_sent = SentBytes(cut.traffic, static_cast<NodeId>(node));
    statistics.planned_received = ReceivedBytes(cut.traffic, static_cast<NodeId>(node));
    statistics_.push_back(statistics);
  }
  steps_.resize(nodes_.size());
  constants_not_finite_ = std::ranges::any_of(graph.values, [](const Value& value) {
    return value.constant && HoldsNonFinite(*value.constant);
  });
}

void Caller::SetReady(NodeId node, const Ready& ready) {
  NodeStatistics& statistics = statistics_[static_cast<size_t>(node)];
  statistics.weights = ready.weights;
  statistics.activations = ready.activations;
  statistics.buffers = ready.buffers;
  statistics.memory = ready.memory;
  statistics.kernels = ready.kernels;
  statistics.warnings = ready.warnings;
}

Result<std::vector<Tensor>> Caller::Infer(Mesh& mesh, std::span<const Tensor> inputs) {
  if (broken_) DISCO_TRY(CheckInputs(inputs));
  return Ask(mesh, inputs);
}

Result<std::vector<Tensor>> Caller::Repeat(Mesh& mesh) {
  if (sequence_ == 0) return Fail(ErrorKind::kInvalid, "there is no inference to repeat yet");
  return Ask(mesh, std::nullopt);
}

Result<std::vector<Tensor>> Caller::Ask(Mesh& mesh, const Inputs& inputs) {
  if (!broken_) {
    return Fail(broken_.error().kind, "the session ended with an earlier error: {}; open a new one",
                broken_.error().message);
  }
  const auto start = Clock::now();
  broken_ = PostQuery(mesh, inputs);
  if (broken_)
    broken_ = CollectOutputs(
        mesh, Deadline::At(start + std::chrono::duration_cast<Clock::duration>(deadline_)));
  if (!broken_) return tl::unexpected(broken_.error());
  ++sequence_;
  std::vector<Tensor> outputs = Assemble();
  last_duration_ = Since(start);
  return outputs;
}

Status Caller::CheckInputs(std::span<const Tensor> inputs) const {
  if (inputs.size() != inputs_.size()) {
    return Fail(ErrorKind::kInvalid, "the network has {} inputs, {} were given", inputs_.size(),
                inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].shape() != inputs_[i].shape || inputs[i].dtype() != inputs_[i].dtype) {
      return Fail(ErrorKind::kInvalid, "input '{}' is {} {}, not {} {}", inputs_[i].name,
                  Name(inputs_[i].dtype), ToString(inputs_[i].shape), Name(inputs[i].dtype()),
                  ToString(inputs[i].shape()));
    }
  }
  return {};
}

Status Caller::PostQuery(Mesh& mesh, const Inputs& inputs) {
  FrameHeader query = Header(FrameKind::kQuery);
  if (inputs) {
    inputs_not_finite_ =
        std::ranges::any_of(*inputs, [](const Tensor& input) { return HoldsNonFinite(input); });
  }
  query.transfer = (inputs ? kQueryBringsInputs : 0) | (asks_steps_ ? kQueryAsksTimeline : 0) |
                   (constants_not_finite_ || inputs_not_finite_ ? kQueryNotFinite : 0);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    const auto to = static_cast<PeerId>(node);
    nodes_[node].answered = false;
    DISCO_TRY(PostFrame(mesh, to, query, {}));
    if (!inputs) continue;
    FrameHeader header = Header(FrameKind::kInput);
    for (const size_t input : nodes_[node].inputs) {
      DISCO_TRY(PostFrame(mesh, to, header, (*inputs)[input].bytes()));
      ++header.transfer;
    }
  }
  return {};
}

Status Caller::CollectOutputs(Mesh& mesh, Deadline deadline) {
  for (size_t answers = 0; answers < nodes_.size(); ++answers) {
    DISCO_ASSIGN(const NodeId node, NextAnswer(mesh, deadline));
    DISCO_TRY(ReceiveAnswer(mesh, node, deadline));
    nodes_[static_cast<size_t>(node)].answered = true;
  }
  return {};
}

Result<NodeId> Caller::NextAnswer(Mesh& mesh, Deadline deadline) const {
  std::array<PeerId, 64> waiting;
  size_t count = 0;
  std::string names;
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (!nodes_[node].answered) waiting[count++] = static_cast<PeerId>(node);
  }
  const auto first = mesh.WaitAny(std::span(waiting).first(count), deadline);
  if (first || first.error().kind != ErrorKind::kDeadline) return first;
  for (size_t i = 0; i < count; ++i) names += (i > 0 ? ", " : "") + mesh.Describe(waiting[i]);
  return Fail(ErrorKind::kDeadline, "{} did not answer within {:.3g} s", names,
              deadline_.count() / 1e3);
}

Status Caller::ReceiveAnswer(Mesh& mesh, NodeId node, Deadline deadline) {
  FrameHeader header = Header(FrameKind::kOutput);
  for (Tensor& output : nodes_[static_cast<size_t>(node)].outputs) {
    DISCO_TRY(ReceiveFrame(mesh, node, header, output.MutableBytes(), deadline));
    ++header.transfer;
  }
  header.transfer = kReportTransfer;
  std::array<std::byte, kReportSize> bytes;
  DISCO_TRY(ReceiveFrame(mesh, node, header, bytes, deadline));
  const auto decoded = DecodeReport(bytes);
  if (!decoded) return At(mesh.Describe(node), decoded.error());
  const NodeReport& report = *decoded;
  NodeStatistics& statistics = statistics_[static_cast<size_t>(node)];
  statistics.sent = report.sent;
  statistics.received = report.received;
  statistics.total = report.total;
  statistics.wait = report.wait;
  statistics.exchange = report.exchange;
  statistics.page_faults = report.page_faults;
  statistics.peak_memory = report.peak_memory;
  if (report.overflow) {
    ++statistics.overflows;
    statistics.overflow_op = *report.overflow;
  }
  return asks_steps_ ? ReceiveSteps(mesh, node, deadline) : Status();
}

Status Caller::ReceiveSteps(Mesh& mesh, NodeId node, Deadline deadline) {
  FrameHeader expected = Header(FrameKind::kOutput);
  expected.transfer = kTimelineTransfer;
  DISCO_ASSIGN(const FrameHeader header, ReceiveHeader(mesh, node, deadline));
  expected.size = std::min<uint64_t>(header.size, kMostLogBytes);
  if (const Status same = ExpectFrame(header, expected); !same)
    return At(mesh.Describe(node), same.error());
  std::vector<std::byte> bytes(static_cast<size_t>(header.size));
  DISCO_TRY(mesh.Receive(node, bytes, deadline));
  auto steps = DecodeSteps(bytes);
  if (!steps) return At(mesh.Describe(node), steps.error());
  steps_[static_cast<size_t>(node)] = std::move(*steps);
  return {};
}

std::vector<Tensor> Caller::Assemble() const {
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const OutputSource& source = sources_[i];
    if (source.parts.size() == 1) {  // all of it comes from one node
      outputs.push_back(
          nodes_[static_cast<size_t>(source.parts[0].node)].outputs[source.parts[0].shard_output]);
      continue;
    }
    Tensor whole(outputs_[i].dtype, outputs_[i].shape);
    for (const OutputPart& part : source.parts) {
      Scatter(nodes_[static_cast<size_t>(part.node)].outputs[part.shard_output], source.axis,
              part.features, whole);
    }
    outputs.push_back(std::move(whole));
  }
  return outputs;
}

void Caller::Goodbye(Mesh& mesh) {
  if (!broken_) return;
  for (size_t node = 0; node < nodes_.size(); ++node) {
    // A node that is gone needs no goodbye.
    static_cast<void>(PostFrame(mesh, static_cast<PeerId>(node),
                                {.kind = FrameKind::kGoodbye, .plan_hash = plan_hash_}, {}));
  }
  static_cast<void>(mesh.Flush(Deadline::In(deadline_)));
}

}  // namespace disco
