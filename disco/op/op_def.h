// SPDX-License-Identifier: Apache-2.0
// OpDef: all that is said of one type of op, in one place; see docs/design/ops.md. The definitions
// stand in one file per family. Semantics are ONNX's, of opset 17 or the newest form before it.
//
// Every definition has `infer`, `features` and `mixes_batch`; op_def_test names one that lacks
// them. Each other function may be null, with the meaning that stands beside it.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "disco/op/feature_rule.h"
#include "disco/op/fields.h"

namespace disco {

class BatchAxes;

// How many inputs and outputs an op may have; the first `least_inputs` have to be there.
struct Arity {
  static constexpr size_t kAny = std::numeric_limits<size_t>::max();
  size_t least_inputs = 1, most_inputs = 1, most_outputs = 1;
};

// What several modules ask of an op's type. A sum of these.
enum Trait : uint32_t {
  // Gives elements of its inputs, or what fills a Pad, as they are.
  kMovesElements = 1 << 0,
  // All elements of its first input in their order: another shape is all there is to do.
  kKeepsOrder = 1 << 1,
  // Elementwise, with one data input: may end the call of a product.
  kActivation = 1 << 2,
  // Adds and an activation that follow may become part of its call.
  kProduct = 1 << 3,
  // Slides a window over its spatial axes.
  kWindowed = 1 << 4,
  kWantsChannelsLast = 1 << 5,
  // Its output should have the layout of its first input, with kJoinsMaps that of all its inputs.
  kKeepsLayout = 1 << 6,
  kJoinsMaps = 1 << 7,
  // Kernels make it free.
  kTakesNoTime = 1 << 8,
  // Send and Receive: run by the program, not by a kernel.
  kExchange = 1 << 9,
  // In a file each of its Arity::most_outputs has a name.
  kNamesAllOutputs = 1 << 10,
  // Kernels list the places of the elements that it reads, though it computes.
  kListsPlaces = 1 << 11,
  // Kernels may make another number of an infinity or NaN.
  kClips = 1 << 12,
};

// An input that older opsets have as an attribute.
struct AttributeInput {
  std::string_view name;
  size_t slot = 1;
  int64_t last_opset = 0;  // that has the attribute
  enum class Kind { kIntegers, kFloat } kind = Kind::kIntegers;
  // Of a kFloat; nothing: without the attribute there is no input.
  std::optional<float> fallback = {};
};

struct TypedShape {
  DType dtype = DType::kF32;
  Shape shape;
};
using OutputTypes = std::vector<TypedShape>;  // by output slot, optional ones included

// Axes of a mixing op's weights, which are its input 1, that count output and input features.
struct MixingWeights {
  int output = 0, input = 1;
};

// One node's part of an op, while it is cut.
struct PartOfOp {
  const Graph& graph;
  const Op& op;
  const FeatureRule& rule;
  std::span<const int64_t> features;  // of output 0, that the node owns
};
// What a part has of its own: parameters, and constants in parameter slots.
struct Narrowed {
  OpParams params;
  std::vector<std::pair<size_t, Tensor>> constants = {};
};

inline constexpr size_t kNoSlot = std::numeric_limits<size_t>::max();
// What is written, unless an op has its form in a newer one only.
inline constexpr int64_t kWrittenOpset = 17;
// Of the ops that ONNX does not have.
inline constexpr std::string_view kDiscoDomain = "disco";

struct OpDef {
  OpType type;
  std::string_view name;
  std::string_view domain = "";  // "": ONNX's own
  Arity arity = {};
  void (*arity_of)(const Op&, Arity&) = nullptr;  // where an op's parameters change it
  uint32_t traits = 0;
  // Inputs from here on are parameters (shape, axes, pads, bounds): known at load, no data.
  size_t first_parameter = kNoSlot;
  // Constants from here on are statistics, which training does not learn by gradient.
  size_t first_statistic = kNoSlot;

  // The parameters where no attribute says otherwise.
  OpParams defaults = {};
  void (*fields)(FieldVisitor&, OpParams&) = nullptr;  // null: no attributes
  std::vector<AttributeInput> attribute_inputs = {};
  // What differs at an older opset, before attributes are read and after.
  void (*default_at)(int64_t opset, OpParams&) = nullptr;
  Status (*after_reading)(Op&, int64_t opset) = nullptr;
  // The oldest opset, at least kWrittenOpset, that has this form; null: that one.
  int64_t (*written_opset)(const Op&) = nullptr;
  // The op as it is said at `opset`; null: as it is. Shapes are inferred. Errors: no such form.
  Result<Op> (*at_opset)(const Graph&, const Op&, int64_t opset) = nullptr;

  Result<OutputTypes> (*infer)(const Graph&, const Op&) = nullptr;
  // Multiplications for one element of the output; null: none.
  int64_t (*depth)(const Graph&, const Op&) = nullptr;
  // Nothing where features do not mix through constant weights; null: never.
  std::optional<MixingWeights> (*mixing)(const Graph&, const Op&) = nullptr;
  FeatureRule (*features)(const FeatureQuery&) = nullptr;
  void (*narrow)(const PartOfOp&, Narrowed&) = nullptr;  // null: nothing of its own
  // Whether a result for one input of a batch depends on the others.
  bool (*mixes_batch)(const BatchAxes&) = nullptr;
  // Constants of input 1 that are written for one batch, in a form that fits any; null: there are
  // none.
  Result<std::optional<std::vector<int64_t>>> (*any_batch)(const Graph&, const Op&) = nullptr;
  // Its output, of that shape, when all inputs are constant; null: not computed at load.
  Tensor (*fold)(const Graph&, const Op&, const Shape&) = nullptr;

  bool Is(uint32_t all) const { return (traits & all) == all; }
  Arity ArityOf(const Op& op) const;
  bool IsParameter(size_t slot) const { return slot >= first_parameter; }
};

// In the order of their types.
std::span<const OpDef> AllOps();
const OpDef& DefOf(OpType type);
inline const OpDef& DefOf(const Op& op) { return DefOf(op.type); }

// Whether input `slot` of an op of this type is a parameter (OpDef::first_parameter).
inline bool IsParameterSlot(OpType type, size_t slot) { return DefOf(type).IsParameter(slot); }

}  // namespace disco
