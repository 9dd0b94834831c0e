// SPDX-License-Identifier: Apache-2.0
// All nodes in this process: one thread each, over memory. What is sent between them is counted as
// on a network.
#include <thread>

#include "disco/node/caller.h"
#include "disco/node/runner.h"
#include "disco/node/server.h"
#include "disco/transport/memory_mesh.h"
#include "disco/transport/shaped_mesh.h"

namespace disco {
namespace {

// Nodes that are threads of the caller's process are not lost: without a deadline, wait for them.
// 30 years; a time point holds them.
constexpr Milliseconds kForever{1e12};

class LocalSession : public Session {
 public:
  LocalSession(const Graph& graph, const Cut& cut, const SessionOptions& options)
      : caller_(graph, cut, options.deadline.value_or(kForever)) {
    std::vector<std::string> names;
    for (size_t node = 0; node < cut.shards.size(); ++node)
      names.push_back(fmt::format("node {}", node));
    names.emplace_back("the caller");
    meshes_ = MakeMemoryMeshes(static_cast<int>(names.size()), names);
    if (options.shape) ShapeLinks(*options.shape, static_cast<int>(cut.shards.size()));
  }

  ~LocalSession() override {
    caller_.Goodbye(*meshes_.back());
    for (auto& mesh : meshes_) mesh->Shutdown();
  }

  void Start(NodeId node, Runner runner) {
    const ProgramReport& report = runner.report();
    caller_.SetReady(node, {report.kernels, report.warnings, report.weights, report.activations,
                            report.buffers, MachineMemory(1)});
    Mesh& mesh = *meshes_[static_cast<size_t>(node)];
    threads_.emplace_back([runner = std::move(runner), &mesh]() mutable {
      // Its caller hears of an error through the mesh.
      const auto go_on = [] { return Status(); };
      static_cast<void>(runner.Serve(mesh, {go_on, go_on}));
      mesh.Shutdown();
    });
  }

  Result<std::vector<Tensor>> Infer(std::span<const Tensor> inputs) override {
    return caller_.Infer(*meshes_.back(), inputs);
  }
  Result<std::vector<Tensor>> Repeat() override { return caller_.Repeat(*meshes_.back()); }
  void AskForSteps(bool ask) override { caller_.AskForSteps(ask); }
  const std::vector<std::vector<NodeStep>>& steps() const override { return caller_.steps(); }
  const std::vector<NodeStatistics>& statistics() const override { return caller_.statistics(); }
  Milliseconds last_duration() const override { return caller_.last_duration(); }

 private:
  void ShapeLinks(const LinkShape& shape, int nodes) {
    for (NodeId node = 0; node < nodes; ++node) {
      std::unique_ptr<Mesh>& mesh = meshes_[static_cast<size_t>(node)];
      mesh = MakeShapedMesh(std::move(mesh), {shape, node, nodes});
    }
  }

  Caller caller_;
  std::vector<std::unique_ptr<Mesh>> meshes_;
  std::vector<std::jthread> threads_;  // joined before the meshes go
};

Result<ProgramOptions> ProgramOf(NodeId node, const Plan& plan, const SessionOptions& options) {
  ProgramOptions program = options.program;
  if (options.throttles.empty()) return program;
  if (static_cast<int>(options.throttles.size()) != plan.nodes) {
    return Fail(ErrorKind::kUsage, "{} throttles for {} nodes; give one per node",
                options.throttles.size(), plan.nodes);
  }
  program.throttle = options.throttles[static_cast<size_t>(node)];
  return program;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::OpenLocal(const BoundPlan& bound,
                                                    const SessionOptions& options) {
  if (options.deadline) DISCO_TRY(CheckDeadline(*options.deadline));
  DISCO_ASSIGN(Cut cut, FoldAndCut(bound));
  auto session = std::make_unique<LocalSession>(bound.graph(), cut, options);
  for (NodeId node = 0; node < bound.nodes(); ++node) {
    DISCO_ASSIGN(const ProgramOptions program, ProgramOf(node, bound.plan(), options));
    const RunnerOptions runner_options{
        .node = node,
        .nodes = bound.nodes(),
        .plan_hash = cut.plan_hash,
        .deadline = options.deadline.value_or(kForever) * kNodeDeadlineShare,
        .program = program};
    auto runner = Runner::Create(std::move(cut.shards[static_cast<size_t>(node)]), runner_options);
    if (!runner) return At(fmt::format("node {}", node), runner.error());
    session->Start(node, std::move(*runner));
  }
  return session;
}

}  // namespace disco
