// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx_attributes.h"
#include "disco/graph/onnx_ops.h"
#include "disco/graph/onnx_tensor.h"

namespace disco {
namespace {

void WriteWindow(const Window& window, AttributeWriter& writer) {
  if (!window.kernel.empty()) writer.Ints("kernel_shape", window.kernel);
  if (!window.strides.empty()) writer.Ints("strides", window.strides);
  if (!window.dilations.empty()) writer.Ints("dilations", window.dilations);
  if (!window.pads_begin.empty()) {
    std::vector<int64_t> pads = window.pads_begin;
    pads.insert(pads.end(), window.pads_end.begin(), window.pads_end.end());
    writer.Ints("pads", pads);
  }
  constexpr const char* kModes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
  if (window.auto_pad != AutoPad::kNotSet)
    writer.Text("auto_pad", kModes[static_cast<size_t>(window.auto_pad)]);
}

bool IsDilated(const Window& window) {
  return std::ranges::any_of(window.dilations, [](int64_t dilation) { return dilation != 1; });
}

// Whether ceil_mode changes the output. Where it does not, because a last window would start in the
// padding, readers of older opsets still count that window.
bool CeilCounts(const Graph& graph, const Op& op) {
  const auto ceil = WindowOf(graph, op);
  Op floor = op;
  std::get<PoolParams>(floor.params).ceil_mode = false;
  const auto without = WindowOf(graph, floor);
  return !ceil || !without || ceil->output != without->output;
}

void WritePool(const Graph& graph, const Op& op, AttributeWriter& writer) {
  const auto& params = op.as<PoolParams>();
  const bool max = op.type == OpType::kMaxPool;
  Window window = params.window;
  // AveragePool has the attribute from opset 19 on only.
  if (!max && !IsDilated(window)) window.dilations.clear();
  WriteWindow(window, writer);
  if (params.ceil_mode && CeilCounts(graph, op)) writer.Int("ceil_mode", 1);
  if (!max && params.count_include_pad) writer.Int("count_include_pad", 1);
  if (max && params.column_major) writer.Int("storage_order", 1);
}

void WriteGemm(const GemmParams& params, AttributeWriter& writer) {
  writer.Float("alpha", params.alpha);
  writer.Float("beta", params.beta);
  writer.Int("transA", params.transpose_a ? 1 : 0);
  writer.Int("transB", params.transpose_b ? 1 : 0);
}

void WriteFill(const FillParams& params, AttributeWriter& writer) {
  Tensor value(params.dtype, {1});
  VisitDType(params.dtype,
             [&]<class T>() { value.MutableData<T>()[0] = static_cast<T>(params.value); });
  TensorToOnnx(value, *writer.Tensor("value"));
}

// Before opset 18 the axes of ReduceMean are an attribute, and no axes always means all.
Status WriteReduce(const Graph& graph, const Op& op, int64_t opset, onnx::NodeProto& proto) {
  const auto& params = op.as<ReduceParams>();
  AttributeWriter writer(proto);
  if (opset >= 18) {
    writer.Int("keepdims", params.keep_dims ? 1 : 0);
    if (params.nothing_without_axes) writer.Int("noop_with_empty_axes", 1);
    return {};
  }
  std::vector<int64_t> axes;
  if (op.HasInput(1)) {
    DISCO_ASSIGN(axes, ConstantIndices(graph, op, 1));
  }
  proto.mutable_input()->DeleteSubrange(1, proto.input_size() - 1);
  if (axes.empty() && params.nothing_without_axes) {
    proto.set_op_type("Identity");
    return {};
  }
  writer.Int("keepdims", params.keep_dims ? 1 : 0);
  if (!axes.empty()) writer.Ints("axes", axes);
  return {};
}

void WritePad(const Op& op, AttributeWriter& writer) {
  constexpr const char* kModes[] = {"constant", "reflect", "edge", "wrap"};
  writer.Text("mode", kModes[static_cast<size_t>(op.as<PadParams>().mode)]);
}

int64_t OpsetFor(const Op& op) {
  if (op.type == OpType::kAveragePool && IsDilated(op.as<PoolParams>().window)) return 19;
  if (op.type == OpType::kPad && op.as<PadParams>().mode == PadMode::kWrap) return 19;
  return op.type == OpType::kPad && op.HasInput(3) ? 18 : kWrittenOpset;
}

// The form before opset 13 equals the new one where everything after the axis has extent 1.
Status WriteSoftmax(const Graph& graph, const Op& op, int64_t opset, AttributeWriter& writer) {
  const auto& params = op.as<SoftmaxParams>();
  const Shape& shape = graph.value(op.inputs[0]).shape;
  if (params.over_all_from_axis) {
    const auto axis = NormalizeAxis(params.axis, shape.rank());
    if (!axis)
      return OpError(op, ErrorKind::kInvalid, "it cannot be written before its shape is inferred");
    if (shape.elements(*axis + 1, shape.rank()) != 1) {
      return OpError(op, ErrorKind::kUnsupported, "opset {} has no softmax over several axes",
                     opset);
    }
  }
  writer.Int("axis", params.axis);
  return {};
}

void WriteWire(const Wire& wire, AttributeWriter& writer) {
  writer.Text("wire", Name(wire.type));
  std::vector<float> low, step;
  for (const FeatureScale& scale : wire.scales) {
    low.push_back(scale.low);
    step.push_back(scale.step);
  }
  if (wire.scales.empty()) return;
  writer.Floats("low", low);
  writer.Floats("step", step);
}

void WriteSend(const SendParams& params, AttributeWriter& writer) {
  writer.Int("to", params.to);
  writer.Int("transfer", params.transfer);
  writer.Int("axis", params.axis);
  writer.Ints("features", params.features);
  writer.Ints("stride", params.stride);
  WriteWire(params.wire, writer);
  if (params.with_next) writer.Int("with_next", 1);
}

void WriteReceive(const ReceiveParams& params, AttributeWriter& writer) {
  std::vector<int64_t> from, transfers, features;
  for (const auto& source : params.sources) {
    from.push_back(source.from);
    transfers.push_back(source.transfer);
    features.push_back(source.features);
  }
  writer.Int("axis", params.axis);
  writer.Ints("shape", params.shape.dims());
  writer.Ints("from", from);
  writer.Ints("transfers", transfers);
  writer.Ints("features", features);
  WriteWire(params.wire, writer);
}

void WriteBatchNorm(const BatchNormParams& params, AttributeWriter& writer) {
  writer.Float("epsilon", params.epsilon);
  writer.Float("momentum", params.momentum);
  if (params.training) writer.Int("training_mode", 1);
}

void WriteLrn(const LrnParams& params, AttributeWriter& writer) {
  writer.Float("alpha", params.alpha);
  writer.Float("beta", params.beta);
  writer.Float("bias", params.bias);
  writer.Int("size", params.size);
}

}  // namespace

int64_t OpsetFor(const Graph& graph) {
  int64_t opset = kWrittenOpset;
  for (const Op& op : graph.ops) opset = std::max(opset, OpsetFor(op));
  return opset;
}

Status WriteOp(const Graph& graph, const Op& op, int64_t opset, onnx::NodeProto& proto) {
  proto.set_name(op.name);
  proto.set_op_type(std::string(Name(op.type)));
  for (const ValueId id : op.inputs) proto.add_input(id == kNoValue ? "" : graph.value(id).name);
  for (const ValueId id : op.outputs) proto.add_output(id == kNoValue ? "" : graph.value(id).name);
  AttributeWriter writer(proto);
  switch (op.type) {
    case OpType::kConv:
      WriteWindow(op.as<ConvParams>().window, writer);
      writer.Int("group", op.as<ConvParams>().group);
      return {};
    case OpType::kMaxPool:
    case OpType::kAveragePool:
      WritePool(graph, op, writer);
      return {};
    case OpType::kBatchNormalization:
      WriteBatchNorm(op.as<BatchNormParams>(), writer);
      return {};
    case OpType::kConcat:
    case OpType::kFlatten:
    case OpType::kGather:
      writer.Int("axis", op.as<AxisParams>().axis);
      return {};
    case OpType::kConstantOfShape:
      WriteFill(op.as<FillParams>(), writer);
      return {};
    case OpType::kDropout:
      writer.Int("seed", op.as<DropoutParams>().seed);
      return {};
    case OpType::kGemm:
      WriteGemm(op.as<GemmParams>(), writer);
      return {};
    case OpType::kLeakyRelu:
      writer.Float("alpha", op.as<LeakyReluParams>().alpha);
      return {};
    case OpType::kLrn:
      WriteLrn(op.as<LrnParams>(), writer);
      return {};
    case OpType::kPad:
      WritePad(op, writer);
      return {};
    case OpType::kReduceMean:
      return WriteReduce(graph, op, opset, proto);
    case OpType::kReshape:
      if (op.as<ReshapeParams>().allow_zero) writer.Int("allowzero", 1);
      return {};
    case OpType::kSoftmax:
      return WriteSoftmax(graph, op, opset, writer);
    case OpType::kTranspose:
      if (!op.as<TransposeParams>().permutation.empty())
        writer.Ints("perm", op.as<TransposeParams>().permutation);
      return {};
    case OpType::kSend:
      proto.set_domain(std::string(kDiscoDomain));
      WriteSend(op.as<SendParams>(), writer);
      return {};
    case OpType::kReceive:
      proto.set_domain(std::string(kDiscoDomain));
      WriteReceive(op.as<ReceiveParams>(), writer);
      return {};
    case OpType::kAdd:
    case OpType::kClip:
    case OpType::kGlobalAveragePool:
    case OpType::kHardSwish:
    case OpType::kIdentity:
    case OpType::kMatMul:
    case OpType::kMul:
    case OpType::kRelu:
    case OpType::kSigmoid:
    case OpType::kSqueeze:
    case OpType::kUnsqueeze:
      return {};
  }
  return {};
}

}  // namespace disco
