// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/load.h"

#include <algorithm>

#include "disco/cli/print.h"
#include "disco/data/class_names.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/set_batch.h"
#include "disco/op/validate.h"
#include "disco/plan/plan_file.h"

namespace disco {
namespace {

// "shard 0 of 2", as far as the file says.
std::string NameOfShard(const Graph& shard) {
  const auto node = shard.metadata.find(kShardNodeKey);
  const auto nodes = shard.metadata.find(kShardNodesKey);
  if (node == shard.metadata.end() || nodes == shard.metadata.end()) return "a shard";
  return fmt::format("shard {} of {}", node->second, nodes->second);
}

Result<Graph> WithShapes(Graph graph, const Path& path, std::optional<int64_t> batch) {
  const Status inferred = batch ? SetBatch(graph, *batch) : InferShapes(graph);
  if (!inferred) return At(path.string(), inferred.error());
  if (const Status sound = CheckNumbers(graph); !sound) return At(path.string(), sound.error());
  return graph;
}

Result<Preprocessing> ChosenPreprocessing(const Graph& graph, const std::string& text) {
  if (!text.empty()) {
    auto given = ParsePreprocessing(text);
    if (!given) return Fail(ErrorKind::kUsage, "--preprocess: {}", given.error().message);
    return given;
  }
  const Shape& shape = graph.value(graph.inputs.at(0)).shape;
  if (shape.rank() != 4 || (shape[1] != 1 && shape[1] != 3)) {
    return Fail(ErrorKind::kInvalid,
                "input '{}' of shape {} does not take pictures; give it with --tensor",
                graph.value(graph.inputs[0]).name, ToString(shape));
  }
  const auto stored = graph.metadata.find(kPreprocessingKey);
  if (stored != graph.metadata.end()) return ParsePreprocessing(stored->second);
  PrintWarning(
      "the network's file does not say how a picture becomes its input: numbers from 0 to 1, cut "
      "from the middle; say it with --preprocess, like '3x224x224 mean=0.485,0.456,0.406 "
      "std=0.229,0.224,0.225'");
  return Preprocessing{.height = static_cast<int>(shape[2]),
                       .width = static_cast<int>(shape[3]),
                       .channels = static_cast<int>(shape[1]),
                       .resize = ResizeMode::kShorterSide,
                       .shorter_side = static_cast<int>(std::max(shape[2], shape[3]))};
}

}  // namespace

Result<Graph> ReadNetwork(const Path& path) {
  DISCO_ASSIGN(Graph graph, ReadOnnx(path));
  if (HoldsShard(graph)) {
    return Fail(ErrorKind::kInvalid, "{} is {}; give the network it was cut from", path.string(),
                NameOfShard(graph));
  }
  return graph;
}

Result<Graph> LoadNetwork(const Path& path, std::optional<int64_t> batch) {
  DISCO_ASSIGN(Graph graph, ReadNetwork(path));
  return WithShapes(std::move(graph), path, batch);
}

Result<Graph> LoadNetworkOrShard(const Path& path) {
  DISCO_ASSIGN(Graph graph, ReadOnnx(path));
  return WithShapes(std::move(graph), path, std::nullopt);
}

std::vector<Path> InputFiles(const Path& network, std::initializer_list<Path> others) {
  std::vector<Path> files = FilesOfNetwork(network);
  files.insert(files.end(), others.begin(), others.end());
  std::erase_if(files, [](const Path& file) { return file.empty(); });
  return files;
}

Result<BoundPlan> LoadPlan(const Path& path, const Graph& graph) {
  if (path.empty()) return BindToOneNode(graph);
  DISCO_ASSIGN(Plan plan, ReadPlan(path));
  auto bound = Bind(graph, std::move(plan));
  if (!bound) return At(path.string(), bound.error());
  return bound;
}

Result<Preprocessing> PreprocessingFor(const Graph& graph, const std::string& text) {
  DISCO_ASSIGN(const Preprocessing chosen, ChosenPreprocessing(graph, text));
  const Value& input = graph.value(graph.inputs.at(0));
  if (chosen.shape().elements() != input.shape.elements(1, input.shape.rank())) {
    return Fail(ErrorKind::kUsage,
                "input '{}' is of shape {}, a picture becomes {}; give a --preprocess that fits",
                input.name, ToString(input.shape), ToString(chosen.shape()));
  }
  return chosen;
}

std::vector<std::string> ClassNamesOf(const Graph& graph) {
  const auto stored = graph.metadata.find(kClassesKey);
  if (stored == graph.metadata.end()) return {};
  return ParseClassNames(stored->second);
}

}  // namespace disco
