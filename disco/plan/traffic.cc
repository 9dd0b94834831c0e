// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/traffic.h"

namespace disco {

Bytes TotalBytes(const std::vector<Transfer>& traffic) {
  Bytes total;
  for (const Transfer& transfer : traffic) total += transfer.size;
  return total;
}

Bytes SentBytes(const std::vector<Transfer>& traffic, NodeId node) {
  Bytes total;
  for (const Transfer& transfer : traffic) total += transfer.from == node ? transfer.size : Bytes{};
  return total;
}

Bytes ReceivedBytes(const std::vector<Transfer>& traffic, NodeId node) {
  Bytes total;
  for (const Transfer& transfer : traffic) total += transfer.to == node ? transfer.size : Bytes{};
  return total;
}

}  // namespace disco
