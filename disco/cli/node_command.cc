// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "disco/base/interrupt.h"
#include "disco/cli/command.h"
#include "disco/cli/session_options.h"
#include "disco/kernel/program.h"
#include "disco/node/server.h"

namespace disco {
namespace {

struct NodeCommand {
  std::string listen, keys, largest_shard, memory, cache;
  bool insecure = false;
  NodeLimits limits;
};

Status SetLimit(const std::string& text, Bytes& limit) {
  if (text.empty()) return {};
  DISCO_ASSIGN(limit, ParseBytes(text));
  return {};
}

// The allocator gets used to large blocks and then keeps them when they are free; a node gives them
// back, for the next session may need them as something else.
void ReturnLargeBlocks() {
  constexpr int kLarge = 1 << 18;  // bytes
  mallopt(M_MMAP_THRESHOLD, kLarge);
}

// Whether a signal asks for the end. The first call that hears of it sets a last deadline: when
// sessions have not ended by then, the signal of the alarm ends the process.
bool AskedToEnd() {
  constexpr unsigned kLastDeadline = 5;  // seconds
  if (!Interrupted()) return false;
  [[maybe_unused]] static const unsigned once = alarm(kLastDeadline);
  return true;
}

Status Run(NodeCommand& options) {
  DISCO_ASSIGN(Endpoint endpoint, ParseEndpoint(options.listen));
  DISCO_TRY(SetLimit(options.largest_shard, options.limits.largest_shard));
  DISCO_TRY(SetLimit(options.memory, options.limits.memory));
  DISCO_TRY(SetLimit(options.cache, options.limits.cache));
  if (options.limits.sessions < 1)
    return Fail(ErrorKind::kUsage, "--sessions has to be at least 1");
  DISCO_TRY(CheckThrottle(options.limits.throttle));
  DISCO_ASSIGN(const SharedKeys keys, LoadKeysIfGiven(options.keys));
  CatchInterrupts();
  ReturnLargeBlocks();
  const auto logger =
      std::make_shared<spdlog::logger>("node", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%d %H:%M:%S %v");
  DISCO_ASSIGN(const auto server,
               NodeServer::Start(endpoint, options.limits,
                                 [logger](const std::string& line) { logger->info("{}", line); },
                                 {keys, options.insecure}));
  endpoint.port = server->port();
  logger->info("listening on {}; {}; callers send the shard; Ctrl-C ends", ToString(endpoint),
               keys != nullptr ? "encrypted" : "in plain text");
  DISCO_TRY(server->Run(AskedToEnd));
  logger->info("ended");
  return {};
}

}  // namespace

void AddNodeCommand(CLI::App& app, Action& action) {
  AddCommand<NodeCommand>(
      app, action, "node", "Be a node: wait for callers, run the shards they send",
      [](CLI::App& command, NodeCommand& options) {
        command
            .add_option(
                "--listen", options.listen,
                "ADDRESS:PORT; beyond this machine (not 127.0.0.1 or ::1) it needs --keys or "
                "--insecure")
            ->required();
        auto* keys = AddKeysOption(command, options.keys);
        command
            .add_flag("--insecure", options.insecure,
                      "Plain text even where other machines can connect: whoever does can use this "
                      "node")
            ->excludes(keys);
        command.add_option("--sessions", options.limits.sessions, "Callers served at a time");
        command.add_option("--max-shard", options.largest_shard, "Largest shard accepted [2GB]");
        command.add_option("--memory", options.memory,
                           "All that the shards of all callers make this node hold, at most "
                           "[half of the machine's memory]");
        command.add_option("--throttle", options.limits.throttle,
                           "Compute as if this machine were that fast: 0.5 is half as fast [1]");
        command.add_option("--cache", options.cache,
                           "Memory for shards kept between callers [an eighth of the machine's]");
      },
      Run);
}

}  // namespace disco
