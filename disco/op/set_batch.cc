// SPDX-License-Identifier: Apache-2.0
#include "disco/op/set_batch.h"

#include "disco/graph/names.h"
#include "disco/op/batch_axes.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_def.h"

namespace disco {
namespace {

std::vector<Shape> ShapesOf(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const Value& value : graph.values) shapes.push_back(value.shape);
  return shapes;
}

Status CheckBatched(const Graph& graph, int64_t batch) {
  for (const ValueId input : graph.inputs) {
    const Value& value = graph.value(input);
    if (value.shape.rank() > 0 && value.shape[0] == batch) continue;
    return Fail(ErrorKind::kUnsupported, "input '{}' of shape {} has no batch axis", value.name,
                ToString(value.shape));
  }
  return {};
}

void SetInputs(Graph& graph, int64_t batch) {
  for (const ValueId input : graph.inputs) graph.value(input).shape[0] = batch;
  for (Op& op : graph.ops) {
    if (auto* receive = std::get_if<ReceiveParams>(&op.params)) receive->shape[0] = batch;
  }
}

// Makes what is written for one batch, in a graph whose shapes are inferred for it, follow any.
Status FreeFromBatch(Graph& graph) {
  Names names(graph);
  for (Op& op : graph.ops) {
    const OpDef& def = DefOf(op);
    if (def.any_batch == nullptr) continue;
    DISCO_ASSIGN(const auto freed, def.any_batch(graph, op));
    if (!freed) continue;
    op.inputs.resize(2, kNoValue);
    op.inputs[1] = graph.AddConstant(names.Fresh(graph.value(op.outputs[0]).name + ".any_batch"),
                                     Tensor::Indices(*freed));
  }
  return {};
}

// Errors: those of shape inference, and where the inputs of the batch would not stay apart.
Status ChangeBatch(Graph& graph, int64_t from, int64_t to) {
  DISCO_TRY(CheckBatched(graph, from));
  DISCO_TRY(InferShapes(graph));
  DISCO_TRY(FreeFromBatch(graph));
  DISCO_TRY(InferShapes(graph));
  BatchChange change{from, to, ShapesOf(graph), {}};
  SetInputs(graph, to);
  DISCO_TRY(InferShapes(graph));
  change.after = ShapesOf(graph);
  return CheckBatchApart(graph, change);
}

}  // namespace

Status SetBatch(Graph& graph, int64_t batch) {
  if (batch < 1) return Fail(ErrorKind::kInvalid, "a batch of {} makes no sense", batch);
  const int64_t old = BatchOf(graph);
  if (batch == old) return InferShapes(graph);
  const Status changed = ChangeBatch(graph, old, batch);
  if (changed) return {};
  return Fail(changed.error().kind,
              "{}; a batch of {} is not possible: the network is written for a batch of {}; run it "
              "with that, or export it for any batch",
              changed.error().message, batch, old);
}

int64_t BatchOf(const Graph& graph) {
  for (const Op& op : graph.ops) {
    if (const auto* receive = std::get_if<ReceiveParams>(&op.params)) return receive->shape[0];
  }
  if (graph.inputs.empty()) return 1;
  const Shape& shape = graph.value(graph.inputs[0]).shape;
  return shape.rank() == 0 ? 1 : shape[0];
}

}  // namespace disco
