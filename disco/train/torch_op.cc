// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

const TorchMaker* FindTorchMaker(OpType type) {
  static const OpTable<TorchMaker> kTable = {TorchConv(),   TorchElementwise(), TorchLayout(),
                                             TorchMatrix(), TorchNormalize(),   TorchPool()};
  return kTable.Find(type);
}

}  // namespace

bool CanBeTrained(OpType type) { return FindTorchMaker(type) != nullptr; }

Result<TorchOp> MakeTorchOp(const Graph& graph, const Op& op) {
  for (size_t slot = 1; slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot)) {
      return OpError(op, ErrorKind::kUnsupported, "cannot be trained with its output {}", slot);
    }
  }
  if (const TorchMaker* make = FindTorchMaker(op.type)) return (*make)(graph, op);
  return OpError(op, ErrorKind::kUnsupported, "cannot be trained{}",
                 DefOf(op).Is(kExchange) ? "; train the whole network and cut it afterwards" : "");
}

}  // namespace disco
