// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "disco/graph/work.h"
#include "disco/kernel/onednn/emit.h"
#include "disco/kernel/reference/window.h"
#include "disco/kernel/streamed/streamed.h"

namespace disco::onednn {
namespace {

// With more positions than this, reading the weights is a small part of the work; with more than
// this for each multiplication of an element, so are multiplications. oneDNN's own kernels are
// ahead in both cases.
constexpr size_t kMostRows = 256, kMostRowsOfDepth = 4;
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

Bytes WeightsOf(const Graph& graph) {
  Bytes total;
  for (const Value& value : graph.values) {
    if (value.constant) total += SizeOf(value);
  }
  return total;
}

bool IsMapLikeOutput(const Emission& e, ValueId id) {
  return e.builder.ShapeOf(id) == e.builder.ShapeOf(e.output()) &&
         e.builder.LayoutOf(id) == Layout::kChannelsLast;
}

bool Clamps(const Emission& e) {
  if (!e.fused.activation) return true;
  const OpType type = e.graph().op(*e.fused.activation).type;
  return type == OpType::kRelu || type == OpType::kClip;
}

bool CanStream(const Emission& e) {
  const auto constant = [&](size_t slot) { return e.graph().IsConstant(e.input(slot)); };
  return streamed::IsSupported() && e.op().as<ConvParams>().group == 1 && constant(1) &&
         (!e.op().HasInput(2) || constant(2)) &&
         e.builder.LayoutOf(e.input(0)) == Layout::kChannelsLast &&
         IsMapLikeOutput(e, e.output()) && Clamps(e) &&
         std::ranges::all_of(e.fused.addends, [&](ValueId id) { return IsMapLikeOutput(e, id); });
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

// Convolution::sources of an input at `map`, with `zeros` for padding.
std::vector<const float*> SourcesOf(const reference::WindowTaps& window, const Shape& input,
                                    const float* map, const float* zeros) {
  const int64_t rows = input[0] * window.outputs();
  std::vector<const float*> sources(static_cast<size_t>(window.taps() * rows));
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
  return sources;
}

Status AddClamp(const Emission& e, streamed::Convolution& convolution) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  convolution.least = -kInfinity;
  convolution.most = kInfinity;
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

}  // namespace

bool ShouldStream(const Emission& e) {
  if (!CanStream(e)) return false;
  const streamed::Extent extent = ExtentOf(e);
  const size_t depth = extent.taps * extent.inputs;
  return extent.rows <= std::min(kMostRows, kMostRowsOfDepth * depth) &&
         WeightsOf(e.graph()) > kCached;
}

Status EmitStreamed(const Emission& e) {
  Builder& builder = e.builder;
  const auto floats = [&](ValueId id) { return reinterpret_cast<float*>(builder.Data(id)); };
  streamed::Convolution convolution{.extent = ExtentOf(e)};
  DISCO_TRY(AddClamp(e, convolution));
  DISCO_ASSIGN(ResolvedWindow resolved, WindowOf(e.graph(), e.op()));
  const reference::WindowTaps window(std::move(resolved), builder.ShapeOf(e.input(0)));
  const auto* const zeros =
      reinterpret_cast<const float*>(builder.NewStaging(convolution.extent.inputs * sizeof(float)));
  convolution.sources = SourcesOf(window, builder.ShapeOf(e.input(0)), floats(e.input(0)), zeros);

  const size_t size = streamed::PackedSize(convolution.extent);
  const std::span packed(reinterpret_cast<float*>(builder.NewPacked(size * sizeof(float))), size);
  const auto constant = [&](size_t slot) {
    return e.graph().ConstantInput(e.op(), slot)->Data<float>();
  };
  streamed::Pack(convolution.extent, constant(1),
                 e.op().HasInput(2) ? constant(2) : std::span<const float>(), packed);
  convolution.packed = packed.data();

  for (const ValueId addend : e.fused.addends) convolution.addends.push_back(floats(addend));
  convolution.target = floats(e.output());
  builder.AddStep(e.op(), std::make_unique<StreamedStep>(std::move(convolution)));
  builder.CountStreamed();
  return {};
}

}  // namespace disco::onednn
