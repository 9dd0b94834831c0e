// SPDX-License-Identifier: Apache-2.0
// An advice with what it was given for, and as JSON. Thread rule: pure; what it refers to has to
// outlive it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "disco/cost/advise.h"

namespace disco {

struct Advised {
  const std::string& network;  // the file
  const Cluster& cluster;
  const Advice& advice;

  double SpeedupOf(const Candidate& candidate) const {
    return advice.one_node.time() / candidate.time;
  }
  // The one node that all are compared with.
  const std::string& one_node() const { return cluster.node(advice.one_node.fastest).name; }
  // "pi-0,pi-2".
  std::string NamesOf(const Candidate& candidate) const;
  // The default link at a factor of Advice::factors.
  Bandwidth LinkAt(double factor) const {
    return {cluster.link.bandwidth.bytes_per_second * factor};
  }
};

nlohmann::ordered_json ToJson(const Advised& advised);

}  // namespace disco
