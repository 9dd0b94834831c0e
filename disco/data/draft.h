// SPDX-License-Identifier: Apache-2.0
// A batch in the making. Private to the room.
//
// Thread rule: threads fill distinct rows at once; the members besides are guarded by the Loader.
// Errors: none; those of the rows are kept as texts.
#pragma once

#include "disco/data/loader.h"

namespace disco {

struct Draft {
  Tensor images;                      // float [B, C, H, W]
  float* pixels = nullptr;            // of `images`
  std::vector<Target> targets;        // [B]
  std::vector<std::string> problems;  // [B], empty = a good row
  int64_t missing = 0;                // rows not done
};

// `image` is [C, H, W].
Draft NewDraft(int64_t rows, const Shape& image);

// The rows of `draft` without problems, as batch `number` of its epoch.
Batch GoodRows(Draft draft, int64_t number);

}  // namespace disco
