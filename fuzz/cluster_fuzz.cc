// SPDX-License-Identifier: Apache-2.0
// Any text as a cluster: an error, or a cluster that says the same when written again.
#include "disco/cost/cluster.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto cluster =
      disco::ParseCluster({reinterpret_cast<const char*>(data), size}, "cluster.toml");
  if (!cluster) return 0;
  const std::string text = disco::ClusterToToml(*cluster);
  const auto again = disco::ParseCluster(text, "cluster.toml");
  if (!again || disco::ClusterToToml(*again) != text) __builtin_trap();
  return 0;
}
