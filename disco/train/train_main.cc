// SPDX-License-Identifier: Apache-2.0
// disco-train: `disco train` and `disco sparsify`, which need LibTorch.
// Exit code: 0 done, 1 failed or interrupted, 2 wrong usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <deque>

#include "disco/base/standard_streams.h"
#include "disco/train/train.h"

namespace disco {
namespace {

// One flag for each entry of a recipe, kept as text until the file it goes over has been read.
class RecipeFlags {
 public:
  // Where two sections have an entry of the same name, that of `first` is meant.
  void AddTo(CLI::App& app, const std::string& first) {
    Recipe defaults;
    std::set<std::string> taken;
    for (const bool own : {true, false}) {
      for (const RecipeField& field : FieldsOf(defaults)) {
        // A trained network comes with its own form, and training does not prune.
        const bool other_command = field.section == (first == "train" ? "sparsify" : "network");
        if ((field.section == first) != own || other_command) continue;
        if (taken.insert(field.key).second) AddFlag(app, field);
      }
    }
  }

  Status Apply(Recipe& recipe) const {
    for (const RecipeField& field : FieldsOf(recipe)) {
      for (const Flag& flag : flags_) {
        if (flag.section != field.section || flag.key != field.key || flag.option->empty()) {
          continue;
        }
        const std::string text = flag.is_switch ? (flag.on ? "true" : "false") : flag.text;
        if (auto set = SetField(field, text); !set) return At("--" + field.key, set.error());
      }
    }
    return {};
  }

 private:
  struct Flag {
    std::string section, key, text;
    bool is_switch = false, on = false;
    CLI::Option* option = nullptr;
  };

  void AddFlag(CLI::App& app, const RecipeField& field) {
    Flag& flag = flags_.emplace_back(Flag{.section = field.section, .key = field.key});
    std::string name = field.key;
    std::replace(name.begin(), name.end(), '_', '-');
    const std::string preset =
        std::visit([](auto* value) { return fmt::format("{}", *value); }, field.value);
    const std::string help = field.help + (preset.empty() ? "" : " [" + preset + "]");
    if (std::holds_alternative<bool*>(field.value)) {
      flag.is_switch = true;
      flag.option = app.add_flag("--" + name + ",!--no-" + name, flag.on, help);
    } else {
      flag.option = app.add_option("--" + name, flag.text, help);
    }
    flag.option->group("[" + field.section + "]");
  }

  std::deque<Flag> flags_;  // CLI11 keeps their addresses
};

struct Command {
  CLI::App* app = nullptr;
  RecipeFlags flags;
  std::string recipe, network;
  RunOptions options;
  bool json = false;
};

void AddCommon(Command& command) {
  CLI::App& app = *command.app;
  app.add_option("--out", command.options.out, "network to write, .onnx")->required();
  app.add_option("--checkpoint", command.options.checkpoint, "default: OUT.checkpoint");
  app.add_option("--log", command.options.log, "JSON lines; default: OUT.log.jsonl");
  app.add_flag("--resume", command.options.resume, "go on from the checkpoint");
  app.add_flag("--json", command.json, "print the result as one JSON object on stdout");
}

int Report(const Error& error) {
  PrintError("error: {}\n", error.message);
  return error.kind == ErrorKind::kUsage ? 2 : 1;
}

int FinishOutput() {
  const Status written = FlushOutput();
  return written ? 0 : Report(written.error());
}

Result<Recipe> MakeRecipe(const Command& command) {
  Recipe recipe;
  if (!command.recipe.empty()) DISCO_TRY(ReadRecipe(command.recipe, recipe));
  DISCO_TRY(command.flags.Apply(recipe));
  if (!command.network.empty()) recipe.network.network = command.network;
  return recipe;
}

// OpenMP's threads spin while they wait for each other, for so long that on a busy machine training
// is several times slower. How long is read from the environment before main, so set it and start
// again.
void WaitBriefly(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("GOMP_SPINCOUNT", "20000", 1);  // rounds: about 20 us
  execv("/proc/self/exe", argv);         // returns only where that is not possible
}

int Main(int argc, char** argv) {
  CLI::App app("Train networks and make them sparse.", "disco");
  app.require_subcommand(1);
  Command train, sparsify;
  train.app = app.add_subcommand("train", "Train a network.");
  train.app->add_option("recipe", train.recipe, "TOML file; flags go over it");
  AddCommon(train);
  train.flags.AddTo(*train.app, "train");
  sparsify.app = app.add_subcommand("sparsify", "Prune a trained network and fine-tune it.");
  sparsify.app->add_option("dense", sparsify.network, "the trained network, .onnx")->required();
  sparsify.app->add_option("--recipe", sparsify.recipe, "TOML file; flags go over it");
  sparsify.app->add_option("--plan", sparsify.options.plan, "plan to write, .json")->required();
  AddCommon(sparsify);
  sparsify.flags.AddTo(*sparsify.app, "sparsify");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? FinishOutput() : 2;
  }
  CatchInterrupts();
  Command& command = *train.app ? train : sparsify;
  command.options.recipe = command.recipe;
  const auto recipe = MakeRecipe(command);
  if (!recipe) return Report(recipe.error());
  const auto report =
      *train.app ? Train(*recipe, command.options) : Sparsify(*recipe, command.options);
  if (!report) return Report(report.error());
  if (command.json) PrintOutput(ReportToJson(*report) + '\n');
  return FinishOutput();
}

}  // namespace
}  // namespace disco

int main(int argc, char** argv) {
  disco::HoldStandardStreams();
  disco::WaitBriefly(argv);
  return disco::Main(argc, argv);
}
