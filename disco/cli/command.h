// SPDX-License-Identifier: Apache-2.0
// Command: one subcommand of `disco`: its options, and what it does.
//
// Figures go to stdout (a table, or JSON with --json), everything else to stderr. Exit code: 0
// done, 1 failed, 2 the command line is wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <limits>
#include <string>

#include "disco/base/result.h"

namespace disco {

// Set by the subcommand that was given.
using Action = std::function<Status()>;

void AddZooCommand(CLI::App& app, Action& action);
void AddDescribeCommand(CLI::App& app, Action& action);
void AddPlanCommand(CLI::App& app, Action& action);
void AddEstimateCommand(CLI::App& app, Action& action);
void AddSimulateCommand(CLI::App& app, Action& action);
void AddAdviseCommand(CLI::App& app, Action& action);
void AddCutCommand(CLI::App& app, Action& action);
void AddKeysCommand(CLI::App& app, Action& action);
void AddNodeCommand(CLI::App& app, Action& action);
void AddRunCommand(CLI::App& app, Action& action);
void AddEvalCommand(CLI::App& app, Action& action);
void AddProbeCommand(CLI::App& app, Action& action);
void AddBenchCommand(CLI::App& app, Action& action);

inline void AddJsonFlag(CLI::App& command, bool& json) {
  command.add_flag("--json", json,
                   "As JSON; a figure that is not finite is the string nan, inf or -inf");
}

// Refuses an empty text, which a shell makes of a variable that is not set.
inline std::string NotEmpty(const std::string& text) {
  return text.empty() ? "is empty; leave the option out, or say what you mean" : "";
}

// Not below 0, which CLI11 would wrap into the unsigned numbers that seeds are.
inline CLI::Range AnySeed() { return CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()); }

// Makes a subcommand whose options live in an Options object; `run` is called with them.
template <class Options, class Declare>
void AddCommand(CLI::App& app, Action& action, const std::string& name, const std::string& what,
                Declare declare, Status (*run)(Options&)) {
  CLI::App* command = app.add_subcommand(name, what);
  auto options = std::make_shared<Options>();
  declare(*command, *options);
  command->callback([&action, options, run] { action = [options, run] { return run(*options); }; });
}

}  // namespace disco
