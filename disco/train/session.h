// SPDX-License-Identifier: Apache-2.0
// What a run works on: network, data, log, opened from a recipe.
//
// Preprocessing is the recipe's; else what the .onnx file carries in its metadata; else the
// network's image size, shorter side fitted, mean 0.5, deviation 0.25. Private to the module.
// Thread rule: one thread. Errors: kUsage, kInvalid, kIo, kUnsupported naming the file or flag; an
// unfinished run's checkpoint is kUsage without `resume`, and so is none with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/data/loader.h"
#include "disco/data/task.h"
#include "disco/graph/graph.h"
#include "disco/train/run_identity.h"
#include "disco/train/run_log.h"
#include "disco/train/train.h"

namespace disco {

struct TrainSession {
  Recipe recipe;
  RunOptions options;  // with all paths filled in
  Task task = Task::kClassification;
  Graph graph;  // shapes inferred; carries preprocessing and class names as metadata
  std::unique_ptr<Loader> train, val;
  int64_t train_images = 0;
  std::vector<std::string> notes;  // of the data
  RunLog log;
  RunIdentity identity;
};

Result<TrainSession> OpenTrainSession(const Recipe& recipe, const RunOptions& options);

// Says on stderr and in the log what will be done, and on what.
void Announce(TrainSession& session);

// Writes the graph to `out`, drops the checkpoint, logs the report with the files in it.
Status Conclude(TrainSession& session, RunReport& report);

}  // namespace disco
