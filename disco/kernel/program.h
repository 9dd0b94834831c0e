// SPDX-License-Identifier: Apache-2.0
// Program: a graph made ready to run on this machine.
//
// Everything that can be decided before the first input is decided when the program is made:
// kernels, layouts, buffers, packed weights. Two makers with the same face: `reference` (plain C++,
// the oracle) and `onednn`. Layout of activations is the program's own affair; inputs and outputs
// are row-major as in ONNX. Thread rule: one thread runs a program at a time. Errors: kUnsupported
// naming the op; what an Exchange returns passes through.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disco/base/clock.h"
#include "disco/base/memory_account.h"
#include "disco/graph/graph.h"

namespace disco {

// Where Send and Receive of a shard end, and what may end a run early. A payload holds positions
// outermost and features innermost: [N, D..., K] of a value [N, C, D...] of which K features
// travel, in the order of SendParams::features.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // The payload may be reused when Send returns.
  virtual Status Send(const SendParams& to, std::span<const std::byte> payload) = 0;
  // Fills `payload`, or fails by the exchange's deadline.
  virtual Status Receive(const ReceiveParams::Source& from, std::span<std::byte> payload) = 0;
  // Asked before every step, and within steps of the reference kernels that may take long; its
  // error ends the run.
  virtual Status GoOn() { return {}; }
  // Whether an infinity or NaN is among the inputs or constants of the network, of which a shard
  // may have none.
  virtual bool NetworkIsNotFinite() const { return false; }
};

struct ProgramReport {
  std::string kernels;                // "oneDNN 2.6.3, streamed convolutions: 36", "reference"
  int streamed = 0;                   // convolutions of kernel/streamed
  std::vector<std::string> warnings;  // ops that run slower than they should, by name
  // Held by the program; buffers: for messages, changes of layout and the library's scratch.
  Bytes weights, activations, buffers;
};

// What a step of a program did with its time. kReceive: waiting, and putting features in place.
enum class StepKind : uint8_t { kCompute, kSend, kReceive };
struct StepTime {
  std::string_view
      name;  // of the op, or the first of those that are one call; lives with the program
  StepKind kind = StepKind::kCompute;
  Clock::time_point start, end;
};

class Program {
 public:
  virtual ~Program() = default;
  // `inputs` as the graph's inputs, `outputs` as its outputs: tensors of the right shapes, written
  // in place. `exchange` may be null when the graph has no Send or Receive.
  virtual Status Run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                     Exchange* exchange) = 0;
  virtual const ProgramReport& report() const = 0;
  // The steps of the last Run, in order. Clock readings cost it some 40 ns a step.
  virtual std::span<const StepTime> steps() const = 0;
  // The first op of the last Run that made an infinity or a NaN of numbers, or met a NaN that the
  // kernels may have clipped to a number: the outputs may look right and be wrong. Empty when only
  // a helper thread knows. Run changes the floating-point flags of the calling thread.
  virtual std::optional<std::string_view> overflow() const = 0;
};

enum class KernelKind { kOneDnn, kReference };
Result<KernelKind> ParseKernelKind(std::string_view text);  // "onednn", "reference"

struct ProgramOptions {
  KernelKind kernel = KernelKind::kOneDnn;
  int threads = 1;
  // From 0.01 to 1, for experiments: every step of kind kCompute takes 1 / throttle of its time.
  double throttle = 1;
  // Asked before anything is taken whose size the graph says; null: nobody. Needed while the
  // program is made. What the graph's constants take has been taken from it before, and stays so
  // for those that are kept.
  MemoryAccount* memory = nullptr;
};

// Errors: kUsage when it is out of range.
Status CheckThrottle(double throttle);

// Shapes are inferred here; the graph's input shapes say the batch.
Result<std::unique_ptr<Program>> MakeProgram(Graph graph, const ProgramOptions& options);

// Outputs of the right types and shapes for a graph with inferred shapes.
std::vector<Tensor> MakeOutputs(const Graph& graph);

}  // namespace disco
