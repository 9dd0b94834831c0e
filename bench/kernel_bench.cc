// SPDX-License-Identifier: Apache-2.0
// Whole networks on one node, by kernel and threads. Time of one inference; items are MACs.
#include <benchmark/benchmark.h>

#include "disco/kernel/program.h"
#include "disco/op/work.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

void RunNetwork(benchmark::State& state, const std::string& name, KernelKind kernel) {
  const Graph graph = *MakeZooNetwork({.name = name});
  const auto program =
      MakeProgram(graph, {.kernel = kernel, .threads = static_cast<int>(state.range(0))});
  const std::vector<Tensor> inputs = {Tensor(DType::kF32, graph.value(graph.inputs[0]).shape)};
  std::vector<Tensor> outputs = MakeOutputs(graph);
  for (auto _ : state) {
    if (!(*program)->Run(inputs, outputs, nullptr)) state.SkipWithError("inference failed");
  }
  state.SetItemsProcessed(state.iterations() * MacsOf(graph).value);
}

BENCHMARK_CAPTURE(RunNetwork, resnet50, "resnet50", KernelKind::kOneDnn)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(RunNetwork, resnet18, "resnet18", KernelKind::kOneDnn)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(RunNetwork, resnet20, "resnet20", KernelKind::kOneDnn)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(RunNetwork, resnet20_reference, "resnet20", KernelKind::kReference)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace disco
