// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/emit.h"

#include <algorithm>

#include "disco/kernel/onednn/onednn.h"
#include "disco/kernel/onednn/reference_step.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/op_def.h"
#include "disco/op/work.h"

namespace disco::onednn {
namespace {

Status Dispatch(const Emission& e) {
  const Emitter* emitter = FindEmitter(e.op().type);
  return emitter != nullptr ? emitter->emit(e) : e.Unsupported("no primitive computes it");
}

// What is common to all primitives: float32, and something to compute. Elements of any type, empty
// tensors included, can be moved.
Status CheckArithmetic(const Emission& e) {
  if (DefOf(e.op()).Is(kMovesElements)) return {};
  const DType dtype = e.graph().value(e.output()).dtype;
  if (dtype != DType::kF32)
    return e.Unsupported(fmt::format("computes in {}, primitives in float32", Name(dtype)));
  const auto empty = [&](ValueId id) {
    return id != kNoValue && e.builder.ShapeOf(id).elements() == 0;
  };
  if (std::ranges::any_of(e.op().inputs, empty)) return e.Unsupported("has an empty input");
  return {};
}

// Steps hold more than features and weights: a primitive with its code, and where elements are.
void TakeStep(const Emission& e) {
  for (const OpId id : e.fused.chain) {
    const Op& op = e.graph().op(id);
    constexpr int64_t kNames = 4;  // in a warning, an error and a timeline
    const Bytes names{kNames * std::ssize(op.name)};
    e.builder.Take(kStepBytes + names + PlaceBytes(e.graph(), op), OpName(op));
  }
}

bool HasEmptyOutput(const Emission& e) {
  return e.output() != kNoValue && e.builder.ShapeOf(e.output()).elements() == 0;
}

Status TryEmit(const Emission& e) {
  try {
    DISCO_TRY(CheckArithmetic(e));
    return Dispatch(e);
  } catch (const dnnl::error& error) {
    return e.Unsupported(error.what());
  }
}

}  // namespace

const Emitter* FindEmitter(OpType type) {
  static const OpTable<Emitter> kTable = {
      ConvEmitters(), ElementwiseEmitters(), ExchangeEmitters(), MatrixEmitters(),
      MoveEmitters(), NormalizeEmitters(),   PoolEmitters(),
  };
  return kTable.Find(type);
}

bool HasEmitter(OpType type) { return FindEmitter(type) != nullptr; }

Status Emit(const Emission& e) {
  TakeStep(e);
  if (DefOf(e.op()).Is(kExchange)) return Dispatch(e);
  if (HasEmptyOutput(e) && e.op().outputs.size() == 1) return {};
  const size_t before = e.builder.steps();
  const Status status = TryEmit(e);
  if (status || status.error().kind != ErrorKind::kUnsupported) return status;
  e.builder.KeepSteps(before);
  e.builder.Warn(e.op(), fmt::format("runs in the reference kernels: {}", status.error().message));
  EmitReference(e);
  return {};
}

void EmitReference(const Emission& e) {
  std::vector<ReferenceStep::Port> inputs, outputs;
  std::vector<ValueId> known;  // brought in, or made inside the chain
  Bytes for_run;
  for (const OpId id : e.fused.chain) {
    const Op& op = e.graph().op(id);
    for (const ValueId input : op.inputs) {
      if (input == kNoValue || e.graph().IsConstant(input) ||
          std::ranges::find(known, input) != known.end())
        continue;
      known.push_back(input);
      e.builder.Take(SizeOf(e.graph().value(input)), OpName(op));
      inputs.push_back({input, LayoutCopy(e.builder, input, Direction::kToTensor)});
    }
    known.insert(known.end(), op.outputs.begin(), op.outputs.end());
    for_run += RunBytes(e.graph(), op);
  }
  e.builder.ReserveForRun(for_run);
  for (const ValueId output : e.graph().op(e.fused.chain.back()).outputs) {
    if (output != kNoValue)
      outputs.push_back({output, LayoutCopy(e.builder, output, Direction::kFromTensor)});
  }
  e.builder.AddStep(e.op(), std::make_unique<ReferenceStep>(e.graph(), e.fused.chain,
                                                            std::move(inputs), std::move(outputs)));
}

}  // namespace disco::onednn
