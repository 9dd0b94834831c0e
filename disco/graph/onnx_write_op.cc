// SPDX-License-Identifier: Apache-2.0
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

void WritePool(const Op& op, AttributeWriter& writer) {
  const auto& params = op.as<PoolParams>();
  WriteWindow(params.window, writer);
  if (params.ceil_mode) writer.Int("ceil_mode", 1);
  const bool max = op.type == OpType::kMaxPool;
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

// At opset 17 the axes of ReduceMean are an attribute, and no axes always means all.
Status WriteReduce(const Graph& graph, const Op& op, onnx::NodeProto& proto,
                   AttributeWriter& writer) {
  const auto& params = op.as<ReduceParams>();
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

Status WritePad(const Op& op, AttributeWriter& writer) {
  constexpr const char* kModes[] = {"constant", "reflect", "edge", "wrap"};
  const PadMode mode = op.as<PadParams>().mode;
  if (mode == PadMode::kWrap || op.HasInput(3)) {
    return OpError(op, ErrorKind::kUnsupported, "opset {} has no such padding", kWrittenOpset);
  }
  writer.Text("mode", kModes[static_cast<size_t>(mode)]);
  return {};
}

// The form before opset 13 equals the new one where everything after the axis has extent 1.
Status WriteSoftmax(const Graph& graph, const Op& op, AttributeWriter& writer) {
  const auto& params = op.as<SoftmaxParams>();
  const Shape& shape = graph.value(op.inputs[0]).shape;
  if (params.over_all_from_axis) {
    const auto axis = NormalizeAxis(params.axis, shape.rank());
    if (!axis)
      return OpError(op, ErrorKind::kInvalid, "it cannot be written before its shape is inferred");
    if (shape.elements(*axis + 1, shape.rank()) != 1) {
      return OpError(op, ErrorKind::kUnsupported, "opset {} has no softmax over several axes",
                     kWrittenOpset);
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

Status WriteOp(const Graph& graph, const Op& op, onnx::NodeProto& proto) {
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
      WritePool(op, writer);
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
      return WritePad(op, writer);
    case OpType::kReduceMean:
      return WriteReduce(graph, op, proto, writer);
    case OpType::kReshape:
      if (op.as<ReshapeParams>().allow_zero) writer.Int("allowzero", 1);
      return {};
    case OpType::kSoftmax:
      return WriteSoftmax(graph, op, writer);
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
