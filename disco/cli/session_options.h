// SPDX-License-Identifier: Apache-2.0
// Options of the commands that run a network on nodes: run, eval, bench.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "disco/node/loopback_nodes.h"
#include "disco/node/session.h"

namespace disco {

struct SessionFlags {
  std::string plan, nodes, keys, deadline, kernel = "onednn", shape;
  std::vector<double> throttles;
  bool local = false, tcp = false;
  int threads = 1;
  std::shared_ptr<LoopbackNodes> own_nodes;  // of --tcp: live as long as the flags
};

void AddSessionFlags(CLI::App& command, SessionFlags& flags);

// --keys of a command that connects to nodes.
CLI::Option* AddKeysOption(CLI::App& command, std::string& folder);
// None where `folder` is empty.
Result<SharedKeys> LoadKeysIfGiven(const std::string& folder);

// The help of --deadline, with `usual` in brackets.
std::string DeadlineHelp(std::string_view usual);
// Errors: kUsage naming --deadline and its range.
Result<Milliseconds> ParseDeadline(const std::string& text);

// On the nodes that the flags name; without a plan, one node in this process.
Result<std::unique_ptr<Session>> OpenSession(const Graph& graph, SessionFlags& flags);

// Per node: bytes planned and sent, time, memory.
nlohmann::ordered_json NodesToJson(const Session& session);
void PrintNodes(const Session& session);
void PrintNodeWarnings(const Session& session);

}  // namespace disco
