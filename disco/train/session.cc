// SPDX-License-Identifier: Apache-2.0
#include "disco/train/session.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <thread>

#include "disco/base/hash.h"
#include "disco/base/standard_streams.h"
#include "disco/data/class_names.h"
#include "disco/data/network_metadata.h"
#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx.h"
#include "disco/train/run_paths.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

bool IsFile(const NetworkRecipe& recipe) { return recipe.network.ends_with(".onnx"); }

// [C, H, W] of "3x32x32".
Result<Shape> ParseImage(const std::string& text) {
  const auto parsed = ParsePreprocessing(text);
  if (!parsed || text.find(' ') != std::string::npos) {
    return Fail(ErrorKind::kUsage, "image '{}'; write it like 3x32x32", text);
  }
  return parsed->shape();
}

Result<Graph> MakeFromZoo(const NetworkRecipe& recipe, int64_t classes, int64_t seed) {
  ZooOptions options{.name = recipe.network,
                     .classes = classes,
                     .stem_stride = recipe.stem_stride,
                     .seed = static_cast<uint64_t>(seed)};
  DISCO_ASSIGN(options.width, ParseWidth(recipe.width));
  if (!recipe.image.empty()) {
    DISCO_ASSIGN(options.image, ParseImage(recipe.image));
  }
  return MakeZooNetwork(options);
}

// The network with `classes` answers; a file has those it has.
Result<Graph> OpenNetwork(const Recipe& recipe, int64_t classes) {
  if (!IsFile(recipe.network)) return MakeFromZoo(recipe.network, classes, recipe.train.seed);
  DISCO_ASSIGN(Graph graph, ReadOnnx(recipe.network.network));
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// Images in, one number per class out. Returns the shape of an image.
Result<Shape> CheckClassifier(const Graph& graph) {
  const bool single = graph.inputs.size() == 1 && graph.outputs.size() == 1;
  const Shape input = single ? graph.value(graph.inputs[0]).shape : Shape{};
  if (input.rank() != 4 || graph.value(graph.outputs[0]).shape.rank() != 2) {
    return Fail(ErrorKind::kUnsupported,
                "network '{}' is no image classifier: it should have one input [N, C, H, W] and "
                "one output [N, classes]",
                graph.name);
  }
  return Shape{input[1], input[2], input[3]};
}

Result<Preprocessing> ChoosePreprocessing(const Recipe& recipe, const Graph& graph,
                                          const Shape& image) {
  std::string text = recipe.data.preprocessing;
  const bool given = !text.empty();
  const ErrorKind wrong = given ? ErrorKind::kUsage : ErrorKind::kInvalid;
  const auto carried = graph.metadata.find(kPreprocessingKey);
  if (text.empty() && carried != graph.metadata.end()) text = carried->second;
  if (text.empty()) {
    text = fmt::format("{} resize={} mean=0.5 std=0.25", fmt::join(image.dims(), "x"),
                       std::min(image[1], image[2]));
  }
  const auto preprocessing = ParsePreprocessing(text);
  if (!preprocessing) {
    return At(given ? "--preprocessing" : recipe.network.network,
              {wrong, preprocessing.error().message});
  }
  if (preprocessing->shape() == image) return preprocessing;
  return Fail(wrong, "preprocessing '{}' gives {}, but the network '{}' reads {}", text,
              ToString(preprocessing->shape()), recipe.network.network, ToString(image));
}

Result<std::shared_ptr<const Dataset>> OpenData(const Recipe& recipe,
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

std::unique_ptr<Loader> MakeLoader(const Recipe& recipe, const Preprocessing& preprocessing,
                                   std::shared_ptr<const Dataset> data, bool train) {
  LoaderOptions options{.preprocessing = preprocessing,
                        .batch_size = recipe.train.batch,
                        .seed = static_cast<uint64_t>(recipe.train.seed),
                        .shuffle = train,
                        .drop_last = train,
                        .threads = LoaderThreads(recipe.data),
                        .max_broken_share = recipe.data.skip_share};
  if (train) options.augmentation = {static_cast<int>(recipe.data.pad_crop), recipe.data.flip};
  options.on_warning = [](const std::string& text) { PrintError("warning: {}\n", text); };
  return std::make_unique<Loader>(std::move(data), std::move(options));
}

uint64_t HashOf(const Recipe& recipe, const Graph& graph) {
  std::string text = HashText(RecipeHash(recipe));
  for (const Value& value : graph.values) {
    if (value.constant) text += value.name + HashText(Hash(value.constant->bytes()));
  }
  return Hash(text);
}

// To train on and to measure on.
struct Data {
  std::shared_ptr<const Dataset> train, val;
};

// `data` with the classes of the network: those that its file names, else those to train on.
Result<Data> WithClassesOf(const Graph& graph, const Recipe& recipe, const Data& data) {
  NetworkClasses classes{.answers = graph.value(graph.outputs[0]).shape[1]};
  const auto carried = graph.metadata.find(kClassesKey);
  if (carried != graph.metadata.end()) classes.names = ParseClassNames(carried->second);
  if (!IsFile(recipe.network)) classes.names = data.train->class_names();
  Data matched;
  DISCO_ASSIGN(matched.train, MatchClasses(data.train, classes, recipe.data.data + " (train)"));
  classes.names = matched.train->class_names();
  DISCO_ASSIGN(matched.val, MatchClasses(data.val, classes, recipe.data.data + " (val)"));
  return matched;
}

std::vector<std::string> NotesOf(const Data& data) {
  std::vector<std::string> notes = data.train->notes();
  for (const std::string& note : data.val->notes()) notes.push_back(note);
  return notes;
}

Status CheckBatch(const Recipe& recipe, int64_t pictures) {
  if (pictures >= recipe.train.batch) return {};
  return Fail(ErrorKind::kUsage, "{}: {} pictures do not fill a batch of {}; lower --batch",
              recipe.data.data, pictures, recipe.train.batch);
}

}  // namespace

Result<TrainSession> OpenTrainSession(const Recipe& recipe, const RunOptions& given) {
  DISCO_TRY(CheckRecipe(recipe));
  std::vector<Path> inputs = {given.recipe};
  if (IsFile(recipe.network)) {
    const std::vector<Path> files = FilesOfNetwork(recipe.network.network);
    inputs.insert(inputs.end(), files.begin(), files.end());
  }
  DISCO_ASSIGN(const RunOptions options, OpenPaths(given, inputs));
  // The image's size is needed to open the data, and the data's classes to make the network.
  DISCO_ASSIGN(Graph graph, OpenNetwork(recipe, std::max<int64_t>(recipe.network.classes, 1)));
  DISCO_ASSIGN(const Shape image, CheckClassifier(graph));
  DISCO_ASSIGN(const Preprocessing preprocessing, ChoosePreprocessing(recipe, graph, image));
  Data data;
  DISCO_ASSIGN(data.train, OpenData(recipe, preprocessing, "train"));
  DISCO_ASSIGN(data.val, OpenData(recipe, preprocessing, "val"));
  if (!IsFile(recipe.network) && recipe.network.classes == 0) {
    const size_t classes = data.train->class_names().size();
    DISCO_ASSIGN(graph, OpenNetwork(recipe, static_cast<int64_t>(classes)));
  }
  DISCO_ASSIGN(data, WithClassesOf(graph, recipe, data));
  DISCO_TRY(CheckBatch(recipe, data.train->size()));
  graph.metadata[kPreprocessingKey] = ToString(preprocessing);
  DISCO_ASSIGN(graph.metadata[kClassesKey], ClassNamesText(data.train->class_names()));
  DISCO_ASSIGN(RunLog log, RunLog::Open(options.log, options.resume));
  const uint64_t hash = HashOf(recipe, graph);
  return TrainSession{.recipe = recipe,
                      .options = options,
                      .graph = std::move(graph),
                      .train = MakeLoader(recipe, preprocessing, data.train, true),
                      .val = MakeLoader(recipe, preprocessing, data.val, false),
                      .train_images = data.train->size(),
                      .notes = NotesOf(data),
                      .log = std::move(log),
                      .hash = hash};
}

}  // namespace disco
