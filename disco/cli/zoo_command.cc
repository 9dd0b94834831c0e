// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/graph/onnx.h"
#include "disco/graph/work.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

struct ZooCommand {
  ZooOptions network;
  std::string width = "1", image, out;
  bool external_data = false;
};

// "3x224x224"; empty: as published.
Result<Shape> ParseImage(const std::string& text) {
  if (text.empty()) return Shape();
  DISCO_ASSIGN(const Preprocessing parsed, ParsePreprocessing(text));
  return parsed.shape();
}

Status Run(ZooCommand& options) {
  DISCO_ASSIGN(options.network.width, ParseWidth(options.width));
  auto image = ParseImage(options.image);
  if (!image) return Fail(ErrorKind::kUsage, "{}", image.error().message);
  options.network.image = *image;
  DISCO_ASSIGN(const Graph graph, MakeZooNetwork(options.network));
  DISCO_TRY(WriteOnnx(graph, options.out, {options.external_data}));
  PrintLine(fmt::format("{}: {} parameters, {}, random weights (seed {}) -> {}",
                        options.network.name, ParameterCount(graph), ToString(MacsOf(graph)),
                        options.network.seed, options.out));
  return {};
}

}  // namespace

void AddZooCommand(CLI::App& app, Action& action) {
  AddCommand<ZooCommand>(
      app, action, "zoo", "Write a built-in network with random weights as ONNX",
      [](CLI::App& command, ZooCommand& options) {
        command
            .add_option("name", options.network.name,
                        "resnet18, 34, 50, 101 (ImageNet form); resnet8, 20, 32, 56 (CIFAR form)")
            ->required();
        command.add_option("--out", options.out, "The .onnx file to write")->required();
        command.add_option("--width", options.width,
                           "Width of every layer, relative to the published one: 1/8, 2");
        command.add_option("--classes", options.network.classes,
                           "Classes (1000, or 10 in CIFAR form)");
        command.add_option("--image", options.image,
                           "Input as CxHxW (3x224x224, or 3x32x32 in CIFAR form)");
        command.add_option("--stem-stride", options.network.stem_stride,
                           "Stride of the first convolution, if not as published");
        command.add_option("--seed", options.network.seed, "Seed of the weights");
        command.add_flag("--external-data", options.external_data,
                         "Weights in a file of their own, beside the network");
      },
      Run);
}

}  // namespace disco
