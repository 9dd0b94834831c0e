// SPDX-License-Identifier: Apache-2.0
// Graph: a network (dense, sparse or one shard) in memory, with the semantics of ONNX.
//
// Ops stand in an order in which they can run; values are the tensors on the edges; a value with
// `constant` is a weight or a parameter of an op. The same graph is read by training, kernels, plan
// and cost. Thread rule: a plain value; many threads may read one graph.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disco/graph/op.h"
#include "disco/tensor/tensor.h"

namespace disco {

using ValueId = int32_t;                 // position in Graph::values
using OpId = int32_t;                    // position in Graph::ops
inline constexpr ValueId kNoValue = -1;  // an optional input or output that is absent

struct Value {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;  // of inputs and constants: given; of the others: after InferShapes
  std::optional<Tensor> constant;
};

struct Op {
  std::string name;
  OpType type = OpType::kIdentity;
  OpParams params;
  std::vector<ValueId> inputs, outputs;

  template <class Params>
  const Params& as() const {
    return std::get<Params>(params);
  }
  bool HasInput(size_t slot) const { return slot < inputs.size() && inputs[slot] != kNoValue; }
  bool HasOutput(size_t slot) const { return slot < outputs.size() && outputs[slot] != kNoValue; }
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<ValueId> inputs, outputs;
  std::map<std::string, std::string> metadata;

  ValueId AddValue(std::string value_name, DType dtype = DType::kF32, Shape shape = {});
  ValueId AddConstant(std::string value_name, Tensor tensor);
  // Appends an op with one new output value of the same name and returns that value; a Send has
  // none, kNoValue.
  ValueId AddOp(OpType type, std::string op_name, std::vector<ValueId> op_inputs,
                OpParams params = {});

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  const Op& op(OpId id) const { return ops[static_cast<size_t>(id)]; }
  bool IsConstant(ValueId id) const { return id != kNoValue && value(id).constant.has_value(); }
  // The constant in input `slot` of `op`, or null when the slot is empty or not constant.
  const Tensor* ConstantInput(const Op& op, size_t slot) const;
};

// Who makes and who reads each value; valid while the graph's ops stay as they are.
class GraphIndex {
 public:
  explicit GraphIndex(const Graph& graph);
  // kNoOp for inputs and constants.
  static constexpr OpId kNoOp = -1;
  OpId producer(ValueId value) const { return producers_[static_cast<size_t>(value)]; }
  // In order; an op that reads a value twice stands twice.
  const std::vector<OpId>& readers(ValueId value) const {
    return readers_[static_cast<size_t>(value)];
  }
  bool IsOutput(ValueId value) const { return is_output_[static_cast<size_t>(value)]; }
  // Whether one op reads `value`, once, and nobody else ever sees it.
  bool HasOneReader(ValueId value) const { return readers(value).size() == 1 && !IsOutput(value); }

 private:
  std::vector<OpId> producers_;
  std::vector<std::vector<OpId>> readers_;
  std::vector<bool> is_output_;
};

// Errors: kInvalid naming a constant that holds what is not a number: some kernels would clip it
// into an answer that looks like one.
Status CheckNumbers(const Graph& graph);

// Drops ops, values and optional outputs (masks, indices) that no output needs. What has no output,
// as Send, counts as needed.
void RemoveUnused(Graph& graph);

}  // namespace disco
