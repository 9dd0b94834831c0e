// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/command.h"
#include "disco/cli/print.h"
#include "disco/transport/make_keys.h"

namespace disco {
namespace {

struct KeysCommand {
  std::string cluster, folder;
  int days = 730;
  std::chrono::seconds valid() const { return std::chrono::hours(24) * days; }
};

void AddDays(CLI::App& command, KeysCommand& options) {
  constexpr int kMostDays = 3650;  // as long as the authority's own certificate
  command.add_option("--days", options.days, "How long the node's certificate is valid")
      ->check(CLI::Range(1, kMostDays))
      ->capture_default_str();
}

Status Init(KeysCommand& options) {
  DISCO_TRY(MakeCluster(options.folder, options.valid()));
  PrintLine(fmt::format(
      "wrote {0}: authority.pem, node.pem and node.key are for nodes and callers, who get "
      "--keys DIR; authority.key makes more members (disco keys add {0} NEW_DIR): keep it off "
      "the nodes",
      options.folder));
  return {};
}

Status Add(KeysCommand& options) {
  DISCO_TRY(MakeMember(options.cluster, options.folder, options.valid()));
  PrintLine(
      fmt::format("wrote {}: copy it to a machine, whose disco gets --keys DIR", options.folder));
  return {};
}

}  // namespace

void AddKeysCommand(CLI::App& app, Action& action) {
  CLI::App* keys = app.add_subcommand("keys", "Make keys for encrypted connections (TLS 1.3)");
  keys->require_subcommand(1);
  AddCommand<KeysCommand>(
      *keys, action, "init", "Make a cluster: its authority, and keys for nodes and callers",
      [](CLI::App& command, KeysCommand& options) {
        command.add_option("dir", options.folder, "The folder to make")
            ->required()
            ->check(NotEmpty);
        AddDays(command, options);
      },
      Init);
  AddCommand<KeysCommand>(
      *keys, action, "add", "Make keys of its own for one more node or caller",
      [](CLI::App& command, KeysCommand& options) {
        command.add_option("dir", options.cluster, "The folder with authority.key")
            ->required()
            ->check(NotEmpty);
        command.add_option("new", options.folder, "The folder to make")
            ->required()
            ->check(NotEmpty);
        AddDays(command, options);
      },
      Add);
}

}  // namespace disco
