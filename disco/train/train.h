// SPDX-License-Identifier: Apache-2.0
// The two commands that need LibTorch: training a network, and making a trained one sparse.
//
// Progress and results go to stderr, figures to a log of JSON lines. A run that is interrupted, or
// killed, goes on from its checkpoint to the same result, bit for bit with one thread.
// Thread rule: one run at a time. Errors: those of recipe, data and network; kInterrupted after
// saving, when `stop` says so.
#pragma once

#include <functional>

#include "disco/base/file.h"
#include "disco/base/interrupt.h"
#include "disco/train/recipe.h"
#include "disco/train/report.h"

namespace disco {

struct RunOptions {
  Path recipe;      // the file it came from, which is not written over; may be empty
  Path out;         // the trained or sparse network, .onnx
  Path plan;        // sparsify: the plan, .json
  Path checkpoint;  // empty: <out>.checkpoint; gone when the run is done, refused without resume
  Path log;         // empty: <out>.log.jsonl
  bool resume = false;
  std::function<bool()> stop = Interrupted;  // asked before each batch
};

// Trains the recipe's network on its data.
Result<RunReport> Train(const Recipe& recipe, const RunOptions& options);

// Prunes the recipe's network, a trained .onnx file, by its method, and fine-tunes it. Every method
// gets the same epochs and the same learning rates; `disco` prunes in rounds, the fraction kept
// going geometrically from 1 to 1 - S, the others at once. Pruned weights are exactly zero, always.
// Features of other nodes are seen as they arrive over the recipe's wire, in fine-tuning and in all
// metrics but the one before pruning; scales of int8 are fixed when a round begins, and the plan
// carries the last ones.
Result<RunReport> Sparsify(const Recipe& recipe, const RunOptions& options);

}  // namespace disco
