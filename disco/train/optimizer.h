// SPDX-License-Identifier: Apache-2.0
// Optimizer: one step down the gradient. Private to the room: shows LibTorch types.
//
//   SGD with momentum:  v = m v + g + d w;                 w -= lr v
//   AdamW:              a = b1 a + (1 - b1) g;  s = b2 s + (1 - b2) g^2
//                       w -= lr (a' / (sqrt(s') + e) + d w)     (a', s' without their bias)
//
// SGD as Sutskever et al. 2013 in the form of today's frameworks; AdamW: Loshchilov and Hutter
// 2019. Weight decay d is for matrices and kernels only, not for biases and scales.
// Thread rule: one thread. Errors: none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/train/torch_network.h"

namespace disco {

enum class OptimizerKind { kSgd, kAdamW };
// "sgd", "adamw". Errors: kUsage.
Result<OptimizerKind> ParseOptimizerKind(std::string_view text);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double momentum = 0.9;  // of SGD; the first beta of AdamW
  double weight_decay = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // `step` counts from 0. Reads the gradients and leaves them.
  virtual void Step(int64_t step, double learning_rate) = 0;
  // Everything remembered between steps, by name. The tensors are the live ones: copy into them to
  // restore.
  struct State {
    std::string name;
    at::Tensor tensor;
  };
  virtual std::vector<State> states() const = 0;
};

// For the trained ones among `weights`, which it shares.
std::unique_ptr<Optimizer> MakeOptimizer(const OptimizerOptions& options,
                                         const std::vector<Weight>& weights);

}  // namespace disco
