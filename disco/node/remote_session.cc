// SPDX-License-Identifier: Apache-2.0
// Nodes on other machines: one `disco node` per endpoint, each sent its shard unless it has it.
#include "disco/node/caller.h"
#include "disco/node/callers_opening.h"

namespace disco {
namespace {

class RemoteSession : public Session {
 public:
  RemoteSession(Caller caller, std::unique_ptr<Mesh> mesh)
      : caller_(std::move(caller)), mesh_(std::move(mesh)) {}
  ~RemoteSession() override { caller_.Goodbye(*mesh_); }

  Result<std::vector<Tensor>> Infer(std::span<const Tensor> inputs) override {
    return caller_.Infer(*mesh_, inputs);
  }
  Result<std::vector<Tensor>> Repeat() override { return caller_.Repeat(*mesh_); }
  void AskForSteps(bool ask) override { caller_.AskForSteps(ask); }
  const std::vector<std::vector<NodeStep>>& steps() const override { return caller_.steps(); }
  const std::vector<NodeStatistics>& statistics() const override { return caller_.statistics(); }
  Milliseconds last_duration() const override { return caller_.last_duration(); }

 private:
  Caller caller_;
  std::unique_ptr<Mesh> mesh_;
};

Status CheckOptions(const Plan& plan, const std::vector<Endpoint>& nodes,
                    const SessionOptions& options) {
  if (static_cast<int>(nodes.size()) != plan.nodes) {
    return Fail(ErrorKind::kUsage,
                "the plan is for {} nodes, {} are given; name one endpoint per node", plan.nodes,
                nodes.size());
  }
  if (!options.throttles.empty() || options.program.throttle != 1) {
    return Fail(ErrorKind::kUsage,
                "nodes with a process of their own throttle themselves: start them with disco node "
                "--throttle 0.5");
  }
  return options.deadline ? CheckDeadline(*options.deadline) : Status();
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Connect(const BoundPlan& bound,
                                                  const std::vector<Endpoint>& nodes,
                                                  const SessionOptions& options) {
  DISCO_TRY(CheckOptions(bound.plan(), nodes, options));
  DISCO_ASSIGN(const Cut cut, FoldAndCut(bound));
  DISCO_ASSIGN(auto opened, CallersOpening(nodes, cut, options).Run());
  Caller caller(bound.graph(), cut, options.deadline.value_or(kUsualDeadline));
  for (size_t node = 0; node < nodes.size(); ++node)
    caller.SetReady(static_cast<NodeId>(node), opened.ready[node]);
  return std::make_unique<RemoteSession>(std::move(caller),
                                         MakeStreamMesh(std::move(opened.peers)));
}

}  // namespace disco
