// SPDX-License-Identifier: Apache-2.0
#include "disco/train/run_data.h"

#include <algorithm>
#include <thread>

#include "disco/base/standard_streams.h"

namespace disco {
namespace {

Result<std::shared_ptr<const Dataset>> OpenSplit(const Recipe& recipe,
                                                 const Preprocessing& preprocessing,
                                                 const std::string& split) {
  DatasetSpec spec{.source = recipe.data.data, .split = split, .decode = DecodeFor(preprocessing)};
  const int64_t limit = split == "train" ? recipe.data.limit : recipe.data.val_limit;
  if (limit > 0) spec.limit = limit;
  DISCO_ASSIGN(std::shared_ptr<const Dataset> data, OpenDataset(spec));
  return data;
}

int LoaderThreads(const DataRecipe& recipe) {
  const auto cores = static_cast<int64_t>(std::thread::hardware_concurrency());
  const int64_t threads = recipe.loader_threads != 0 ? recipe.loader_threads : cores / 2;
  return static_cast<int>(std::max<int64_t>(threads, 1));
}

LoaderOptions OptionsOf(const Recipe& recipe, const Preprocessing& preprocessing) {
  return {.preprocessing = preprocessing,
          .batch_size = recipe.train.batch,
          .seed = static_cast<uint64_t>(recipe.train.seed),
          .threads = LoaderThreads(recipe.data),
          .max_broken_share = recipe.data.skip_share,
          .on_warning = [](const std::string& text) { PrintError("warning: {}\n", text); }};
}

}  // namespace

Result<RunData> OpenRunData(const Recipe& recipe, const Preprocessing& preprocessing) {
  RunData data;
  DISCO_ASSIGN(data.train, OpenSplit(recipe, preprocessing, "train"));
  DISCO_ASSIGN(data.val, OpenSplit(recipe, preprocessing, "val"));
  return data;
}

Result<RunData> WithClasses(const RunData& data, NetworkClasses network,
                            const std::string& source) {
  RunData matched;
  DISCO_ASSIGN(matched.train, MatchClasses(data.train, network, source + " (train)"));
  network.names = matched.train->class_names();
  DISCO_ASSIGN(matched.val, MatchClasses(data.val, network, source + " (val)"));
  return matched;
}

std::vector<std::string> NotesOf(const RunData& data) {
  std::vector<std::string> notes = data.train->notes();
  for (const std::string& note : data.val->notes()) notes.push_back(note);
  return notes;
}

std::vector<DataPart> PartsOf(const RunData& data) {
  std::vector<DataPart> parts = data.train->parts();
  for (DataPart& part : data.val->parts()) parts.push_back(std::move(part));
  return parts;
}

std::unique_ptr<Loader> MakeTrainLoader(const Recipe& recipe, const Preprocessing& preprocessing,
                                        std::shared_ptr<const Dataset> data, int64_t least_batch) {
  LoaderOptions options = OptionsOf(recipe, preprocessing);
  options.augmentation = {static_cast<int>(recipe.data.pad_crop), recipe.data.flip};
  options.least_batch = least_batch;
  options.shuffle = options.drop_last = true;
  return std::make_unique<Loader>(std::move(data), std::move(options));
}

std::unique_ptr<Loader> MakeValLoader(const Recipe& recipe, const Preprocessing& preprocessing,
                                      std::shared_ptr<const Dataset> data) {
  return std::make_unique<Loader>(std::move(data), OptionsOf(recipe, preprocessing));
}

}  // namespace disco
