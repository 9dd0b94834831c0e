// SPDX-License-Identifier: Apache-2.0
// Measuring a network, and measuring the statistics it normalises with. Private to the room: shows
// LibTorch types. Thread rule: one thread beside those of the Loader. Errors: those of the Loader
// and of Forward; kInterrupted when `stop` says so.
#pragma once

#include <functional>
#include <vector>

#include "disco/data/loader.h"
#include "disco/data/task.h"
#include "disco/train/torch_network.h"

namespace disco {

using StopQuestion = std::function<bool()>;
// kInterrupted, "stopped while `doing`", when `stop` says so.
Status CheckStop(const StopQuestion& stop, std::string_view doing);

// What to do about a run whose numbers stop being finite.
inline constexpr const char* kDivergedAdvice =
    "lower the learning rate (--lr), or raise --batch or --warmup-epochs";

// The first `count` of what a network gives, as its answers.
std::vector<Tensor> AnswersOf(const std::vector<at::Tensor>& outputs, size_t count);

struct Measured {
  Task task = Task::kClassification;
  size_t answers = 1;  // outputs of the network that are answers; they come first
};
// Over one epoch of `loader`, in float. Errors: kInvalid when no picture can be read, or when an
// answer is NaN.
Result<MetricValues> Evaluate(TorchNetwork& network, Loader& loader, const Measured& measured,
                              const StopQuestion& stop);

// BatchNormalization's running statistics become the plain average over the first `batches` batches
// of epoch `epoch` of `loader`.
struct Recalibration {
  int64_t epoch = 0, batches = 0;
};
Status Recalibrate(TorchNetwork& network, Loader& loader, const Recalibration& recalibration,
                   const StopQuestion& stop);

}  // namespace disco
