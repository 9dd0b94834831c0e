// SPDX-License-Identifier: Apache-2.0
#include "disco/zoo/zoo.h"

#include <fmt/ranges.h>

#include <charconv>
#include <numeric>
#include <optional>

#include "disco/op/infer_shapes.h"
#include "disco/zoo/builder.h"

namespace disco {
namespace {

constexpr int64_t kMostOfWidth = 1'000'000;  // numerator and denominator; no product overflows

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
  ResNetMaker(const ResNet& net, const ZooOptions& options, Graph& graph, Weights weights)
      : net_(net), options_(options), graph_(graph), builder_(graph, options.seed, weights) {}

  void Make() {
    const Shape& image = options_.image;
    const ValueId input = graph_.AddValue("input", DType::kF32, {1, image[0], image[1], image[2]});
    builder_.SetFeatures(input, image[0]);
    ValueId x = Stem(input);
    for (size_t stage = 0; stage < net_.blocks.size(); ++stage) {
      const int64_t features = Wide((net_.cifar ? 16 : 64) << stage);
      for (int64_t block = 0; block < net_.blocks[stage]; ++block) {
        const std::string name = fmt::format("layer{}.{}", stage + 1, block);
        x = Block(name, x, {features, 3, stage > 0 && block == 0 ? 2 : 1},
                  block == 0 && (stage > 0 || net_.bottleneck));
      }
    }
    graph_.inputs = {input};
    graph_.outputs = {builder_.Classifier(x, options_.classes)};
  }

  double parameters() const { return builder_.parameters(); }

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
  Graph& graph_;
  Builder builder_;
};

// "0.3 (3/10)"
std::string ToString(const Width& width) {
  return fmt::format("{:g} ({}/{})",
                     static_cast<double>(width.numerator) / static_cast<double>(width.denominator),
                     width.numerator, width.denominator);
}

Status CheckWidth(const Width& width, const ResNet& net) {
  if (width.numerator < 1 || width.denominator < 1 || width.numerator > kMostOfWidth ||
      width.denominator > kMostOfWidth) {
    return Fail(ErrorKind::kUsage, "a width of {}/{} makes no sense; write it like 1/8 or 2",
                width.numerator, width.denominator);
  }
  const int64_t narrowest = net.cifar ? 16 : 64;
  if (narrowest * width.numerator % width.denominator != 0) {
    return Fail(
        ErrorKind::kUsage,
        "at width {} the {} features of {}'s first layer become {:g}, which is no whole "
        "number; give a multiple of 1/{}, like 1/4",
        ToString(width), narrowest, net.name,
        static_cast<double>(narrowest * width.numerator) / static_cast<double>(width.denominator),
        narrowest);
  }
  return {};
}

Status CheckSize(const ZooOptions& options, const ResNet& net) {
  Graph counted;
  ResNetMaker maker(net, options, counted, Weights::kCounted);
  maker.Make();
  if (maker.parameters() <= kMostParameters) return {};
  return Fail(ErrorKind::kUsage,
              "{} of width {} for {} classes has {:.2g} weights, of which at most {:g} are made; "
              "give a smaller width or fewer classes",
              net.name, ToString(options.width), options.classes, maker.parameters(),
              kMostParameters);
}

Status CheckOptions(const ZooOptions& options, const ResNet& net) {
  DISCO_TRY(CheckWidth(options.width, net));
  if (options.image.rank() != 3 || options.image[0] < 1 || options.image[0] > kMostChannels ||
      options.image[1] < kLeastSide || options.image[2] < kLeastSide ||
      options.image[1] > kMostSide || options.image[2] > kMostSide) {
    return Fail(ErrorKind::kUsage, "image {} makes no sense; write it like 3x224x224",
                ToString(options.image));
  }
  if (options.classes < 1 || options.classes > 1000000) {
    return Fail(ErrorKind::kUsage, "{} classes make no sense", options.classes);
  }
  if (options.stem_stride < 0 || options.stem_stride > 8) {
    return Fail(ErrorKind::kUsage, "a stem stride of {} makes no sense", options.stem_stride);
  }
  return CheckSize(options, net);
}

// 25 and "125": 25125/1000.
std::optional<Width> DecimalOf(int64_t whole, std::string_view decimals) {
  Width width{whole, 1};
  if (decimals.empty() || decimals.size() > 6 || whole > kMostOfWidth) return std::nullopt;
  for (const char digit : decimals) {
    if (digit < '0' || digit > '9') return std::nullopt;
    width = {10 * width.numerator + (digit - '0'), 10 * width.denominator};
  }
  return width;
}

}  // namespace

Result<Width> ParseWidth(std::string_view text) {
  const char* end = text.data() + text.size();
  auto wrong = [&] {
    return Fail(ErrorKind::kUsage, "cannot read width '{}'; write it like 1/8 or 2", text);
  };
  Width width;
  const auto whole = std::from_chars(text.data(), end, width.numerator);
  if (whole.ec != std::errc() || text.starts_with('-')) return wrong();
  if (whole.ptr != end && *whole.ptr == '/') {
    const auto divisor = std::from_chars(whole.ptr + 1, end, width.denominator);
    if (divisor.ec != std::errc() || divisor.ptr != end) return wrong();
  } else if (whole.ptr != end) {
    const auto point = static_cast<size_t>(whole.ptr - text.data());
    const auto decimal =
        *whole.ptr == '.' ? DecimalOf(width.numerator, text.substr(point + 1)) : std::nullopt;
    if (!decimal) return wrong();
    width = *decimal;
  }
  if (width.numerator < 1 || width.denominator < 1) return wrong();
  const int64_t common = std::gcd(width.numerator, width.denominator);
  return Width{width.numerator / common, width.denominator / common};
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
    ResNetMaker(net, filled, graph, Weights::kDrawn).Make();
    DISCO_TRY(InferShapes(graph));
    return graph;
  }
  return Fail(ErrorKind::kUsage, "'{}' is not in the zoo; it has {}", options.name,
              fmt::join(ZooNames(), ", "));
}

}  // namespace disco
