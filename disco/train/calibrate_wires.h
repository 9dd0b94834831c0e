// SPDX-License-Identifier: Apache-2.0
// The scales at which features travel as int8, from training pictures. Private to the module.
// Thread rule: one thread beside those of the Loader. Errors: those of the Loader and of LibTorch;
// kInterrupted when `stop` says so.
#pragma once

#include "disco/train/evaluate.h"

namespace disco {

struct CalibrationPictures {
  int64_t epoch = 0;   // of the loader
  int64_t images = 0;  // the first of it; fewer where it has fewer
};

// `plan` with features travelling as int8, scaled to the values that `graph`, whose weights the
// plan has pruned, has on these pictures.
Result<Plan> CalibrateWires(const Graph& graph, Plan plan, Loader& loader,
                            const CalibrationPictures& pictures, const StopQuestion& stop);

}  // namespace disco
