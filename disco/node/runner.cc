// SPDX-License-Identifier: Apache-2.0
#include "disco/node/runner.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "disco/node/mesh_exchange.h"
#include "disco/node/step_log.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"

namespace disco {
namespace {

constexpr Milliseconds kIdleLook{250};    // how often an idle node asks whether to go on
constexpr Milliseconds kErrorGrace{500};  // how long a failing node tries to tell its caller

// What the system counts.
struct Usage {
  int64_t page_faults = 0;  // of this thread
  Bytes peak_memory;        // of the process
};

Usage UsageOfThread() {
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return {};
  return {usage.ru_minflt + usage.ru_majflt, {usage.ru_maxrss * 1024}};
}

Milliseconds ExchangeTime(std::span<const StepTime> steps) {
  Milliseconds time{0};
  for (const StepTime& step : steps) {
    if (step.kind != StepKind::kCompute) time += step.end - step.start;
  }
  return time;
}

// Shards come over the network.
Status CheckReceivers(const Graph& shard, const RunnerOptions& options) {
  for (const Op& op : shard.ops) {
    if (op.type != OpType::kSend) continue;
    const NodeId to = op.as<SendParams>().to;
    if (to < 0 || to >= options.nodes || to == options.node) {
      return OpError(op, ErrorKind::kInvalid, "node {} of {} cannot send to node {}", options.node,
                     options.nodes, to);
    }
  }
  return {};
}

// Inputs and outputs, and what waits to be sent when nobody reads: features and outputs in a queue
// that has doubled, and a timeline.
Bytes RunnerBytes(const Graph& shard) {
  constexpr int64_t kQueued = 3, kStep = 32;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Bytes inputs, outputs, log;
  for (const ValueId id : shard.inputs) inputs += SizeOf(shard.value(id));
  for (const ValueId id : shard.outputs) outputs += SizeOf(shard.value(id));
  for (const Op& op : shard.ops) log += Bytes{kStep + std::ssize(op.name)};
  const Bytes sent = PayloadBytes(shard);
  if (sent.value > kMost / (2 * kQueued)) return {kMost};
  return inputs + outputs + (sent + outputs + log) * kQueued;
}

}  // namespace

Result<Runner> Runner::Create(Graph shard, const RunnerOptions& options) {
  DISCO_TRY(CheckReceivers(shard, options));
  DISCO_TRY(Take(options.program.memory, RunnerBytes(shard), "inputs, outputs and messages"));
  Runner runner;
  runner.options_ = options;
  for (const ValueId input : shard.inputs) {
    runner.inputs_.emplace_back(shard.value(input).dtype, shard.value(input).shape);
  }
  runner.outputs_ = MakeOutputs(shard);
  runner.held_ = HeldMessages(shard, options.nodes);
  DISCO_ASSIGN(runner.program_, MakeProgram(std::move(shard), options.program));
  return runner;
}

Status Runner::Serve(Mesh& mesh, const Watch& watch) {
  for (uint64_t sequence = 0;; ++sequence) {
    const auto more = ServeNext(mesh, sequence, watch);
    if (more && !*more) return {};
    if (more) continue;
    // The caller may be gone too; the session ends with the first error in any case.
    if (PostError(mesh, caller(), more.error().message))
      static_cast<void>(mesh.Flush(Deadline::In(kErrorGrace)));
    return tl::unexpected(more.error());
  }
}

Result<bool> Runner::ServeNext(Mesh& mesh, uint64_t sequence, const Watch& watch) {
  const PeerId members[] = {caller()};
  while (true) {
    const auto woken = mesh.WaitAny(members, Deadline::In(kIdleLook));
    DISCO_TRY(watch.go_on());
    if (woken) break;
    if (woken.error().kind != ErrorKind::kDeadline) return tl::unexpected(woken.error());
  }
  DISCO_ASSIGN(const FrameHeader header,
               ReceiveHeader(mesh, caller(), Deadline::In(options_.deadline)));
  if (header.kind == FrameKind::kGoodbye) return false;
  DISCO_TRY(watch.at_step());
  constexpr uint32_t kKnown = kQueryBringsInputs | kQueryAsksTimeline | kQueryNotFinite;
  DISCO_TRY(ExpectFrame(header, {.kind = FrameKind::kQuery,
                                 .plan_hash = options_.plan_hash,
                                 .sequence = sequence,
                                 .transfer = header.transfer & kKnown}));
  DISCO_TRY(ServeOne(mesh, header, watch));
  return true;
}

Status Runner::ServeOne(Mesh& mesh, const FrameHeader& query, const Watch& watch) {
  const auto start = Clock::now();
  const Deadline deadline = Deadline::In(options_.deadline);
  const Usage before = UsageOfThread();
  if ((query.transfer & kQueryBringsInputs) != 0)
    DISCO_TRY(ReceiveInputs(mesh, query.sequence, deadline));
  MeshExchange exchange(mesh, held_,
                        {.plan_hash = options_.plan_hash,
                         .sequence = query.sequence,
                         .deadline = deadline,
                         .caller_waits_until = Deadline::In(options_.deadline / kNodeDeadlineShare),
                         .at_step = watch.at_step,
                         .not_finite = (query.transfer & kQueryNotFinite) != 0});
  DISCO_TRY(program_->Run(inputs_, outputs_, &exchange));
  DISCO_TRY(exchange.Finish());
  DISCO_TRY(PostOutputs(mesh, query.sequence));
  NodeReport report = exchange.counted();
  report.total = Since(start);
  report.exchange = std::max(Milliseconds(0), ExchangeTime(program_->steps()) - report.wait);
  const Usage after = UsageOfThread();
  report.page_faults = after.page_faults - before.page_faults;
  report.peak_memory = after.peak_memory;
  report.overflow = program_->overflow();
  DISCO_TRY(PostReport(mesh, query.sequence, report));
  if ((query.transfer & kQueryAsksTimeline) != 0) DISCO_TRY(PostSteps(mesh, query.sequence, start));
  return mesh.Flush(deadline);
}

Status Runner::ReceiveInputs(Mesh& mesh, uint64_t sequence, Deadline deadline) {
  FrameHeader header{
      .kind = FrameKind::kInput, .plan_hash = options_.plan_hash, .sequence = sequence};
  for (Tensor& input : inputs_) {
    DISCO_TRY(ReceiveFrame(mesh, caller(), header, input.MutableBytes(), deadline));
    ++header.transfer;
  }
  return {};
}

Status Runner::PostOutputs(Mesh& mesh, uint64_t sequence) {
  FrameHeader header{
      .kind = FrameKind::kOutput, .plan_hash = options_.plan_hash, .sequence = sequence};
  for (const Tensor& output : outputs_) {
    DISCO_TRY(PostFrame(mesh, caller(), header, output.bytes()));
    ++header.transfer;
  }
  return {};
}

Status Runner::PostReport(Mesh& mesh, uint64_t sequence, const NodeReport& report) {
  const FrameHeader header{.kind = FrameKind::kOutput,
                           .plan_hash = options_.plan_hash,
                           .sequence = sequence,
                           .transfer = kReportTransfer};
  return PostFrame(mesh, caller(), header, Encode(report));
}

Status Runner::PostSteps(Mesh& mesh, uint64_t sequence, Clock::time_point start) {
  const FrameHeader header{.kind = FrameKind::kOutput,
                           .plan_hash = options_.plan_hash,
                           .sequence = sequence,
                           .transfer = kTimelineTransfer};
  return PostFrame(mesh, caller(), header, EncodeSteps(program_->steps(), start));
}

}  // namespace disco
