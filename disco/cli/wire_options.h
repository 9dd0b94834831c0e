// SPDX-License-Identifier: Apache-2.0
// Options that say how features travel: --wire, and for int8 the pictures that give the scales.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "disco/data/dataset.h"
#include "disco/graph/graph.h"
#include "disco/plan/plan.h"

namespace disco {

struct WireFlags {
  std::string wire;  // empty: as the plan has it
  DatasetSpec calibrate{.source = "", .split = "train", .limit = 64};
  std::string preprocess;
};

void AddWireFlags(CLI::App& command, WireFlags& flags);

// `plan` with what the flags ask for; for int8 runs `graph`, whose weights the plan has pruned, on
// the pictures, and prints and adds to `warnings` what their data set leaves out.
Result<Plan> WithWireFlags(const Graph& graph, Plan plan, const WireFlags& flags,
                           std::vector<std::string>& warnings);

}  // namespace disco
