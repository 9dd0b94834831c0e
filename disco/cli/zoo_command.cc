// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <nlohmann/json.hpp>

#include "disco/cli/command.h"
#include "disco/cli/description.h"
#include "disco/cli/print.h"
#include "disco/onnx/onnx.h"
#include "disco/op/work.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

struct ZooCommand {
  ZooOptions network;
  std::string width = "1", image, out;
  bool external_data = false, json = false;
};

// "3x224x224"; empty: as published.
Result<Shape> ParseImage(const std::string& text) {
  if (text.empty()) return Shape();
  Shape image{0, 0, 0};
  const char *next = text.data(), *const end = next + text.size();
  for (int axis = 0; axis < image.rank(); ++axis) {
    const bool separated = axis == 0 || (next != end && *next == 'x');
    if (axis > 0 && separated) ++next;
    const auto [rest, error] = std::from_chars(next, end, image[axis]);
    const int64_t least = axis == 0 ? 1 : kLeastSide, most = axis == 0 ? kMostChannels : kMostSide;
    if (!separated || error != std::errc() || image[axis] < least || image[axis] > most ||
        (axis == 2 && rest != end)) {
      return Fail(
          ErrorKind::kUsage,
          "--image '{}' is not possible; write it like 3x224x224, with 1 to {} channels and "
          "sides of {} to {} pixels",
          text, kMostChannels, kLeastSide, kMostSide);
    }
    next = rest;
  }
  return image;
}

Status Run(ZooCommand& options) {
  DISCO_ASSIGN(options.network.width, ParseWidth(options.width));
  DISCO_ASSIGN(options.network.image, ParseImage(options.image));
  DISCO_ASSIGN(const Graph graph, MakeZooNetwork(options.network));
  DISCO_TRY(WriteOnnx(graph, options.out, {options.external_data}));
  if (options.json) {
    auto result = Description(graph);
    result["file"] = options.out;
    PrintJson(std::move(result));
    return {};
  }
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
        command.add_option("--out", options.out, "The .onnx file to write")
            ->required()
            ->check(NotEmpty);
        command.add_option("--width", options.width,
                           "Width of every layer, relative to the published one: 1/8, 2");
        command
            .add_option("--classes", options.network.classes, "Classes (1000, or 10 in CIFAR form)")
            ->check(CLI::PositiveNumber);
        command.add_option(
            "--image", options.image,
            "Input as CxHxW (3x224x224, or 3x32x32 in CIFAR form); sides of 8 to 8192");
        command
            .add_option("--stem-stride", options.network.stem_stride,
                        "Stride of the first convolution, if not as published")
            ->check(CLI::PositiveNumber);
        command.add_option("--seed", options.network.seed, "Seed of the weights")->check(AnySeed());
        command.add_flag("--external-data", options.external_data,
                         "Weights in a file of their own, beside the network");
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
