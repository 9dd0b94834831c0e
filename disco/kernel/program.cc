// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/program.h"

#include <unistd.h>

#include <new>
#include <utility>

#include "disco/kernel/onednn/onednn.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/op/work.h"
#include "disco/rewrite/fold_constants.h"

namespace disco {

namespace {

// Every value within limits, and all of them within the memory of this machine, before any is
// allocated.
Status CheckFits(const Graph& graph) {
  const Bytes memory{sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE)};
  Bytes needed;
  for (const Value& value : graph.values) {
    if (const Status status = CheckShape(value.shape); !status) {
      return At("value '" + value.name + "'", status.error());
    }
    needed += SizeOf(value);
    if (needed > memory) {
      return Fail(ErrorKind::kInvalid,
                  "with value '{}' {}, network '{}' outgrows the {} of this machine", value.name,
                  ToString(value.shape), graph.name, ToString(memory));
    }
  }
  return {};
}

}  // namespace

Status CheckThrottle(double throttle) {
  if (throttle >= 0.01 && throttle <= 1) return {};
  return Fail(ErrorKind::kUsage, "a throttle is a number from 0.01 to 1, like 0.5; {} is not",
              throttle);
}

Result<KernelKind> ParseKernelKind(std::string_view text) {
  if (text == "onednn") return KernelKind::kOneDnn;
  if (text == "reference") return KernelKind::kReference;
  return Fail(ErrorKind::kUsage, "there are no kernels '{}'; say onednn or reference", text);
}

Result<std::unique_ptr<Program>> MakeProgram(Graph graph, const ProgramOptions& options) {
  if (options.threads < 1)
    return Fail(ErrorKind::kUsage, "{} threads make no sense", options.threads);
  DISCO_TRY(CheckThrottle(options.throttle));
  DISCO_TRY(Validate(graph));
  DISCO_TRY(InferShapes(graph));
  DISCO_TRY(CheckFits(graph));
  DISCO_TRY(CheckNumbers(graph));
  DISCO_TRY(FoldConstants(graph, options.memory));  // which changes no shape
  try {
    if (options.kernel == KernelKind::kReference)
      return MakeReferenceProgram(std::move(graph), options);
    return MakeOneDnnProgram(std::move(graph), options);
  } catch (const MemoryRefused& refused) {
    return tl::unexpected(refused.error);
  } catch (const std::bad_alloc&) {
    return Fail(ErrorKind::kInvalid, "the network does not fit into the memory of this machine");
  }
}

std::vector<Tensor> MakeOutputs(const Graph& graph) {
  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs)
    outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  return outputs;
}

}  // namespace disco
