// SPDX-License-Identifier: Apache-2.0
// The pictures of a run: to train on and to measure on. Private to the module.
// Thread rule: one thread. Errors: those of the data set and of MatchClasses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/data/class_names.h"
#include "disco/data/loader.h"
#include "disco/train/recipe.h"

namespace disco {

struct RunData {
  std::shared_ptr<const Dataset> train, val;
};

Result<RunData> OpenRunData(const Recipe& recipe, const Preprocessing& preprocessing);

// `data`, which comes from `source`, with the classes of the network.
Result<RunData> WithClasses(const RunData& data, NetworkClasses network, const std::string& source);

// What the user should be told of the data, a line each.
std::vector<std::string> NotesOf(const RunData& data);

// What the data are made of.
std::vector<DataPart> PartsOf(const RunData& data);

// Shuffled and augmented, in full batches; one that broken pictures make smaller than `least_batch`
// is left out.
std::unique_ptr<Loader> MakeTrainLoader(const Recipe& recipe, const Preprocessing& preprocessing,
                                        std::shared_ptr<const Dataset> data, int64_t least_batch);
std::unique_ptr<Loader> MakeValLoader(const Recipe& recipe, const Preprocessing& preprocessing,
                                      std::shared_ptr<const Dataset> data);

}  // namespace disco
