// SPDX-License-Identifier: Apache-2.0
#include "disco/train/run_paths.h"

#include <filesystem>

namespace disco {
namespace {

Result<RunOptions> FillPaths(RunOptions options) {
  if (options.out.empty()) {
    return Fail(ErrorKind::kUsage, "where to? name the network to write with --out");
  }
  if (options.checkpoint.empty()) options.checkpoint = options.out.string() + ".checkpoint";
  if (options.log.empty()) options.log = options.out.string() + ".log.jsonl";
  return options;
}

// What a run writes, by the option that names it.
std::vector<std::pair<std::string, Path>> Outputs(const RunOptions& options) {
  std::vector<std::pair<std::string, Path>> outputs = {{"--out", options.out}};
  if (!options.plan.empty()) outputs.emplace_back("--plan", options.plan);
  outputs.emplace_back("--checkpoint", options.checkpoint);
  outputs.emplace_back("--log", options.log);
  return outputs;
}

// Nothing that is read is written over, nothing is written twice, and all of it can be.
Status CheckOutputs(const RunOptions& options, const std::vector<Path>& inputs) {
  const auto outputs = Outputs(options);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [option, path] = outputs[i];
    DISCO_TRY(KeepInputs(path, option, inputs));
    for (size_t before = 0; before < i; ++before) {
      if (!AreSameFile(path, outputs[before].second)) continue;
      return Fail(ErrorKind::kUsage, "{} and {} are both {}; give each a file of its own",
                  outputs[before].first, option, path.string());
    }
    DISCO_TRY(CheckWritable(path));
  }
  return {};
}

// A run that is not done is neither lost nor gone on with by accident.
Status CheckCheckpoint(const RunOptions& options) {
  const std::string path = options.checkpoint.string();
  std::error_code ignored;
  const bool exists = std::filesystem::exists(options.checkpoint, ignored);
  if (exists && !options.resume) {
    return Fail(ErrorKind::kUsage,
                "{} is the checkpoint of a run that is not done; give --resume to go on with it, "
                "or remove it to start anew",
                path);
  }
  if (!exists && options.resume) {
    return Fail(ErrorKind::kUsage, "no checkpoint {}; start anew without --resume", path);
  }
  return {};
}

}  // namespace

Result<RunOptions> OpenPaths(const RunOptions& given, const std::vector<Path>& inputs) {
  DISCO_ASSIGN(RunOptions options, FillPaths(given));
  DISCO_TRY(CheckOutputs(options, inputs));
  DISCO_TRY(CheckCheckpoint(options));
  return options;
}

}  // namespace disco
