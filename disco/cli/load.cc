// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/load.h"

#include <sstream>

#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx.h"
#include "disco/plan/plan_file.h"

namespace disco {

Result<Graph> LoadNetwork(const Path& path, std::optional<int64_t> batch) {
  DISCO_ASSIGN(Graph graph, ReadOnnx(path));
  const Status inferred = batch ? SetBatch(graph, *batch) : InferShapes(graph);
  if (!inferred) return At(path.string(), inferred.error());
  return graph;
}

Result<Plan> LoadPlan(const Path& path, const Graph& graph) {
  if (path.empty()) return SingleNodePlan(graph);
  DISCO_ASSIGN(Plan plan, ReadPlan(path));
  if (const Status fit = CheckFit(plan, graph); !fit) return At(path.string(), fit.error());
  return plan;
}

Result<Preprocessing> PreprocessingFor(const Graph& graph, const std::string& text) {
  if (!text.empty()) return ParsePreprocessing(text);
  const Shape& shape = graph.value(graph.inputs.at(0)).shape;
  if (shape.rank() != 4 || (shape[1] != 1 && shape[1] != 3)) {
    return Fail(ErrorKind::kInvalid,
                "input '{}' of shape {} does not take pictures; give it with --tensor",
                graph.value(graph.inputs[0]).name, ToString(shape));
  }
  const auto stored = graph.metadata.find(kPreprocessingKey);
  if (stored != graph.metadata.end()) return ParsePreprocessing(stored->second);
  return Preprocessing{.height = static_cast<int>(shape[2]),
                       .width = static_cast<int>(shape[3]),
                       .channels = static_cast<int>(shape[1]),
                       .resize = ResizeMode::kShorterSide,
                       .shorter_side = static_cast<int>(std::max(shape[2], shape[3]))};
}

std::vector<std::string> ClassNamesOf(const Graph& graph) {
  std::vector<std::string> names;
  const auto stored = graph.metadata.find(kClassesKey);
  if (stored == graph.metadata.end()) return names;
  std::istringstream lines(stored->second);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

}  // namespace disco
