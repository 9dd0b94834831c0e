// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/layout.h"

#include <algorithm>

#include "disco/op/op_def.h"

namespace disco::onednn {
namespace {

constexpr int kMostAxes = 5;  // of a convolution in oneDNN

class LayoutFinder {
 public:
  explicit LayoutFinder(const Graph& graph)
      : graph_(graph),
        index_(graph),
        layouts_(graph.values.size(), Layout::kPlain),
        done_(graph.ops.size(), false) {}

  std::vector<Layout> Find() {
    for (const Op& op : graph_.ops) {
      if (DefOf(op).Is(kWantsChannelsLast)) Spread(op);
    }
    while (!reached_.empty()) {
      const ValueId id = reached_.back();
      reached_.pop_back();
      if (index_.producer(id) != GraphIndex::kNoOp) SpreadFrom(id, index_.producer(id));
      for (const OpId reader : index_.readers(id)) SpreadFrom(id, reader);
    }
    return std::move(layouts_);
  }

 private:
  Layout& At(ValueId id) { return layouts_[static_cast<size_t>(id)]; }

  // The values of `op` that are feature maps of the rank of its first output.
  std::vector<ValueId> FeatureMaps(const Op& op) const {
    std::vector<ValueId> maps;
    if (!op.HasOutput(0)) return maps;
    const int rank = graph_.value(op.outputs[0]).shape.rank();
    const auto consider = [&](ValueId id) {
      if (id == kNoValue) return;
      const Value& value = graph_.value(id);
      if (value.dtype == DType::kF32 && value.shape.rank() == rank) maps.push_back(id);
    };
    if (rank < 3 || rank > kMostAxes) return maps;
    const size_t inputs = DefOf(op).Is(kJoinsMaps) ? op.inputs.size() : 1;
    for (size_t slot = 0; slot < inputs; ++slot) consider(op.inputs[slot]);
    std::ranges::for_each(op.outputs, consider);
    return maps;
  }

  void Spread(const Op& op) {
    for (const ValueId id : FeatureMaps(op)) {
      if (At(id) != Layout::kChannelsLast) reached_.push_back(id);
      At(id) = Layout::kChannelsLast;
    }
  }

  // From a value that lies channels last to those that `op` keeps like it.
  void SpreadFrom(ValueId id, OpId op_id) {
    const Op& op = graph_.op(op_id);
    const bool keeps = (DefOf(op).traits & (kKeepsLayout | kWantsChannelsLast)) != 0;
    if (!keeps || done_[static_cast<size_t>(op_id)]) return;
    const std::vector<ValueId> maps = FeatureMaps(op);
    if (std::ranges::find(maps, id) == maps.end()) return;
    Spread(op);
    done_[static_cast<size_t>(op_id)] = true;
  }

  const Graph& graph_;
  GraphIndex index_;
  std::vector<Layout> layouts_;
  std::vector<ValueId> reached_;  // whose neighbours are still to be looked at
  std::vector<bool> done_;        // ops all of whose maps lie channels last
};

}  // namespace

std::vector<Layout> LayoutsOf(const Graph& graph) { return LayoutFinder(graph).Find(); }

std::vector<int64_t> StridesOf(const Shape& shape, Layout layout) {
  if (layout == Layout::kPlain) return shape.strides();
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 1);
  int64_t stride = shape[1];
  for (int axis = shape.rank(); axis-- > 2;) {
    strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  strides[0] = stride;
  return strides;
}

bool LiesPlain(const Shape& shape, Layout layout) {
  return layout == Layout::kPlain || shape[1] == 1 || shape.elements(2, shape.rank()) == 1;
}

}  // namespace disco::onednn
