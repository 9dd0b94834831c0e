// SPDX-License-Identifier: Apache-2.0
#include "disco/train/session.h"

#include <fmt/ranges.h>

#include "disco/base/hash.h"
#include "disco/data/class_names.h"
#include "disco/data/network_metadata.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/set_batch.h"
#include "disco/train/run_data.h"
#include "disco/train/run_paths.h"
#include "disco/train/task_training.h"
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

// Images in, what the task needs out. Returns the shape of an image.
Result<Shape> CheckNetwork(const Graph& graph, Task task) {
  const Shape input = graph.inputs.size() == 1 ? graph.value(graph.inputs[0]).shape : Shape{};
  const TaskTraining& training = TrainingOf(task);
  if (input.rank() != 4 || !training.fits(graph)) {
    return Fail(ErrorKind::kUnsupported,
                "network '{}' does not fit {}: it should have one input [N, C, H, W] and {}",
                graph.name, DefOf(task).name, training.outputs);
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

uint64_t HashOfConstants(const Graph& graph) {
  std::string text;
  for (const Value& value : graph.values) {
    if (value.constant) text += value.name + HashText(Hash(value.constant->bytes()));
  }
  return Hash(text);
}

// The classes of the network: those that its file names; a new one has those of the data.
NetworkClasses ClassesOf(const Graph& graph, const Recipe& recipe, const RunData& data) {
  NetworkClasses classes{.answers = graph.value(graph.outputs[0]).shape[1]};
  const auto carried = graph.metadata.find(kClassesKey);
  if (carried != graph.metadata.end()) classes.names = ParseClassNames(carried->second);
  if (!IsFile(recipe.network)) classes.names = data.train->class_names();
  return classes;
}

// Pictures that a batch must have: two, where the variance of a feature is told from one value for
// each picture.
Result<int64_t> LeastBatch(Graph graph, const Recipe& recipe) {
  constexpr int64_t kPictures = 2;
  DISCO_TRY(SetBatch(graph, kPictures));
  for (const Op& op : graph.ops) {
    if (op.type != OpType::kBatchNormalization) continue;
    const Shape& shape = graph.value(op.inputs[0]).shape;
    if (shape.elements() > kPictures * shape[1]) continue;
    if (recipe.train.batch >= kPictures) return kPictures;
    return OpError(
        op, ErrorKind::kUsage,
        "a batch of {} gives it one value per feature, of which no variance can be told; "
        "give --batch {} or more",
        recipe.train.batch, kPictures);
  }
  return 1;
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
  constexpr Task task = Task::kClassification;
  // The image's size is needed to open the data, and the data's classes to make the network.
  DISCO_ASSIGN(Graph graph, OpenNetwork(recipe, std::max<int64_t>(recipe.network.classes, 1)));
  DISCO_ASSIGN(const Shape image, CheckNetwork(graph, task));
  DISCO_ASSIGN(const Preprocessing preprocessing, ChoosePreprocessing(recipe, graph, image));
  DISCO_ASSIGN(RunData data, OpenRunData(recipe, preprocessing));
  if (!IsFile(recipe.network) && recipe.network.classes == 0) {
    const size_t classes = data.train->class_names().size();
    DISCO_ASSIGN(graph, OpenNetwork(recipe, static_cast<int64_t>(classes)));
  }
  DISCO_ASSIGN(data, WithClasses(data, ClassesOf(graph, recipe, data), recipe.data.data));
  DISCO_TRY(CheckBatch(recipe, data.train->size()));
  DISCO_ASSIGN(const int64_t least_batch, LeastBatch(graph, recipe));
  graph.metadata[kPreprocessingKey] = ToString(preprocessing);
  DISCO_ASSIGN(graph.metadata[kClassesKey], ClassNamesText(data.train->class_names()));
  DISCO_ASSIGN(RunLog log, RunLog::Open(options.log, options.resume));
  RunIdentity identity{recipe, HashOfConstants(graph), PartsOf(data)};
  return TrainSession{.recipe = recipe,
                      .options = options,
                      .task = task,
                      .graph = std::move(graph),
                      .train = MakeTrainLoader(recipe, preprocessing, data.train, least_batch),
                      .val = MakeValLoader(recipe, preprocessing, data.val),
                      .train_images = data.train->size(),
                      .notes = NotesOf(data),
                      .log = std::move(log),
                      .identity = std::move(identity)};
}

}  // namespace disco
