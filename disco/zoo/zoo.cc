// SPDX-License-Identifier: Apache-2.0
#include "disco/zoo/zoo.h"

#include <fmt/ranges.h>

#include <charconv>

#include "disco/graph/infer_shapes.h"
#include "disco/zoo/builder.h"

namespace disco {
namespace {

struct ResNet {
  std::string_view name;
  std::vector<int64_t> blocks;  // per stage
  bool bottleneck;
  bool cifar;
};

const std::vector<ResNet>& ResNets() {
  static const std::vector<ResNet> known = {
      {"resnet18", {2, 2, 2, 2}, false, false}, {"resnet34", {3, 4, 6, 3}, false, false},
      {"resnet50", {3, 4, 6, 3}, true, false},  {"resnet101", {3, 4, 23, 3}, true, false},
      {"resnet8", {1, 1, 1}, false, true},      {"resnet20", {3, 3, 3}, false, true},
      {"resnet32", {5, 5, 5}, false, true},     {"resnet56", {9, 9, 9}, false, true},
  };
  return known;
}

class ResNetMaker {
 public:
  ResNetMaker(const ResNet& net, const ZooOptions& options, Graph& graph)
      : net_(net), options_(options), builder_(graph, options.seed) {}

  ValueId Make(ValueId image, int64_t image_features) {
    builder_.SetFeatures(image, image_features);
    ValueId x = Stem(image);
    for (size_t stage = 0; stage < net_.blocks.size(); ++stage) {
      const int64_t features = Wide((net_.cifar ? 16 : 64) << stage);
      for (int64_t block = 0; block < net_.blocks[stage]; ++block) {
        const std::string name = fmt::format("layer{}.{}", stage + 1, block);
        x = Block(name, x, {features, 3, stage > 0 && block == 0 ? 2 : 1},
                  block == 0 && (stage > 0 || net_.bottleneck));
      }
    }
    return builder_.Classifier(x, options_.classes);
  }

 private:
  int64_t Wide(int64_t features) const {
    return features * options_.width.numerator / options_.width.denominator;
  }

  ValueId Stem(ValueId image) {
    const int64_t stride = options_.stem_stride != 0 ? options_.stem_stride : net_.cifar ? 1 : 2;
    ValueId x =
        builder_.Conv("conv1", image, {Wide(net_.cifar ? 16 : 64), net_.cifar ? 3 : 7, stride});
    x = builder_.Relu("relu", builder_.BatchNorm("bn1", x));
    return net_.cifar ? x : builder_.MaxPool("maxpool", x, {0, 3, 2});
  }

  // `middle` is the 3x3 of the block: its features and stride.
  ValueId Block(const std::string& name, ValueId x, const ConvLayer& middle, bool project) {
    ValueId y;
    int64_t features = middle.features;
    if (net_.bottleneck) {
      features *= 4;
      y = ConvNormRelu(name, 1, x, {middle.features, 1, 1});
      y = ConvNormRelu(name, 2, y, middle);
      y = builder_.Conv(name + ".conv3", y, {features, 1, 1});
    } else {
      y = ConvNormRelu(name, 1, x, middle);
      y = builder_.Conv(name + ".conv2", y, {features, 3, 1});
    }
    y = builder_.BatchNorm(name + (net_.bottleneck ? ".bn3" : ".bn2"), y);
    if (project) {
      x = builder_.Conv(name + ".downsample.0", x, {features, 1, middle.stride});
      x = builder_.BatchNorm(name + ".downsample.1", x);
    }
    return builder_.Relu(name + ".relu", builder_.Add(name + ".add", y, x));
  }

  ValueId ConvNormRelu(const std::string& name, int number, ValueId x, const ConvLayer& layer) {
    x = builder_.Conv(fmt::format("{}.conv{}", name, number), x, layer);
    x = builder_.BatchNorm(fmt::format("{}.bn{}", name, number), x);
    return builder_.Relu(fmt::format("{}.relu{}", name, number), x);
  }

  const ResNet& net_;
  const ZooOptions& options_;
  Builder builder_;
};

Status CheckOptions(const ZooOptions& options, const ResNet& net) {
  const int64_t narrowest = (net.cifar ? 16 : 64) * options.width.numerator;
  if (options.width.numerator < 1 || options.width.denominator < 1 ||
      options.width.numerator > 1024 || narrowest < options.width.denominator ||
      narrowest % options.width.denominator != 0) {
    return Fail(ErrorKind::kUsage, "width {}/{} does not give {} whole features",
                options.width.numerator, options.width.denominator, net.name);
  }
  if (options.image.rank() != 3 || options.image[0] < 1 || options.image[0] > 1024 ||
      options.image[1] < 8 || options.image[2] < 8 || options.image[1] > 8192 ||
      options.image[2] > 8192) {
    return Fail(ErrorKind::kUsage, "image {} makes no sense; write it like 3x224x224",
                ToString(options.image));
  }
  if (options.classes < 1 || options.classes > 1000000) {
    return Fail(ErrorKind::kUsage, "{} classes make no sense", options.classes);
  }
  if (options.stem_stride < 0 || options.stem_stride > 8) {
    return Fail(ErrorKind::kUsage, "a stem stride of {} makes no sense", options.stem_stride);
  }
  return {};
}

}  // namespace

Result<Width> ParseWidth(std::string_view text) {
  const char* end = text.data() + text.size();
  auto wrong = [&] {
    return Fail(ErrorKind::kUsage, "cannot read width '{}'; write it like 1/8 or 2", text);
  };
  Width width;
  const auto whole = std::from_chars(text.data(), end, width.numerator);
  if (whole.ec != std::errc() || width.numerator < 0) return wrong();
  if (whole.ptr != end && *whole.ptr == '/') {
    const auto divisor = std::from_chars(whole.ptr + 1, end, width.denominator);
    if (divisor.ec != std::errc() || divisor.ptr != end) return wrong();
  } else if (whole.ptr != end) {
    double decimal = 0;
    const auto number = std::from_chars(text.data(), end, decimal);
    if (number.ec != std::errc() || number.ptr != end || decimal > 1e6) return wrong();
    constexpr int64_t kFine = 4096;  // binary fractions down to 1/4096 are exact
    width = {static_cast<int64_t>(decimal * kFine), kFine};
  }
  if (width.numerator < 1 || width.denominator < 1) return wrong();
  return width;
}

std::vector<std::string> ZooNames() {
  std::vector<std::string> names;
  for (const ResNet& net : ResNets()) names.emplace_back(net.name);
  return names;
}

Result<Graph> MakeZooNetwork(const ZooOptions& options) {
  for (const ResNet& net : ResNets()) {
    if (net.name != options.name) continue;
    ZooOptions filled = options;
    if (filled.classes == 0) filled.classes = net.cifar ? 10 : 1000;
    if (filled.image.rank() == 0) filled.image = net.cifar ? Shape{3, 32, 32} : Shape{3, 224, 224};
    DISCO_TRY(CheckOptions(filled, net));
    Graph graph;
    graph.name = options.name;
    const Shape& image = filled.image;
    const ValueId input = graph.AddValue("input", DType::kF32, {1, image[0], image[1], image[2]});
    graph.inputs = {input};
    graph.outputs = {ResNetMaker(net, filled, graph).Make(input, image[0])};
    DISCO_TRY(InferShapes(graph));
    return graph;
  }
  return Fail(ErrorKind::kUsage, "'{}' is not in the zoo; it has {}", options.name,
              fmt::join(ZooNames(), ", "));
}

}  // namespace disco
