// SPDX-License-Identifier: Apache-2.0
// What decides the result of a run: settings, first weights, data. A checkpoint carries it, so that
// only the same run goes on from it. Private to the module.
// Thread rule: plain values. Errors: kInvalid for a checkpoint of another run, saying what differs,
// or of no run.
#pragma once

#include <string>
#include <vector>

#include "disco/data/dataset.h"
#include "disco/train/checkpoint.h"
#include "disco/train/recipe.h"

namespace disco {

struct RunIdentity {
  Recipe recipe;
  uint64_t weights = 0;         // hash of the network's constants before the run
  std::vector<DataPart> parts;  // of the data, to train on and to measure on
};

void SaveIdentity(const RunIdentity& identity, Checkpoint& checkpoint);
// That `checkpoint` is of this run.
Status CheckIdentity(const RunIdentity& identity, const Checkpoint& checkpoint);

}  // namespace disco
