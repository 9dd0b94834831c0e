// SPDX-License-Identifier: Apache-2.0
#include "disco/node/session.h"

namespace disco {

Result<std::unique_ptr<Session>> Session::OpenLocal(const Graph& graph, const Plan& plan,
                                                    const SessionOptions& options) {
  DISCO_ASSIGN(const BoundPlan bound, Bind(graph, plan));
  return OpenLocal(bound, options);
}

Result<std::unique_ptr<Session>> Session::Connect(const Graph& graph, const Plan& plan,
                                                  const std::vector<Endpoint>& nodes,
                                                  const SessionOptions& options) {
  DISCO_ASSIGN(const BoundPlan bound, Bind(graph, plan));
  return Connect(bound, nodes, options);
}

}  // namespace disco
