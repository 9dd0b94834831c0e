// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "disco/graph/onnx_attributes.h"
#include "disco/graph/onnx_ops.h"
#include "disco/graph/onnx_tensor.h"

namespace disco {
namespace {

// One or two entries for each axis.
Status CheckPerAxis(const Op& op, const std::vector<int64_t>& list) {
  if (list.size() <= 2 * kMaxRank) return {};
  return OpError(op, ErrorKind::kInvalid, "an attribute has {} numbers, more than {}", list.size(),
                 2 * kMaxRank);
}

Result<Window> ReadWindow(const Attributes& attributes, const Op& op) {
  Window window;
  window.kernel = attributes.Ints("kernel_shape");
  window.strides = attributes.Ints("strides");
  window.dilations = attributes.Ints("dilations");
  const std::vector<int64_t> pads = attributes.Ints("pads");
  for (const auto& list : {window.kernel, window.strides, window.dilations, pads})
    DISCO_TRY(CheckPerAxis(op, list));
  if (pads.size() % 2 != 0)
    return OpError(op, ErrorKind::kInvalid, "pads has {} entries", pads.size());
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2);
  window.pads_begin.assign(pads.begin(), middle);
  window.pads_end.assign(middle, pads.end());
  const std::string mode = attributes.Text("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER") {
    window.auto_pad = AutoPad::kSameUpper;
  } else if (mode == "SAME_LOWER") {
    window.auto_pad = AutoPad::kSameLower;
  } else if (mode == "VALID") {
    window.auto_pad = AutoPad::kValid;
  } else if (mode != "NOTSET") {
    return OpError(op, ErrorKind::kInvalid, "auto_pad is '{}'", mode);
  }
  return window;
}

// Puts a constant into input `slot`, where newer opsets have it. Named after the output: names of
// ops may stand twice.
void SetInput(const OpReading& into, Op& op, size_t slot, std::string_view what, Tensor tensor) {
  if (op.inputs.size() <= slot) op.inputs.resize(slot + 1, kNoValue);
  const std::string& owner = op.HasOutput(0) ? into.graph.value(op.outputs[0]).name : op.name;
  op.inputs[slot] = into.graph.AddConstant(into.names.Fresh(fmt::format("{}.{}", owner, what)),
                                           std::move(tensor));
}

// Where the opset has the axes as an attribute still.
void AxesAttributeToInput(const Attributes& attributes, const OpReading& into, Op& op) {
  const int64_t first_as_input = op.type == OpType::kReduceMean ? 18 : 13;
  if (into.opset < first_as_input && attributes.Has("axes"))
    SetInput(into, op, 1, "axes", Tensor::Indices(attributes.Ints("axes")));
}

void ReadClip(const Attributes& attributes, const OpReading& into, Op& op) {
  if (into.opset >= 11) return;
  constexpr float kMax = std::numeric_limits<float>::max();
  SetInput(into, op, 1, "min", Tensor::Scalar(attributes.Float("min", -kMax)));
  SetInput(into, op, 2, "max", Tensor::Scalar(attributes.Float("max", kMax)));
}

Status ReadPad(const Attributes& attributes, const OpReading& into, Op& op) {
  PadParams params;
  const std::string mode = attributes.Text("mode", "constant");
  if (mode == "reflect") {
    params.mode = PadMode::kReflect;
  } else if (mode == "edge") {
    params.mode = PadMode::kEdge;
  } else if (mode == "wrap") {
    params.mode = PadMode::kWrap;
  } else if (mode != "constant") {
    return OpError(op, ErrorKind::kUnsupported, "mode '{}'", mode);
  }
  op.params = params;
  if (into.opset < 11) {
    SetInput(into, op, 1, "pads", Tensor::Indices(attributes.Ints("pads")));
    SetInput(into, op, 2, "value", Tensor::Scalar(attributes.Float("value", 0)));
  }
  return {};
}

Status ReadFill(const Attributes& attributes, Op& op) {
  FillParams params;
  if (const auto* value = attributes.Tensor("value"); value != nullptr) {
    ExternalFiles none;
    DISCO_ASSIGN(const Tensor tensor, TensorFromOnnx(*value, none));
    if (tensor.elements() != 1)
      return OpError(op, ErrorKind::kInvalid, "value has to be one number");
    params.dtype = tensor.dtype();
    params.value = VisitDType(tensor.dtype(),
                              [&]<class T>() { return static_cast<double>(tensor.Data<T>()[0]); });
    if (SizeOf(tensor.dtype()) == 8 && tensor.dtype() != DType::kF64 &&
        std::abs(params.value) > 0x1p53) {
      return OpError(op, ErrorKind::kUnsupported, "value {} is beyond 2^53", params.value);
    }
  }
  op.params = params;
  return {};
}

Result<std::vector<int64_t>> Ints32(const Attributes& attributes, const Op& op, const char* name) {
  std::vector<int64_t> values = attributes.Ints(name);
  for (const int64_t value : values) {
    if (value < 0 || value > std::numeric_limits<int32_t>::max()) {
      return OpError(op, ErrorKind::kInvalid, "{} holds {}", name, value);
    }
  }
  return values;
}

Result<int32_t> Int32(const Attributes& attributes, const Op& op, const char* name) {
  const int64_t value = attributes.Int(name, -1);
  if (value < 0 || value > std::numeric_limits<int32_t>::max()) {
    return OpError(op, ErrorKind::kInvalid, "{} is {}", name, value);
  }
  return static_cast<int32_t>(value);
}

Result<Wire> ReadWire(const Attributes& attributes, const Op& op, int64_t features) {
  auto type = ParseWireType(attributes.Text("wire", Name(WireType::kF32)));
  if (!type) return OpError(op, ErrorKind::kInvalid, "{}", type.error().message);
  Wire wire{.type = *type};
  const std::vector<float> low = attributes.Floats("low"), step = attributes.Floats("step");
  if (low.size() != step.size())
    return OpError(op, ErrorKind::kInvalid, "{} low and {} step", low.size(), step.size());
  for (size_t i = 0; i < low.size(); ++i) wire.scales.push_back({low[i], step[i]});
  if (const Status fits = CheckWire(wire, features); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  return wire;
}

Status ReadSend(const Attributes& attributes, Op& op) {
  SendParams params;
  DISCO_ASSIGN(params.to, Int32(attributes, op, "to"));
  DISCO_ASSIGN(params.transfer, Int32(attributes, op, "transfer"));
  DISCO_ASSIGN(params.axis, Int32(attributes, op, "axis"));
  DISCO_ASSIGN(params.features, Ints32(attributes, op, "features"));
  if (std::ranges::adjacent_find(params.features, std::ranges::greater_equal()) !=
      params.features.end())
    return OpError(op, ErrorKind::kInvalid, "its features do not ascend");
  DISCO_ASSIGN(params.stride, Ints32(attributes, op, "stride"));
  DISCO_ASSIGN(params.wire, ReadWire(attributes, op, static_cast<int64_t>(params.features.size())));
  params.with_next = attributes.Int("with_next", 0) != 0;
  op.params = std::move(params);
  return {};
}

Status ReadReceive(const Attributes& attributes, Op& op) {
  ReceiveParams params;
  DISCO_ASSIGN(params.axis, Int32(attributes, op, "axis"));
  DISCO_ASSIGN(std::vector<int64_t> dims, Ints32(attributes, op, "shape"));
  DISCO_ASSIGN(const std::vector<int64_t> from, Ints32(attributes, op, "from"));
  DISCO_ASSIGN(const std::vector<int64_t> transfers, Ints32(attributes, op, "transfers"));
  DISCO_ASSIGN(const std::vector<int64_t> features, Ints32(attributes, op, "features"));
  params.shape = Shape(std::move(dims));
  if (const Status fits = CheckShape(params.shape); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  if (from.size() != transfers.size() || from.size() != features.size() || from.empty() ||
      params.axis >= params.shape.rank()) {
    return OpError(op, ErrorKind::kInvalid, "its sources do not fit together");
  }
  int64_t total = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (features[i] < 1)
      return OpError(op, ErrorKind::kInvalid, "node {} sends {} features", from[i], features[i]);
    params.sources.push_back(
        {static_cast<int32_t>(from[i]), static_cast<int32_t>(transfers[i]), features[i]});
    total += features[i];
  }
  if (total > params.shape[params.axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come for shape {}", total,
                   ToString(params.shape));
  }
  DISCO_ASSIGN(params.wire, ReadWire(attributes, op, total));
  op.params = std::move(params);
  return {};
}

Status ReadBatchNorm(const Attributes& attributes, int64_t opset, Op& op) {
  BatchNormParams params;
  params.epsilon = attributes.Float("epsilon", params.epsilon);
  params.momentum = attributes.Float("momentum", params.momentum);
  params.training = attributes.Int("training_mode", 0) != 0;
  if ((opset < 14 && op.outputs.size() > 1) || attributes.Int("spatial", 1) != 1) {
    return OpError(op, ErrorKind::kUnsupported, "its training form of opset {}", opset);
  }
  op.params = params;
  return {};
}

void ReadSoftmax(const Attributes& attributes, int64_t opset, Op& op) {
  op.params = SoftmaxParams{.axis = attributes.Int("axis", opset < 13 ? 1 : -1),
                            .over_all_from_axis = opset < 13};
}

void ReadGemm(const Attributes& attributes, Op& op) {
  op.params = GemmParams{.alpha = attributes.Float("alpha", 1),
                         .beta = attributes.Float("beta", 1),
                         .transpose_a = attributes.Int("transA", 0) != 0,
                         .transpose_b = attributes.Int("transB", 0) != 0};
}

void ReadLrn(const Attributes& attributes, Op& op) {
  op.params = LrnParams{.alpha = attributes.Float("alpha", 1e-4f),
                        .beta = attributes.Float("beta", 0.75f),
                        .bias = attributes.Float("bias", 1),
                        .size = attributes.Int("size", 1)};
}

Status ReadPool(const Attributes& attributes, Op& op) {
  PoolParams params{.ceil_mode = attributes.Int("ceil_mode", 0) != 0};
  DISCO_ASSIGN(params.window, ReadWindow(attributes, op));
  if (op.type == OpType::kMaxPool) {
    params.column_major = attributes.Int("storage_order", 0) != 0;
  } else {
    params.count_include_pad = attributes.Int("count_include_pad", 0) != 0;
  }
  op.params = std::move(params);
  return {};
}

void ReadDropout(const Attributes& attributes, int64_t opset, Op& op) {
  op.params = DropoutParams{attributes.Int("seed", 0)};
  if (opset < 12) attributes.Ignore("ratio");
}

Status ReadParams(const Attributes& attributes, const OpReading& into, Op& op) {
  switch (op.type) {
    case OpType::kConv: {
      DISCO_ASSIGN(Window window, ReadWindow(attributes, op));
      op.params = ConvParams{std::move(window), attributes.Int("group", 1)};
      return {};
    }
    case OpType::kMaxPool:
    case OpType::kAveragePool:
      return ReadPool(attributes, op);
    case OpType::kReduceMean:
      op.params =
          ReduceParams{.keep_dims = attributes.Int("keepdims", 1) != 0,
                       .nothing_without_axes = attributes.Int("noop_with_empty_axes", 0) != 0};
      AxesAttributeToInput(attributes, into, op);
      return {};
    case OpType::kConcat:
      if (!attributes.Has("axis")) return OpError(op, ErrorKind::kInvalid, "axis is missing");
      op.params = AxisParams{attributes.Int("axis", 1)};
      return {};
    case OpType::kBatchNormalization:
      return ReadBatchNorm(attributes, into.opset, op);
    case OpType::kClip:
      ReadClip(attributes, into, op);
      return {};
    case OpType::kConstantOfShape:
      return ReadFill(attributes, op);
    case OpType::kDropout:
      ReadDropout(attributes, into.opset, op);
      return {};
    case OpType::kFlatten:
      op.params = AxisParams{attributes.Int("axis", 1)};
      return {};
    case OpType::kGather:
      op.params = AxisParams{attributes.Int("axis", 0)};
      return {};
    case OpType::kGemm:
      ReadGemm(attributes, op);
      return {};
    case OpType::kLeakyRelu:
      op.params = LeakyReluParams{attributes.Float("alpha", 0.01f)};
      return {};
    case OpType::kLrn:
      ReadLrn(attributes, op);
      return {};
    case OpType::kPad:
      return ReadPad(attributes, into, op);
    case OpType::kReceive:
      return ReadReceive(attributes, op);
    case OpType::kReshape:
      op.params = ReshapeParams{attributes.Int("allowzero", 0) != 0};
      return {};
    case OpType::kSend:
      return ReadSend(attributes, op);
    case OpType::kSoftmax:
      ReadSoftmax(attributes, into.opset, op);
      return {};
    case OpType::kSqueeze:
    case OpType::kUnsqueeze:
      AxesAttributeToInput(attributes, into, op);
      return {};
    case OpType::kTranspose:
      op.params = TransposeParams{attributes.Ints("perm")};
      return CheckPerAxis(op, op.as<TransposeParams>().permutation);
    case OpType::kAdd:
    case OpType::kGlobalAveragePool:
    case OpType::kHardSwish:
    case OpType::kIdentity:
    case OpType::kMatMul:
    case OpType::kMul:
    case OpType::kRelu:
    case OpType::kSigmoid:
      return {};
  }
  return {};
}

}  // namespace

Status ReadAttributes(const onnx::NodeProto& proto, const OpReading& into, Op& op) {
  const Attributes attributes(proto);
  attributes.Ignore("consumed_inputs");  // memory that may be reused, in the oldest files
  DISCO_TRY(ReadParams(attributes, into, op));
  if (const Status all = attributes.CheckAllRead(); !all)
    return OpError(op, all.error().kind, "{}", all.error().message);
  return {};
}

}  // namespace disco
