// SPDX-License-Identifier: Apache-2.0
#include "disco/train/optimizer.h"

#include <cmath>

namespace disco {
namespace {

std::vector<Weight> Trained(const std::vector<Weight>& weights) {
  std::vector<Weight> trained;
  for (const Weight& weight : weights) {
    if (weight.trained()) trained.push_back(weight);
  }
  return trained;
}

std::vector<at::Tensor> ZerosLike(const std::vector<Weight>& weights) {
  std::vector<at::Tensor> zeros;
  for (const Weight& weight : weights) zeros.push_back(at::zeros_like(weight.tensor.detach()));
  return zeros;
}

void AddStates(const std::vector<Weight>& weights, const std::vector<at::Tensor>& tensors,
               std::string_view prefix, std::vector<Optimizer::State>& states) {
  for (size_t i = 0; i < weights.size(); ++i) {
    states.push_back({fmt::format("{}/{}", prefix, weights[i].name), tensors[i]});
  }
}

double DecayOf(const OptimizerOptions& options, const Weight& weight) {
  return weight.kind == WeightKind::kMatrix ? options.weight_decay : 0;
}

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, std::vector<Weight> weights)
      : options_(options), weights_(std::move(weights)), velocities_(ZerosLike(weights_)) {}

  void Step(int64_t, double learning_rate) override {
    const at::NoGradGuard no_gradients;
    for (size_t i = 0; i < weights_.size(); ++i) {
      at::Tensor weight = weights_[i].tensor;
      if (!weight.grad().defined()) continue;
      velocities_[i].mul_(options_.momentum).add_(weight.grad());
      const double decay = DecayOf(options_, weights_[i]);
      if (decay != 0) velocities_[i].add_(weight, decay);
      weight.sub_(velocities_[i], learning_rate);
    }
  }

  std::vector<State> states() const override {
    std::vector<State> states;
    AddStates(weights_, velocities_, "velocity", states);
    return states;
  }

 private:
  OptimizerOptions options_;
  std::vector<Weight> weights_;
  std::vector<at::Tensor> velocities_;
};

class AdamW : public Optimizer {
 public:
  AdamW(const OptimizerOptions& options, std::vector<Weight> weights)
      : options_(options),
        weights_(std::move(weights)),
        averages_(ZerosLike(weights_)),
        squares_(ZerosLike(weights_)) {}

  void Step(int64_t step, double learning_rate) override {
    const at::NoGradGuard no_gradients;
    const double beta1 = options_.momentum;
    const auto count = static_cast<double>(step + 1);
    const double bias1 = 1 - std::pow(beta1, count), bias2 = 1 - std::pow(kBeta2, count);
    for (size_t i = 0; i < weights_.size(); ++i) {
      at::Tensor weight = weights_[i].tensor;
      const at::Tensor gradient = weight.grad();
      if (!gradient.defined()) continue;
      weight.mul_(1 - learning_rate * DecayOf(options_, weights_[i]));
      averages_[i].mul_(beta1).add_(gradient, 1 - beta1);
      squares_[i].mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
      const at::Tensor deviation = (squares_[i] / bias2).sqrt_().add_(kEpsilon);
      weight.addcdiv_(averages_[i], deviation, -learning_rate / bias1);
    }
  }

  std::vector<State> states() const override {
    std::vector<State> states;
    AddStates(weights_, averages_, "average", states);
    AddStates(weights_, squares_, "square", states);
    return states;
  }

 private:
  static constexpr double kBeta2 = 0.999, kEpsilon = 1e-8;
  OptimizerOptions options_;
  std::vector<Weight> weights_;
  std::vector<at::Tensor> averages_, squares_;
};

}  // namespace

Result<OptimizerKind> ParseOptimizerKind(std::string_view text) {
  if (text == "sgd") return OptimizerKind::kSgd;
  if (text == "adamw") return OptimizerKind::kAdamW;
  return Fail(ErrorKind::kUsage, "optimizer '{}'; known are sgd and adamw", text);
}

std::unique_ptr<Optimizer> MakeOptimizer(const OptimizerOptions& options,
                                         const std::vector<Weight>& weights) {
  if (options.kind == OptimizerKind::kAdamW) {
    return std::make_unique<AdamW>(options, Trained(weights));
  }
  return std::make_unique<Sgd>(options, Trained(weights));
}

}  // namespace disco
