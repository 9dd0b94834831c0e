// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/onednn/emit.h"
#include "disco/kernel/reference/window.h"
#include "disco/kernel/streamed/streamed.h"
#include "disco/op/window.h"

namespace disco::onednn {
namespace {

// With more positions than this, reading the weights is a small part of the work; with more than
// this for each multiplication of an element, so are multiplications. oneDNN's own kernels are
// ahead in both cases. And with few positions, weights come no faster than they are read anyway.
constexpr size_t kLeastRows = 16, kMostRows = 256, kMostRowsOfDepth = 4;
// Outputs are computed 16 at a time, also those that are not there.
constexpr size_t kLeastOutputs = 16;
// The table of sources takes an eighth of the weights at most.
constexpr size_t kWeightsPerSource = 8 * sizeof(const float*) / sizeof(float);
// Weights of a whole network that stay in the second cache from one inference to the next.
constexpr Bytes kCached{int64_t{2} << 20};

class StreamedStep : public Step {
 public:
  explicit StreamedStep(streamed::Convolution convolution) : convolution_(std::move(convolution)) {}
  Status Run(const RunContext&) override {
    streamed::Convolve(convolution_);
    return {};
  }

 private:
  streamed::Convolution convolution_;
};

bool LiesChannelsLast(const Emission& e, ValueId id) {
  return e.builder.LayoutOf(id) == Layout::kChannelsLast;
}

bool Clamps(const Emission& e) {
  if (!e.fused.activation) return true;
  const OpType type = e.graph().op(*e.fused.activation).type;
  return type == OpType::kRelu || type == OpType::kClip;
}

bool CanStream(const Emission& e) {
  const auto constant = [&](size_t slot) { return e.graph().IsConstant(e.input(slot)); };
  const auto like_output = [&](ValueId id) {
    return e.builder.ShapeOf(id) == e.builder.ShapeOf(e.output()) && LiesChannelsLast(e, id);
  };
  return streamed::IsSupported() && e.op().as<ConvParams>().group == 1 && constant(1) &&
         (!e.op().HasInput(2) || constant(2)) && LiesChannelsLast(e, e.input(0)) &&
         LiesChannelsLast(e, e.output()) && Clamps(e) &&
         std::ranges::all_of(e.fused.addends, like_output);
}

streamed::Extent ExtentOf(const Emission& e) {
  const Shape& weights = e.builder.ShapeOf(e.input(1));
  const Shape& output = e.builder.ShapeOf(e.output());
  const auto size = [](int64_t extent) { return static_cast<size_t>(extent); };
  return {.rows = size(output[0] * output.elements(2, output.rank())),
          .taps = size(weights.elements(2, weights.rank())),
          .inputs = size(weights[1]),
          .outputs = size(weights[0])};
}

size_t SourcesOf(const streamed::Extent& extent) { return extent.taps * extent.rows; }

// Fills Convolution::sources for an input at `map`, with `zeros` for padding.
void Locate(const reference::WindowTaps& window, const Shape& input, const float* map,
            const float* zeros, std::span<const float*> sources) {
  const int64_t rows = input[0] * window.outputs();
  std::vector<int64_t> positions(static_cast<size_t>(window.taps()));
  for (int64_t row = 0; row < rows; ++row) {
    window.Locate(row % window.outputs(), positions);
    const int64_t image = row / window.outputs() * window.inputs();
    for (int64_t tap = 0; tap < window.taps(); ++tap) {
      const int64_t position = positions[static_cast<size_t>(tap)];
      sources[static_cast<size_t>(tap * rows + row)] =
          position < 0 ? zeros : map + (image + position) * input[1];
    }
  }
}

Status AddClamp(const Emission& e, streamed::Convolution& convolution) {
  if (!e.fused.activation) return {};
  const Op& activation = e.graph().op(*e.fused.activation);
  if (activation.type == OpType::kRelu) {
    convolution.least = 0;
    return {};
  }
  DISCO_ASSIGN(const Eltwise clip, EltwiseOf(e.graph(), activation));
  convolution.least = clip.alpha;
  convolution.most = clip.beta;
  return {};
}

Status AddSources(const Emission& e, streamed::Convolution& convolution) {
  Builder& builder = e.builder;
  const Shape& input = builder.ShapeOf(e.input(0));
  DISCO_ASSIGN(ResolvedWindow resolved, WindowOf(e.graph(), e.op()));
  const reference::WindowTaps window(std::move(resolved), input);
  const auto* const map = reinterpret_cast<const float*>(builder.Data(e.input(0)));
  const auto* const zeros =
      reinterpret_cast<const float*>(builder.NewStaging(convolution.extent.inputs * sizeof(float)));
  const size_t count = SourcesOf(convolution.extent);
  const std::span sources(
      reinterpret_cast<const float**>(builder.NewStaging(count * sizeof(const float*))), count);
  Locate(window, input, map, zeros, sources);
  convolution.sources = sources;
  convolution.zeros = zeros;
  return {};
}

void AddWeights(const Emission& e, streamed::Convolution& convolution) {
  const auto constant = [&](size_t slot) {
    return e.graph().ConstantInput(e.op(), slot)->Data<float>();
  };
  const size_t size = streamed::PackedSize(convolution.extent);
  const std::span packed(reinterpret_cast<float*>(e.builder.NewPacked(size * sizeof(float))), size);
  streamed::Pack(convolution.extent, constant(1),
                 e.op().HasInput(2) ? constant(2) : std::span<const float>(), packed);
  convolution.packed = packed.data();
}

}  // namespace

bool ShouldStream(const Emission& e) {
  if (!CanStream(e)) return false;
  const streamed::Extent extent = ExtentOf(e);
  const size_t depth = extent.taps * extent.inputs;
  return extent.rows >= kLeastRows &&
         extent.rows <= std::min(kMostRows, kMostRowsOfDepth * depth) &&
         extent.outputs >= kLeastOutputs &&
         SourcesOf(extent) * kWeightsPerSource <= depth * extent.outputs &&
         e.builder.constant_bytes() > kCached;
}

Status EmitStreamed(const Emission& e) {
  streamed::Convolution convolution{.extent = ExtentOf(e)};
  DISCO_TRY(AddClamp(e, convolution));
  DISCO_TRY(AddSources(e, convolution));
  AddWeights(e, convolution);
  for (const ValueId addend : e.fused.addends)
    convolution.addends.push_back(reinterpret_cast<const float*>(e.builder.Data(addend)));
  convolution.target = reinterpret_cast<float*>(e.builder.Data(e.output()));
  e.builder.AddStep(e.op(), std::make_unique<StreamedStep>(std::move(convolution)));
  e.builder.CountStreamed();
  return {};
}

}  // namespace disco::onednn
