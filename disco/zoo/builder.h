// SPDX-License-Identifier: Apache-2.0
// Layers with fresh weights, appended to a graph. Private to the room.
#pragma once

#include <string>

#include "disco/base/random.h"
#include "disco/graph/graph.h"

namespace disco {

struct ConvLayer {
  int64_t features = 0;  // output
  int64_t kernel = 1;
  int64_t stride = 1;
};

enum class Weights {
  kDrawn,
  kCounted,  // left empty, so that a network's size is known before anything of it is allocated
};

class Builder {
 public:
  Builder(Graph& graph, uint64_t seed, Weights weights)
      : graph_(graph), seed_(seed), weights_(weights) {}

  // Conv without bias, padded to keep the extent at stride 1; weights He-normal over fan-out.
  ValueId Conv(const std::string& name, ValueId input, const ConvLayer& layer);
  // scale 1, shift 0, mean 0, variance 1.
  ValueId BatchNorm(const std::string& name, ValueId input);
  ValueId Relu(const std::string& name, ValueId input);
  ValueId Add(const std::string& name, ValueId a, ValueId b);
  ValueId MaxPool(const std::string& name, ValueId input, const ConvLayer& window);
  // Global average pool, flatten, Gemm to `classes`, called "logits".
  ValueId Classifier(ValueId input, int64_t classes);

  // The builder's own record of widths, kept because shapes are inferred only when the network is
  // whole.
  void SetFeatures(ValueId value, int64_t features) { features_[value] = features; }

  // Weights of all layers so far, running statistics too; a real number, for it may be beyond
  // int64_t.
  double parameters() const { return parameters_; }

 private:
  int64_t FeaturesOf(ValueId value) const { return features_.at(value); }
  // Allocated where weights are wanted.
  Tensor Allocate(const Shape& shape);
  Tensor Normal(const std::string& name, const Shape& shape, double deviation);
  Tensor Filled(int64_t features, float value);

  Graph& graph_;
  uint64_t seed_;
  Weights weights_;
  double parameters_ = 0;
  std::map<ValueId, int64_t> features_;
};

}  // namespace disco
