// SPDX-License-Identifier: Apache-2.0
// Two usual machines over links of several kinds, for tests of what is chosen by the cluster.
// Thread rule: plain values.
#pragma once

#include "disco/cost/choose_calls.h"

namespace disco {

inline Cluster Over(Link link) {
  Cluster cluster = UsualCluster(2);
  cluster.link = link;
  return cluster;
}

inline const Link kQuickLink{{1e12}, Milliseconds(0)};
inline const Link kSlowLink{{1e6}, Milliseconds(1)};

}  // namespace disco
