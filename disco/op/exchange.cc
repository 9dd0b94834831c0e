// SPDX-License-Identifier: Apache-2.0
// Send and Receive, the ops of domain "disco": they stand in shards only, and no feature rule or
// batch rule applies.
#include <algorithm>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

void WireFields(FieldVisitor& visitor, Wire& wire) {
  std::string type(Name(wire.type));
  std::vector<float> low, step;
  for (const FeatureScale& scale : wire.scales) {
    low.push_back(scale.low);
    step.push_back(scale.step);
  }
  visitor.Text("wire", type);
  visitor.Floats("low", low);
  visitor.Floats("step", step);
  if (low.size() != step.size())
    return visitor.Refuse(fmt::format("{} low and {} step", low.size(), step.size()));
  if (const auto parsed = ParseWireType(type)) {
    wire.type = *parsed;
  } else {
    visitor.Refuse(parsed.error().message);
  }
  wire.scales.clear();
  for (size_t i = 0; i < low.size(); ++i) wire.scales.push_back({low[i], step[i]});
}

void SendFields(FieldVisitor& visitor, OpParams& params) {
  auto& send = std::get<SendParams>(params);
  visitor.Index("to", send.to);
  visitor.Index("transfer", send.transfer);
  visitor.Index("axis", send.axis);
  visitor.Indices("features", send.features);
  visitor.Indices("stride", send.stride);
  WireFields(visitor, send.wire);
  visitor.Flag("with_next", send.with_next);
}

Status CheckSend(Op& op, int64_t) {
  const auto& params = op.as<SendParams>();
  if (std::ranges::adjacent_find(params.features, std::ranges::greater_equal()) !=
      params.features.end())
    return OpError(op, ErrorKind::kInvalid, "its features do not ascend");
  if (const Status fits = CheckWire(params.wire, std::ssize(params.features)); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  return {};
}

Result<OutputTypes> InferSend(const Graph&, const Op&) { return OutputTypes{}; }

void ReceiveFields(FieldVisitor& visitor, OpParams& params) {
  auto& receive = std::get<ReceiveParams>(params);
  std::vector<int64_t> dims = receive.shape.dims(), from, transfers, features;
  for (const auto& source : receive.sources) {
    from.push_back(source.from);
    transfers.push_back(source.transfer);
    features.push_back(source.features);
  }
  visitor.Index("axis", receive.axis);
  visitor.Indices("shape", dims);
  visitor.Indices("from", from);
  visitor.Indices("transfers", transfers);
  visitor.Indices("features", features);
  WireFields(visitor, receive.wire);
  if (from.size() != transfers.size() || from.size() != features.size() || from.empty())
    return visitor.Refuse("its sources do not fit together");
  receive.shape = Shape(std::move(dims));
  receive.sources.clear();
  for (size_t i = 0; i < from.size(); ++i)
    receive.sources.push_back(
        {static_cast<int32_t>(from[i]), static_cast<int32_t>(transfers[i]), features[i]});
}

Status CheckReceive(Op& op, int64_t) {
  const auto& params = op.as<ReceiveParams>();
  if (const Status fits = CheckShape(params.shape); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  if (params.axis >= params.shape.rank())
    return OpError(op, ErrorKind::kInvalid, "its sources do not fit together");
  int64_t total = 0;
  for (const auto& source : params.sources) {
    if (source.features < 1)
      return OpError(op, ErrorKind::kInvalid, "node {} sends {} features", source.from,
                     source.features);
    total += source.features;
  }
  if (total > params.shape[params.axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come for shape {}", total,
                   ToString(params.shape));
  }
  if (const Status fits = CheckWire(params.wire, total); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  return {};
}

// Whether `part` is `whole` but for its extent along `axis`.
bool IsPartAlong(const Shape& part, const Shape& whole, int axis) {
  Shape filled = part;
  if (axis < part.rank()) filled[axis] = whole[axis];
  return filled == whole;
}

// Again at every inference, because SetBatch may have changed the axis that the features are on.
Result<OutputTypes> InferReceive(const Graph& graph, const Op& op) {
  const auto& params = op.as<ReceiveParams>();
  if (op.HasInput(0) && graph.value(op.inputs[0]).dtype != DType::kF32) {
    return OpError(op, ErrorKind::kUnsupported, "only float32 travels, '{}' is {}",
                   graph.value(op.inputs[0]).name, Name(graph.value(op.inputs[0]).dtype));
  }
  int64_t features = 0;
  if (op.HasInput(0) && params.axis >= 0 && params.axis < params.shape.rank()) {
    const Shape& own = InputShape(graph, op);
    if (!IsPartAlong(own, params.shape, params.axis)) {
      return OpError(op, ErrorKind::kInvalid, "{} cannot be the first part of {} along axis {}",
                     ToString(own), ToString(params.shape), params.axis);
    }
    features = own[params.axis];
  }
  for (const auto& source : params.sources) features += source.features;
  if (params.axis < 0 || params.axis >= params.shape.rank() ||
      features != params.shape[params.axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come for axis {} of {}", features,
                   params.axis, ToString(params.shape));
  }
  return OutputTypes{{DType::kF32, params.shape}};
}

}  // namespace

std::span<const OpDef> ExchangeOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kReceive,
       .name = "Receive",
       .domain = kDiscoDomain,
       .arity = {0, 1, 1},
       .traits = kExchange | kTakesNoTime | kKeepsLayout | kJoinsMaps,
       .defaults = ReceiveParams{},
       .fields = ReceiveFields,
       .after_reading = CheckReceive,
       .infer = InferReceive,
       .features = NoFeatureRule,
       .mixes_batch = StaysApart},
      {.type = OpType::kSend,
       .name = "Send",
       .domain = kDiscoDomain,
       .arity = {1, 1, 0},
       .traits = kExchange | kTakesNoTime | kClips,
       .defaults = SendParams{},
       .fields = SendFields,
       .after_reading = CheckSend,
       .infer = InferSend,
       .features = NoFeatureRule,
       .mixes_batch = StaysApart},
  };
  return defs;
}

}  // namespace disco
