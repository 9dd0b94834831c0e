// SPDX-License-Identifier: Apache-2.0
#include "disco/node/runner.h"

#include "disco/node/mesh_exchange.h"

namespace disco {
namespace {

constexpr Milliseconds kIdleLook{250};    // how often an idle node asks whether to go on
constexpr Milliseconds kErrorGrace{500};  // how long a failing node tries to tell its caller

}  // namespace

Result<Runner> Runner::Create(Graph shard, const RunnerOptions& options) {
  Runner runner;
  runner.options_ = options;
  for (const ValueId input : shard.inputs) {
    runner.inputs_.emplace_back(shard.value(input).dtype, shard.value(input).shape);
  }
  runner.outputs_ = MakeOutputs(shard);
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
  watch.on_query();
  DISCO_TRY(ExpectFrame(
      header, {.kind = FrameKind::kQuery, .plan_hash = options_.plan_hash, .sequence = sequence}));
  DISCO_TRY(ServeOne(mesh, sequence));
  return true;
}

Status Runner::ServeOne(Mesh& mesh, uint64_t sequence) {
  const auto start = Clock::now();
  const Deadline deadline = Deadline::In(options_.deadline);
  DISCO_TRY(ReceiveInputs(mesh, sequence, deadline));
  MeshExchange exchange(mesh, {options_.plan_hash, sequence, deadline});
  DISCO_TRY(program_->Run(inputs_, outputs_, &exchange));
  NodeReport report = exchange.counted();
  report.total = Since(start);
  DISCO_TRY(PostOutputs(mesh, sequence, report));
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

Status Runner::PostOutputs(Mesh& mesh, uint64_t sequence, const NodeReport& report) {
  FrameHeader header{
      .kind = FrameKind::kOutput, .plan_hash = options_.plan_hash, .sequence = sequence};
  for (const Tensor& output : outputs_) {
    DISCO_TRY(PostFrame(mesh, caller(), header, output.bytes()));
    ++header.transfer;
  }
  header.transfer = kReportTransfer;
  return PostFrame(mesh, caller(), header, Encode(report));
}

}  // namespace disco
