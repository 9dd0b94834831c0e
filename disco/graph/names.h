// SPDX-License-Identifier: Apache-2.0
// Names for values that disco makes itself (constants of attributes, parts of a cut op...): any
// name is legal in a network, so a made-up one has to avoid all that the network has.
//
// Thread rule: one thread.
#pragma once

#include <set>
#include <string>

#include "disco/graph/graph.h"

namespace disco {

class Names {
 public:
  Names() = default;
  // Those of all values of `graph` are taken.
  explicit Names(const Graph& graph);

  void Take(std::string name) { taken_.insert(std::move(name)); }
  // `wanted`, or where that is taken `wanted` with a number; taken from now on.
  std::string Fresh(std::string wanted);

 private:
  std::set<std::string> taken_;  // no hashes: names can be chosen to have all the same
};

}  // namespace disco
