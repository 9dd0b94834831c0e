// SPDX-License-Identifier: Apache-2.0
// From an op to steps: the table of emitters, of which each family of ops lists its own. Private to
// the module.
//
// Errors: kUnsupported says why oneDNN cannot compute the op, which then runs in the reference
// kernels; other kinds mean that the op cannot run. dnnl::error is thrown and means the former.
#pragma once

#include <functional>
#include <span>

#include "disco/kernel/onednn/builder.h"
#include "disco/op/op_table.h"

namespace disco::onednn {

// A fused op and its place in the order of the program.
struct Emission {
  Builder& builder;
  const FusedOp& fused;
  size_t step;

  const Graph& graph() const { return builder.graph(); }
  const Op& op() const { return graph().op(fused.chain[0]); }
  ValueId input(size_t slot) const { return op().inputs[slot]; }
  // What the last op of the chain makes.
  ValueId output() const { return graph().op(fused.chain.back()).outputs[0]; }
  tl::unexpected<Error> Unsupported(std::string reason) const {
    return tl::unexpected(Error{ErrorKind::kUnsupported, std::move(reason)});
  }
};

// That a step takes at most, beside its names and what the sizes of its values say: the code of a
// primitive above all (tests/hostile_shards_test.cc).
inline constexpr Bytes kStepBytes{int64_t{64} << 10};

// With AVX-512, oneDNN's convolutions by batches of small products make kernels for every kind of
// row of outputs, and keep where each output column's inputs are. Measured with version 2.6:
// 450 KB, 1 KB for each column, 3.6 KB where the window is wide; padding adds to both.
// Takes that from the builder's account, before the primitive of a Conv is made.
Status TakeBatches(const Emission& e, const PrimitiveDesc& desc);

// A Conv whose weights are better streamed (kernel/streamed/streamed.h).
bool ShouldStream(const Emission& e);
Status EmitStreamed(const Emission& e);

Status EmitRename(const Emission& e);  // see RenamesElements
// Moves all elements of `id` into the part of the output that begins at `to`.
void EmitBlock(const Emission& e, ValueId id, std::byte* to);

// Runs the whole chain in the reference kernels.
void EmitReference(const Emission& e);

// Emits by the type of op, with the rules for errors above applied.
Status Emit(const Emission& e);

struct Emitter {
  Status (*emit)(const Emission& e);
  // Of an activation: how it is computed, also within the call before it.
  Result<Eltwise> (*eltwise)(const Graph& graph, const Op& op) = nullptr;
};
// Null: ops of this type run in the reference kernels.
const Emitter* FindEmitter(OpType type);

using EmitterEntry = OpTable<Emitter>::Entry;
// Each stands beside its emitters, in emit_conv.cc, emit_elementwise.cc and so on.
std::span<const EmitterEntry> ConvEmitters();
std::span<const EmitterEntry> ElementwiseEmitters();
std::span<const EmitterEntry> ExchangeEmitters();
std::span<const EmitterEntry> MatrixEmitters();
std::span<const EmitterEntry> MoveEmitters();
std::span<const EmitterEntry> NormalizeEmitters();
std::span<const EmitterEntry> PoolEmitters();

// Errors: kUnsupported where `op` is no activation.
Result<Eltwise> EltwiseOf(const Graph& graph, const Op& op);

// A value that broadcasts to `rank` axes, seen with that many.
Desc BroadcastDesc(const Builder& builder, ValueId id, int rank);

// What follows the product in the same call: sums, then the activation.
struct Epilogue {
  dnnl::post_ops post_ops;
  std::vector<Argument> arguments;

  void Add(const dnnl::memory& addend);
};
// The addends of the fused Adds; `addend_desc` says how one is seen.
void AddSums(const Emission& e, const std::function<Desc(ValueId)>& addend_desc,
             Epilogue& epilogue);
Status AddActivation(const Emission& e, Epilogue& epilogue);

}  // namespace disco::onednn
