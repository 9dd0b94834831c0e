// SPDX-License-Identifier: Apache-2.0
#include "disco/train/calibrate_wires.h"

#include "disco/plan/calibrate.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

// Every value of so many pictures is kept at once.
constexpr int64_t kTogether = 8;

Status Add(const TorchNetwork& network, const at::Tensor& images, Calibration& calibration) {
  DISCO_ASSIGN(const auto values, network.Forward({images}, ForwardMode::Inference()));
  for (size_t i = 0; i < values.size(); ++i) DISCO_TRY(calibration.Add(i, FromTorch(values[i])));
  return {};
}

}  // namespace

Result<Plan> CalibrateWires(const Graph& graph, Plan plan, Loader& loader,
                            const CalibrationPictures& pictures, const StopQuestion& stop) {
  Calibration calibration(plan);
  if (calibration.names().empty()) return plan;  // one node sends nothing
  DISCO_ASSIGN(const TorchNetwork network, TorchNetwork::Make(calibration.Watched(graph)));
  const at::NoGradGuard no_gradients;
  loader.StartEpoch(pictures.epoch);
  for (int64_t seen = 0; seen < pictures.images;) {
    DISCO_TRY(CheckStop(stop, "calibrating"));
    DISCO_ASSIGN(const std::optional<Batch> batch, loader.Next());
    if (!batch) break;
    const at::Tensor images = ViewAsTorch(batch->images);
    const int64_t count = std::min(images.size(0), pictures.images - seen);
    for (int64_t i = 0; i < count; i += kTogether)
      DISCO_TRY(Add(network, images.narrow(0, i, std::min(kTogether, count - i)), calibration));
    seen += count;
  }
  return calibration.Apply(std::move(plan));
}

}  // namespace disco
