// SPDX-License-Identifier: Apache-2.0
// Ops that only move elements.
#include <algorithm>
#include <numeric>

#include "disco/kernel/onednn/emit.h"
#include "disco/kernel/onednn/pick.h"
#include "disco/kernel/reference/pad_index.h"
#include "disco/op/parameters.h"
#include "disco/op/select.h"
#include "disco/op/work.h"

namespace disco::onednn {
namespace {

size_t ElementSize(const Emission& e) { return SizeOf(e.graph().value(e.output()).dtype); }

Desc PlainDesc(const Shape& shape) {
  if (shape.rank() == 0) return Desc({1}, kFloat, dnnl::memory::dims{1});
  return Desc(shape.dims(), kFloat, shape.strides());
}

using Strides = std::vector<int64_t>;

// Every element of `shape`, from one place and stride to another.
Pick PickBlock(const Emission& e, const Shape& shape, const std::byte* from,
               const Strides& from_strides, std::byte* to) {
  const Strides to_strides = e.builder.Strides(e.output());
  Pick pick{from, to, ElementSize(e), {}, {}};
  for (size_t axis = 0; axis < from_strides.size(); ++axis) {
    std::vector<int64_t> indices(static_cast<size_t>(shape[static_cast<int>(axis)]));
    std::iota(indices.begin(), indices.end(), 0);
    pick.axes.push_back(MakePickAxis(indices, from_strides[axis], to_strides[axis]));
  }
  return pick;
}

// All elements of `id`, into the part of the output that begins at `to`.
Pick PickAll(const Emission& e, ValueId id, std::byte* to) {
  return PickBlock(e, e.builder.ShapeOf(id), e.builder.Data(id), e.builder.Strides(id), to);
}

void AddPicks(const Emission& e, std::vector<Pick> picks) {
  e.builder.AddStep(e.op(), std::make_unique<PickStep>(std::move(picks)));
}

// Indices that are no list, which make other axes than the input has.
Status GatherPlain(const Emission& e, int axis, const std::vector<int64_t>& indices) {
  const Builder& builder = e.builder;
  if (!builder.LiesPlain(e.input(0)) || !builder.LiesPlain(e.output()))
    return e.Unsupported("gathers into other axes of channels-last values");
  const Shape& shape = builder.ShapeOf(e.input(0));
  const int64_t inner = shape.elements(axis + 1, shape.rank());
  std::vector<int64_t> outer(static_cast<size_t>(shape.elements(0, axis)));
  std::iota(outer.begin(), outer.end(), 0);
  std::vector<int64_t> run(static_cast<size_t>(inner));
  std::iota(run.begin(), run.end(), 0);
  Pick pick{e.builder.Data(e.input(0)), e.builder.Data(e.output()), ElementSize(e), {}, {}};
  pick.axes = {MakePickAxis(outer, shape[axis] * inner, std::ssize(indices) * inner),
               MakePickAxis(indices, inner, inner), MakePickAxis(run, 1, 1)};
  AddPicks(e, {std::move(pick)});
  return {};
}

// The elements of input 0 row-major: where they lie, or in staging memory to which they are brought
// first.
std::byte* PlainInput(const Emission& e) {
  Builder& builder = e.builder;
  std::byte* const data = builder.Data(e.input(0));
  if (builder.LiesPlain(e.input(0))) return data;
  const Desc plain = PlainDesc(builder.ShapeOf(e.input(0)));
  std::byte* const staging = builder.NewStaging(plain.get_size());
  builder.AddReorder(e.op(), builder.MemoryOf(e.input(0)), builder.Memory(plain, staging));
  return staging;
}

}  // namespace

void EmitBlock(const Emission& e, ValueId id, std::byte* to) { AddPicks(e, {PickAll(e, id, to)}); }

Status EmitRename(const Emission& e) {
  Builder& builder = e.builder;
  if (builder.Data(e.input(0)) == builder.Data(e.output())) return {};
  const Shape& shape = builder.ShapeOf(e.output());
  if (builder.LiesPlain(e.input(0)) && builder.LiesPlain(e.output())) {
    AddPicks(e, {PickBlock(e, shape, builder.Data(e.input(0)), builder.Strides(e.output()),
                           builder.Data(e.output()))});
  } else if (builder.LiesPlain(e.output())) {
    const Desc plain = PlainDesc(builder.ShapeOf(e.input(0)));
    builder.AddReorder(e.op(), builder.MemoryOf(e.input(0)),
                       builder.Memory(plain, builder.Data(e.output())));
  } else {
    std::byte* const from = PlainInput(e);
    builder.AddReorder(e.op(), builder.Memory(PlainDesc(shape), from),
                       builder.MemoryOf(e.output()));
  }
  return {};
}

namespace {

Status EmitDropout(const Emission& e) {
  if (!RenamesElements(e.graph(), e.op())) return e.Unsupported("is in training form");
  return e.op().HasOutput(1) ? e.Unsupported("gives its mask") : EmitRename(e);
}

Status EmitTranspose(const Emission& e) {
  Builder& builder = e.builder;
  const std::vector<int64_t> permutation = PermutationOf(e.graph(), e.op());
  const std::vector<int64_t> from = builder.Strides(e.input(0)), to = builder.Strides(e.output());
  const Shape& shape = builder.ShapeOf(e.output());
  std::vector<int64_t> strides;
  for (const int64_t axis : permutation) strides.push_back(from[static_cast<size_t>(axis)]);
  if (e.graph().value(e.output()).dtype == DType::kF32 && shape.rank() > 0) {
    const Desc view(shape.dims(), kFloat, strides);
    builder.AddReorder(e.op(), builder.Memory(view, builder.Data(e.input(0))),
                       builder.MemoryOf(e.output()));
    return {};
  }
  AddPicks(e, {PickBlock(e, shape, builder.Data(e.input(0)), strides, builder.Data(e.output()))});
  return {};
}

Status EmitConcat(const Emission& e) {
  Builder& builder = e.builder;
  DISCO_ASSIGN(const int axis,
               NormalizeAxis(e.op().as<AxisParams>().axis, builder.ShapeOf(e.output()).rank()));
  const int64_t stride = builder.Strides(e.output())[static_cast<size_t>(axis)];
  std::vector<Pick> picks;
  int64_t first = 0;
  for (const ValueId id : e.op().inputs) {
    const auto offset = static_cast<size_t>(first * stride) * ElementSize(e);
    picks.push_back(PickAll(e, id, builder.Data(e.output()) + offset));
    first += builder.ShapeOf(id)[axis];
  }
  AddPicks(e, std::move(picks));
  return {};
}

Status EmitGather(const Emission& e) {
  Builder& builder = e.builder;
  DISCO_ASSIGN(const int axis,
               NormalizeAxis(e.op().as<AxisParams>().axis, builder.ShapeOf(e.input(0)).rank()));
  DISCO_ASSIGN(const std::vector<int64_t> indices, GatheredIndices(e.graph(), e.op()));
  if (builder.ShapeOf(e.op().inputs[1]).rank() != 1) return GatherPlain(e, axis, indices);
  Pick pick = PickAll(e, e.input(0), builder.Data(e.output()));
  const auto i = static_cast<size_t>(axis);
  pick.axes[i] =
      MakePickAxis(indices, builder.Strides(e.input(0))[i], builder.Strides(e.output())[i]);
  AddPicks(e, {std::move(pick)});
  return {};
}

// The elements of every output of an op that selects some of its input's.
Status EmitSelect(const Emission& e) {
  Builder& builder = e.builder;
  const Strides from = builder.Strides(e.input(0));
  std::vector<Pick> picks;
  for (size_t slot = 0; slot < e.op().outputs.size(); ++slot) {
    if (!e.op().HasOutput(slot)) continue;
    const ValueId output = e.op().outputs[slot];
    const Strides to = builder.Strides(output);
    DISCO_ASSIGN(const Positions positions, SelectedPositions(e.graph(), e.op(), slot));
    Pick pick{builder.Data(e.input(0)), builder.Data(output), ElementSize(e), {}, {}};
    for (size_t axis = 0; axis < positions.size(); ++axis)
      pick.axes.push_back(MakePickAxis(positions[axis], from[axis], to[axis]));
    picks.push_back(std::move(pick));
  }
  AddPicks(e, std::move(picks));
  return {};
}

Status EmitPad(const Emission& e) {
  Builder& builder = e.builder;
  DISCO_ASSIGN(const PadIndex index, PadIndexOf(e.graph(), e.op()));
  DISCO_ASSIGN(std::vector<std::byte> filling, PadFilling(e.graph(), e.op()));
  const std::vector<int64_t> from = builder.Strides(e.input(0)), to = builder.Strides(e.output());
  Pick pick{
      builder.Data(e.input(0)), builder.Data(e.output()), ElementSize(e), {}, std::move(filling)};
  for (size_t axis = 0; axis < index.size(); ++axis) {
    pick.axes.push_back(MakePickAxis(index[axis], from[axis], to[axis]));
  }
  AddPicks(e, {std::move(pick)});
  return {};
}

}  // namespace

std::span<const EmitterEntry> MoveEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kConcat, {EmitConcat}},       {OpType::kDropout, {EmitDropout}},
      {OpType::kFlatten, {EmitRename}},      {OpType::kGather, {EmitGather}},
      {OpType::kIdentity, {EmitRename}},     {OpType::kPad, {EmitPad}},
      {OpType::kReshape, {EmitRename}},      {OpType::kSlice, {EmitSelect}},
      {OpType::kSplit, {EmitSelect}},        {OpType::kSqueeze, {EmitRename}},
      {OpType::kTranspose, {EmitTranspose}}, {OpType::kUnsqueeze, {EmitRename}},
  };
  return kEntries;
}

}  // namespace disco::onednn
