// SPDX-License-Identifier: Apache-2.0
// Streamed convolutions compute what the sum says, on both sides of every size at which tiles,
// panels and blocks change.
#include "disco/kernel/streamed/streamed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "disco/base/random.h"

namespace disco::streamed {
namespace {

constexpr float kUntouched = 12345;

std::vector<float> RandomFloats(Random& random, size_t count) {
  std::vector<float> floats(count);
  for (float& x : floats) x = static_cast<float>(random.Uniform(-1, 1));
  return floats;
}

size_t OneOf(Random& random, std::initializer_list<size_t> choices) {
  return choices.begin()[random.Below(static_cast<int64_t>(choices.size()))];
}

// A convolution with all that it reads; `expected` is its target by the plain sum.
class Sample {
 public:
  Sample(Random& random, const Extent& extent)
      : extent_(extent),
        zeros_(extent.inputs, 0.0f),
        map_(RandomFloats(random, (extent.rows + 3) * extent.inputs)),
        weights_(RandomFloats(random, extent.outputs * extent.inputs * extent.taps)),
        bias_(RandomFloats(random, extent.outputs)),
        residual_(RandomFloats(random, extent.rows * extent.outputs)),
        target_(residual_.size() + 2, kUntouched),
        packed_(PackedSize(extent) + kAlignment) {
    convolution_.extent = extent;
    // Padding in runs, as at the edges of a map.
    const int64_t padding = random.Below(4);  // of 4 runs
    bool padded = false;
    for (size_t i = 0; i < extent.taps * extent.rows; ++i) {
      if (random.Below(8) == 0) padded = random.Below(4) < padding;
      const auto position =
          static_cast<size_t>(random.Below(static_cast<int64_t>(extent.rows + 3)));
      sources_.push_back(padded ? zeros_.data() : map_.data() + position * extent.inputs);
    }
    convolution_.sources = sources_;
    convolution_.zeros = zeros_.data();
    convolution_.target = target_.data() + 1;
    PackWith(bias_);
  }

  void PackWith(std::span<const float> bias) {
    void* start = packed_.data();
    size_t space = packed_.size() * sizeof(float);
    start =
        std::align(kAlignment * sizeof(float), PackedSize(extent_) * sizeof(float), start, space);
    const std::span packed(static_cast<float*>(start), PackedSize(extent_));
    Pack(extent_, weights_, bias, packed);
    convolution_.packed = packed.data();
  }
  void AddResidual() { convolution_.addends.push_back(residual_.data()); }
  void AddTarget() {
    std::ranges::copy(residual_, convolution_.target);
    convolution_.addends.push_back(convolution_.target);
  }
  Convolution& convolution() { return convolution_; }
  std::vector<float>& map() { return map_; }

  double Expected(size_t row, size_t output, bool biased, size_t residuals) const {
    double sum = biased ? static_cast<double>(bias_[output]) : 0;
    sum += static_cast<double>(residuals) *
           static_cast<double>(residual_[row * extent_.outputs + output]);
    for (size_t tap = 0; tap < extent_.taps; ++tap) {
      const float* source = convolution_.sources[tap * extent_.rows + row];
      for (size_t c = 0; c < extent_.inputs; ++c) {
        const float weight = weights_[(output * extent_.inputs + c) * extent_.taps + tap];
        sum += static_cast<double>(source[c]) * static_cast<double>(weight);
      }
    }
    return std::clamp(sum, static_cast<double>(convolution_.least),
                      static_cast<double>(convolution_.most));
  }

  void ExpectTarget(bool biased, size_t residuals) {
    const double tolerance = 1e-5 * std::sqrt(static_cast<double>(extent_.inputs * extent_.taps));
    // Of a large target some elements, and all of its end.
    constexpr size_t kChecked = 1000;
    const size_t size = extent_.rows * extent_.outputs, step = 1 + size / kChecked;
    for (size_t i = 0; i < size; i += i + kChecked / 4 < size ? step : 1) {
      const size_t row = i / extent_.outputs, output = i % extent_.outputs;
      ASSERT_NEAR(convolution_.target[i], Expected(row, output, biased, residuals), tolerance)
          << "row " << row << " output " << output;
    }
    EXPECT_EQ(target_.front(), kUntouched);
    EXPECT_EQ(target_.back(), kUntouched);
  }

 private:
  static constexpr size_t kAlignment = 16;  // floats

  Extent extent_;
  std::vector<float> zeros_, map_, weights_, bias_, residual_, target_, packed_;
  std::vector<const float*> sources_;
  Convolution convolution_;
};

class StreamedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!IsSupported()) GTEST_SKIP() << "this processor has no AVX-512";
  }
};

TEST_F(StreamedTest, GivesTheSumForAllExtents) {
  Random random(1);
  for (int round = 0; round < 150; ++round) {
    const Extent extent{.rows = OneOf(random, {1, 6, 7, 8, 13, 49, 50, 196, 255}),
                        .taps = OneOf(random, {1, 2, 9}),
                        .inputs = OneOf(random, {1, 3, 60, 256, 511, 512, 513, 1025}),
                        .outputs = OneOf(random, {1, 15, 16, 17, 63, 64, 65, 80, 130})};
    SCOPED_TRACE(::testing::Message() << extent.rows << " rows, " << extent.taps << " taps, "
                                      << extent.inputs << " -> " << extent.outputs);
    Sample sample(random, extent);
    const bool biased = random.Below(2) == 0, in_place = random.Below(2) == 0;
    const bool added = random.Below(2) == 0;
    if (!biased) sample.PackWith({});
    if (in_place) sample.AddTarget();
    if (added) sample.AddResidual();
    if (random.Below(2) == 0) sample.convolution().least = 0;
    if (random.Below(2) == 0) sample.convolution().most = 1.5f;
    Convolve(sample.convolution());
    sample.ExpectTarget(biased, (in_place ? 1u : 0u) + (added ? 1u : 0u));
  }
}

TEST_F(StreamedTest, RunsAgainAlike) {
  Random random(2);
  Sample sample(random, {.rows = 20, .taps = 9, .inputs = 130, .outputs = 100});
  const size_t size = 20 * 100;
  Convolve(sample.convolution());
  const std::vector<float> first(sample.convolution().target, sample.convolution().target + size);
  Convolve(sample.convolution());
  EXPECT_TRUE(std::equal(first.begin(), first.end(), sample.convolution().target));
}

TEST_F(StreamedTest, NumbersThatAreNonePassTheClamp) {
  Random random(3);
  Sample sample(random, {.rows = 9, .taps = 1, .inputs = 20, .outputs = 70});
  sample.convolution().least = 0;
  sample.convolution().most = 6;
  std::ranges::fill(sample.map(), std::numeric_limits<float>::quiet_NaN());
  Convolve(sample.convolution());
  for (size_t i = 0; i < 9 * 70; ++i) EXPECT_TRUE(std::isnan(sample.convolution().target[i])) << i;
}

}  // namespace
}  // namespace disco::streamed
