// SPDX-License-Identifier: Apache-2.0
// The options by which commands are told of a cluster: a file, or equal nodes by two figures.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "disco/cost/cluster.h"

namespace disco {

struct ClusterOptions {
  std::string cluster, link, compute, message_latency;
};

void AddClusterOptions(CLI::App& command, ClusterOptions& options);

// `nodes`: how many equal ones, where no file says it. Errors: kUsage when there is neither a file
// nor both figures, or all of them.
Result<Cluster> LoadCluster(const ClusterOptions& options, int nodes);

}  // namespace disco
