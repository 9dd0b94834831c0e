// SPDX-License-Identifier: Apache-2.0
#include <omp.h>

#include <bit>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "disco/kernel/onednn/emit.h"
#include "disco/kernel/onednn/layout_copy.h"
#include "disco/kernel/onednn/onednn.h"
#include "disco/kernel/reference/float_watch.h"
#include "disco/kernel/reference/reference.h"
#include "disco/kernel/throttle.h"
#include "disco/op/op_def.h"
#include "disco/op/work.h"
#include "disco/rewrite/for_kernels.h"

namespace disco {
namespace onednn {
namespace {

// OpenMP teams started by this thread have `threads` threads while this lives. oneDNN sizes its
// scratchpads by it, so loading and running both need one.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
    omp_set_num_threads(threads);
  }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

Bytes SizeOfAll(const std::vector<Tensor>& tensors) {
  Bytes total;
  for (const Tensor& tensor : tensors) total += Bytes{static_cast<int64_t>(tensor.size_bytes())};
  return total;
}

class OneDnnProgram : public Program {
 public:
  OneDnnProgram(Graph graph, const ProgramOptions& options)
      : graph_(std::move(graph)), threads_(options.threads), throttle_(options.throttle) {}

  Status Build(MemoryAccount* memory) {
    const ThreadScope scope(threads_);
    const std::vector<FusedOp> fused = Fuse(graph_);
    Builder builder(graph_, fused, memory);
    const auto ends = static_cast<int64_t>(graph_.inputs.size() + graph_.outputs.size());
    builder.Take(kStepBytes * ends, "the changes of layout of inputs and outputs");
    for (size_t step = 0; step < fused.size(); ++step) {
      const size_t before = builder.steps();
      DISCO_TRY(Emit({builder, fused[step], step}));
      builder.Watch(before, fused[step]);
    }
    for (const ValueId id : graph_.inputs)
      inputs_.emplace_back(builder, id, Direction::kFromTensor);
    for (const ValueId id : graph_.outputs)
      outputs_.emplace_back(builder, id, Direction::kToTensor);
    stream_ = dnnl::stream(builder.engine());
    parts_ = builder.Finish();
    for (const PlannedStep& planned : parts_.steps) times_.push_back({planned.name, planned.kind});
    ReleaseWeights();
    Report();
    return {};
  }

  Status Run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
             Exchange* exchange) override {
    DISCO_TRY(CheckArguments(graph_, inputs, outputs));
    const ThreadScope scope(threads_);
    const RunContext context{stream_.get(), exchange};
    for (size_t i = 0; i < inputs.size(); ++i)
      DISCO_TRY(inputs_[i].Run(context, inputs[i].bytes().data()));
    BeginWatch(HoldNonFinite(inputs, exchange));
    auto now = Clock::now();
    for (size_t i = 0; i < times_.size(); ++i) {
      times_[i].start = now;
      if (exchange != nullptr) DISCO_TRY(exchange->GoOn());
      DISCO_TRY(parts_.steps[i].step->Run(context));
      watch_.EndStep(parts_.steps[i].watched);
      const bool computes = times_[i].kind == StepKind::kCompute;
      times_[i].end = now = HoldBack(times_[i].start, computes ? throttle_ : 1);
    }
    EndWatch();
    for (size_t i = 0; i < outputs.size(); ++i) {
      DISCO_TRY(outputs_[i].Run(context, outputs[i].MutableBytes().data()));
    }
    stream_.wait();
    return {};
  }

  const ProgramReport& report() const override { return report_; }
  std::span<const StepTime> steps() const override { return times_; }
  std::optional<std::string_view> overflow() const override { return watch_.overflow(); }
  // Constants that are held as they came, not packed.
  Bytes constants() const { return DistinctConstantBytes(graph_) + SizeOfAll(parts_.constants); }

 private:
  void BeginWatch(bool came_in) {
    watch_.Begin(came_in);
    if (threads_ == 1) return;  // a team of one would allocate
#pragma omp parallel num_threads(threads_)
    FloatWatch::ClearFlags();
  }

  void EndWatch() {
    if (threads_ == 1) return;
    int flags = 0;
#pragma omp parallel num_threads(threads_) reduction(| : flags)
    flags = FloatWatch::Flags();
    watch_.AddHelper(flags);
  }

  // Steps hold the weights in their own layout; parameters of ops stay, they are small and RunOp
  // reads them.
  void ReleaseWeights() {
    std::vector<bool> parameter(graph_.values.size(), false);
    for (const Op& op : graph_.ops) {
      for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
        if (op.HasInput(slot) && IsParameterSlot(op.type, slot))
          parameter[static_cast<size_t>(op.inputs[slot])] = true;
      }
    }
    for (size_t id = 0; id < parameter.size(); ++id) {
      if (!parameter[id]) graph_.values[id].constant.reset();
    }
  }

  void Report() {
    report_.kernels = LibraryName();
    report_.streamed = parts_.streamed;
    if (parts_.streamed > 0)
      report_.kernels += fmt::format(", streamed convolutions: {}", parts_.streamed);
    report_.warnings = parts_.warnings;
    report_.weights =
        Bytes{static_cast<int64_t>(parts_.packed.taken())} + SizeOfAll(parts_.constants);
    report_.activations = Bytes{static_cast<int64_t>(parts_.arena_size)};
    report_.buffers = Bytes{static_cast<int64_t>(parts_.activations.taken())} - report_.activations;
  }

  Graph graph_;
  int threads_;
  double throttle_;
  FloatWatch watch_;
  dnnl::stream stream_;
  Parts parts_;
  std::vector<LayoutCopy> inputs_, outputs_;
  std::vector<StepTime> times_;
  ProgramReport report_;
};

}  // namespace
}  // namespace onednn

namespace {

// Weights that are copied before they are packed, at most, once for each op that reads them:
// folding a BatchNormalization, leaving out a Concat, scaling a Gemm.
Bytes CopiedWeights(const Graph& graph) {
  int64_t rewrites = 0;
  Bytes convolved, multiplied;
  for (const Op& op : graph.ops) {
    rewrites |= op.type == OpType::kBatchNormalization ? 1 : op.type == OpType::kConcat ? 2 : 0;
    if (op.type != OpType::kConv && op.type != OpType::kGemm) continue;
    for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
      if (!graph.IsConstant(op.inputs[slot])) continue;
      (op.type == OpType::kConv ? convolved : multiplied) += SizeOf(graph.value(op.inputs[slot]));
    }
  }
  return convolved * std::popcount(static_cast<uint64_t>(rewrites)) + multiplied;
}

// The account holds `before` for constants and has to hold `after`.
Status Change(MemoryAccount* memory, Bytes before, Bytes after) {
  if (after > before) return Take(memory, after - before, "what the network has learned");
  Return(memory, before - after);
  return {};
}

// While it lives a program is made. oneDNN keeps the last 1024 primitives of the process, of up to
// half a megabyte each, so that layers alike within a network are compiled once; when no other
// program is being made, those that no program holds go. With another in the making they stay until
// the next time: oneDNN 2.6 fails to make a primitive while the capacity changes.
class Making {
 public:
  Making() : shared_(Mutex()) {}
  ~Making() {
    shared_.unlock();
    const std::unique_lock alone(Mutex(), std::try_to_lock);
    int capacity = 0;
    if (!alone || dnnl_get_primitive_cache_capacity(&capacity) != dnnl_success) return;
    dnnl_set_primitive_cache_capacity(0);
    dnnl_set_primitive_cache_capacity(capacity);
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

 private:
  static std::shared_mutex& Mutex() {
    static std::shared_mutex mutex;
    return mutex;
  }
  std::shared_lock<std::shared_mutex> shared_;
};

}  // namespace

Result<std::unique_ptr<Program>> MakeOneDnnProgram(Graph graph, const ProgramOptions& options) {
  const Making making;
  const Bytes constants = DistinctConstantBytes(graph);
  MemoryScope copies(options.memory);
  DISCO_TRY(copies.Take(CopiedWeights(graph), "weights while they are packed"));
  DISCO_TRY(RewriteForKernels(graph));
  try {
    auto program = std::make_unique<onednn::OneDnnProgram>(std::move(graph), options);
    DISCO_TRY(program->Build(options.memory));
    DISCO_TRY(Change(options.memory, constants, program->constants()));
    return program;
  } catch (const dnnl::error& error) {
    return Fail(ErrorKind::kUnsupported, "oneDNN: {}", error.what());
  }
}

}  // namespace disco
