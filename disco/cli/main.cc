// SPDX-License-Identifier: Apache-2.0
// disco: one network on several machines.
#include <cstdio>
#include <exception>

#include "disco/base/standard_streams.h"
#include "disco/base/text.h"
#include "disco/cli/command.h"
#include "disco/cli/train_command.h"

namespace {

constexpr int kFailed = 1, kWrongUsage = 2;

int Report(const disco::Error& error) {
  disco::PrintError("disco: {}\n", disco::Printable(error.message));
  return error.kind == disco::ErrorKind::kUsage ? kWrongUsage : kFailed;
}

bool HasCommand(CLI::App& app, const std::string& name) {
  return !app.get_subcommands([&](CLI::App* command) { return command->get_name() == name; })
              .empty();
}

int Run(int argc, char** argv) {
  if (argc > 1 && disco::IsTrainCommand(argv[1]))
    return Report(disco::RunTrainProgram(argv).error());
  CLI::App app(
      "disco runs one neural network on several machines at once, with very little talk between "
      "them.");
  disco::Action action;
  disco::AddZooCommand(app, action);
  disco::AddDescribeCommand(app, action);
  disco::AddPlanCommand(app, action);
  disco::AddEstimateCommand(app, action);
  disco::AddSimulateCommand(app, action);
  disco::AddAdviseCommand(app, action);
  disco::AddCutCommand(app, action);
  disco::AddKeysCommand(app, action);
  disco::AddNodeCommand(app, action);
  disco::AddRunCommand(app, action);
  disco::AddEvalCommand(app, action);
  disco::AddBenchCommand(app, action);
  disco::AddProbeCommand(app, action);
  app.add_subcommand("train", "Train a network (disco train --help)");
  app.add_subcommand(
      "sparsify", "Prune a network to sparse communication while training (disco sparsify --help)");
  app.require_subcommand(1);
  app.set_version_flag("--version", "disco 0.1.0");
  if (argc > 1 && argv[1][0] != '-' && !HasCommand(app, argv[1])) {
    return Report({disco::ErrorKind::kUsage,
                   fmt::format("there is no command '{}'; disco --help lists them", argv[1])});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) != 0) return kWrongUsage;
    action = [] { return disco::Status(); };  // help and version
  }
  disco::Status status = action();
  if (status) status = disco::FlushOutput();
  return status ? 0 : Report(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  disco::HoldStandardStreams();
  try {
    return Run(argc, argv);
  } catch (const std::bad_alloc&) {
    disco::PrintError(
        "disco: out of memory; take a smaller network or --batch, or a machine with more\n");
  } catch (const std::exception& error) {
    disco::PrintError("disco: {}\n", disco::Printable(error.what()));
  }
  return kFailed;
}
