// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/cluster_options.h"

namespace disco {

void AddClusterOptions(CLI::App& command, ClusterOptions& options) {
  command.add_option("--cluster", options.cluster,
                     "A cluster.toml: nodes and links, measured or written by hand");
  command.add_option("--link", options.link,
                     "Instead, equal nodes: each link, one direction: 37.5MB/s, 100Mbit/s");
  command.add_option("--compute", options.compute, "...and the speed of each node: 125GMAC/s");
  command.add_option("--message-latency", options.message_latency,
                     "...and how long a message is under way: 60us (default 0)");
}

Result<Cluster> LoadCluster(const ClusterOptions& options, int nodes) {
  const bool figures = !options.link.empty() || !options.compute.empty();
  if (!options.cluster.empty()) {
    if (figures || !options.message_latency.empty()) {
      return Fail(ErrorKind::kUsage,
                  "--cluster says all of nodes and links; leave out --link, --compute and "
                  "--message-latency, or edit {}",
                  options.cluster);
    }
    return ReadCluster(options.cluster);
  }
  if (options.link.empty() || options.compute.empty()) {
    return Fail(ErrorKind::kUsage,
                "give --cluster cluster.toml, or both --link and --compute, like --link 37.5MB/s "
                "--compute 125GMAC/s");
  }
  UniformOptions uniform{.nodes = nodes};
  DISCO_ASSIGN(uniform.link.bandwidth, ParseBandwidth(options.link));
  DISCO_ASSIGN(uniform.compute, ParseComputeSpeed(options.compute));
  if (!options.message_latency.empty()) {
    DISCO_ASSIGN(uniform.link.latency, ParseDuration(options.message_latency));
  }
  return Uniform(uniform);
}

}  // namespace disco
