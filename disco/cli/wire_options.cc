// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/wire_options.h"

#include "disco/base/interrupt.h"
#include "disco/base/progress.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/data/loader.h"
#include "disco/kernel/program.h"
#include "disco/op/set_batch.h"
#include "disco/plan/calibrate.h"

namespace disco {
namespace {

Result<Calibration> Calibrate(const Graph& graph, const Plan& plan, const WireFlags& flags,
                              std::vector<std::string>& warnings) {
  Calibration calibration(plan);
  if (calibration.names().empty()) return calibration;  // one node sends nothing
  Graph watched = calibration.Watched(graph);
  DISCO_TRY(SetBatch(watched, 1));
  DISCO_ASSIGN(const Preprocessing preprocessing, PreprocessingFor(watched, flags.preprocess));
  DatasetSpec data = flags.calibrate;
  data.decode = DecodeFor(preprocessing);
  DISCO_ASSIGN(std::shared_ptr<const Dataset> dataset, OpenDataset(data));
  for (const std::string& note : dataset->notes()) {
    PrintWarning(note);
    warnings.push_back(note);
  }
  std::vector<Tensor> values = MakeOutputs(watched);
  DISCO_ASSIGN(const auto program, MakeProgram(std::move(watched), {}));
  Loader loader(dataset,
                {.preprocessing = preprocessing, .batch_size = 1, .on_warning = PrintWarning});
  Progress progress("calibrate", "images", dataset->size());
  loader.StartEpoch(0);
  for (int64_t seen = 1; !Interrupted(); ++seen) {
    DISCO_ASSIGN(const std::optional<Batch> batch, loader.Next());
    if (!batch) return calibration;
    DISCO_TRY(program->Run(std::vector<Tensor>{batch->images}, values, nullptr));
    for (size_t i = 0; i < values.size(); ++i) DISCO_TRY(calibration.Add(i, values[i]));
    progress.Update(seen);
  }
  return Fail(ErrorKind::kInterrupted, "stopped while calibrating; no plan was written");
}

}  // namespace

void AddWireFlags(CLI::App& command, WireFlags& flags) {
  command.add_option("--wire", flags.wire,
                     "How features travel: fp32, fp16, or int8, which needs --calibrate");
  auto* calibrate =
      command.add_option("--calibrate", flags.calibrate.source,
                         "Pictures that give each feature its scale: synthetic, or a folder");
  command
      .add_option("--calibrate-images", flags.calibrate.limit, "So many of them, drawn by --seed")
      ->check(CLI::Range(1, 1000000))
      ->needs(calibrate);
  command
      .add_option("--preprocess", flags.preprocess,
                  "How pictures become the input, if the network's file does not say")
      ->needs(calibrate);
}

Result<Plan> WithWireFlags(const Graph& graph, Plan plan, const WireFlags& flags,
                           std::vector<std::string>& warnings) {
  const bool calibrates = !flags.calibrate.source.empty();
  if (flags.wire.empty()) {
    if (calibrates) return Fail(ErrorKind::kUsage, "--calibrate is for --wire int8");
    return plan;
  }
  const auto type = ParseWireType(flags.wire);
  if (!type) return Fail(ErrorKind::kUsage, "--wire: {}", type.error().message);
  if ((*type == WireType::kInt8) != calibrates) {
    return Fail(ErrorKind::kUsage, "{}",
                calibrates ? "--calibrate is for --wire int8"
                           : "--wire int8 needs the scale of each feature: give pictures with "
                             "--calibrate FOLDER (or synthetic)");
  }
  if (!calibrates) return WithWire(std::move(plan), *type);
  DISCO_ASSIGN(const Calibration calibration, Calibrate(graph, plan, flags, warnings));
  return calibration.Apply(std::move(plan));
}

}  // namespace disco
