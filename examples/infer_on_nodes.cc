// SPDX-License-Identifier: Apache-2.0
// The C++ API in one page: a network, a plan for three nodes, a session, an answer.
//
//   build/release/bin/infer_on_nodes
//   build/release/bin/infer_on_nodes 127.0.0.1:7701,127.0.0.1:7702,127.0.0.1:7703
//
// The second form wants one `disco node` at each address.
//
// Prints the class with the best score, and for each node the bytes it sent, which are the bytes
// that were planned.
#include <algorithm>
#include <cstdio>

#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/zoo/zoo.h"

namespace {

disco::Status Run(const char* nodes) {
  using namespace disco;
  DISCO_ASSIGN(const Graph graph,
               MakeZooNetwork({.name = "resnet20"}));  // or ReadOnnx("network.onnx")
  DISCO_ASSIGN(const Plan plan,
               MakePlan(graph, {.nodes = 3, .method = {Method::kDisco, ""}, .sparsity = 0.9}));

  std::unique_ptr<Session> session;
  if (nodes == nullptr) {
    DISCO_ASSIGN(session, Session::OpenLocal(graph, plan, {}));
  } else {
    DISCO_ASSIGN(const std::vector<Endpoint> endpoints, ParseEndpoints(nodes));
    DISCO_ASSIGN(session,
                 Session::Connect(graph, plan, endpoints, {.deadline = Milliseconds(2000)}));
  }

  const Tensor image(DType::kF32, {1, 3, 32, 32});  // black
  DISCO_ASSIGN(const std::vector<Tensor> outputs, session->Infer(std::vector{image}));
  const auto scores = outputs[0].Data<float>();
  std::printf("class %td in %.2f ms\n",
              std::max_element(scores.begin(), scores.end()) - scores.begin(),
              session->last_duration().count());
  for (const NodeStatistics& node : session->statistics()) {
    std::printf("  sent %lld bytes%s\n", static_cast<long long>(node.sent.value),
                node.sent == node.planned_sent ? ", as planned" : "");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const disco::Status status = Run(argc > 1 ? argv[1] : nullptr);
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
