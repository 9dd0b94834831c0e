// SPDX-License-Identifier: Apache-2.0
#include "disco/train/evaluate.h"

#include "disco/train/torch_tensor.h"

namespace disco {

Status CheckStop(const StopQuestion& stop, std::string_view doing) {
  if (!stop()) return {};
  return Fail(ErrorKind::kInterrupted, "stopped while {}", doing);
}

std::vector<Tensor> AnswersOf(const std::vector<at::Tensor>& outputs, size_t count) {
  std::vector<Tensor> answers;
  for (size_t i = 0; i < count; ++i) answers.push_back(FromTorch(outputs[i].detach()));
  return answers;
}

Result<MetricValues> Evaluate(TorchNetwork& network, Loader& loader, const Measured& measured,
                              const StopQuestion& stop) {
  const at::NoGradGuard no_gradients;
  const auto meter = DefOf(measured.task).make_meter();
  loader.StartEpoch(0);
  while (true) {
    DISCO_TRY(CheckStop(stop, "measuring"));
    DISCO_ASSIGN(const std::optional<Batch> batch, loader.Next());
    if (!batch) break;
    DISCO_ASSIGN(const auto outputs,
                 network.Forward({ViewAsTorch(batch->images)}, ForwardMode::Inference()));
    meter->Add(AnswersOf(outputs, measured.answers), batch->targets);
  }
  if (meter->images() == 0)
    return Fail(ErrorKind::kInvalid, "no picture to measure on can be read");
  if (meter->nan_images() == 0) return meter->Values();
  return Fail(ErrorKind::kInvalid, "the network answers {} of {} pictures with NaN; {}",
              meter->nan_images(), meter->images(), kDivergedAdvice);
}

Status Recalibrate(TorchNetwork& network, Loader& loader, const Recalibration& recalibration,
                   const StopQuestion& stop) {
  const at::NoGradGuard no_gradients;
  loader.StartEpoch(recalibration.epoch);
  for (int64_t count = 1; count <= recalibration.batches; ++count) {
    DISCO_TRY(CheckStop(stop, "measuring"));
    DISCO_ASSIGN(const std::optional<Batch> batch, loader.Next());
    if (!batch) break;
    const ForwardMode measure{.batch_statistics = true,
                              .statistics_share = 1.0 / static_cast<double>(count)};
    DISCO_TRY(network.Forward({ViewAsTorch(batch->images)}, measure));
  }
  return {};
}

}  // namespace disco
