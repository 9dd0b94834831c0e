// SPDX-License-Identifier: Apache-2.0
// local_session NETWORK.onnx: the network on three nodes in this process, beside one node.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/make_plan.h"

namespace {

// The first output, from `nodes` nodes that send one another every feature.
disco::Result<disco::Tensor> Infer(const disco::Graph& graph, int nodes,
                                   const disco::Tensor& image) {
  const disco::PlanOptions options = {.nodes = nodes, .method = {disco::Method::kDense, ""}};
  DISCO_ASSIGN(const disco::Plan plan, disco::MakePlan(graph, options));
  DISCO_ASSIGN(const auto session, disco::Session::OpenLocal(graph, plan, {}));
  DISCO_ASSIGN(const std::vector<disco::Tensor> outputs, session->Infer(std::vector{image}));
  return outputs.at(0);
}

disco::Status Run(const char* path) {
  DISCO_ASSIGN(disco::Graph graph, disco::ReadOnnx(path));
  DISCO_TRY(disco::InferShapes(graph));
  disco::Tensor image(disco::DType::kF32, graph.value(graph.inputs.at(0)).shape);
  std::ranges::fill(image.MutableData<float>(), 0.5F);

  DISCO_ASSIGN(const disco::Tensor one, Infer(graph, 1, image));
  DISCO_ASSIGN(const disco::Tensor three, Infer(graph, 3, image));
  const auto expected = one.Data<float>(), scores = three.Data<float>();
  float difference = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    difference = std::max(difference, std::abs(scores[i] - expected[i]));
  std::printf("class %td, difference from one node %g\n",
              std::ranges::max_element(scores) - scores.begin(), difference);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: local_session NETWORK.onnx\n");
    return 2;
  }
  const disco::Status status = Run(argv[1]);
  if (!status) std::fprintf(stderr, "local_session: %s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
