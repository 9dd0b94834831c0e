// SPDX-License-Identifier: Apache-2.0
// Ops: what a network is made of. Names and meaning are ONNX's (opset 17, the newer form where an
// older file or a newer one says the same thing differently: axes, pads and bounds are inputs). The
// two ops of domain "disco", Send and Receive, stand only in shards.
//
// Symbols: N batch, C features (channels), D... spatial extents. Thread rule: plain values.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "disco/tensor/dtype.h"
#include "disco/tensor/shape.h"
#include "disco/tensor/wire.h"

namespace disco {

enum class OpType : uint8_t {
  kAdd,
  kAveragePool,
  kBatchNormalization,
  kClip,
  kConcat,
  kConstantOfShape,
  kConv,
  kDropout,
  kFlatten,
  kGather,
  kGemm,
  kGlobalAveragePool,
  kHardSwish,
  kIdentity,
  kLayerNormalization,
  kLeakyRelu,
  kLrn,
  kMatMul,
  kMaxPool,
  kMul,
  kPad,
  kReceive,
  kReduceMean,
  kRelu,
  kReshape,
  kSend,
  kSigmoid,
  kSlice,
  kSoftmax,
  kSplit,
  kSqueeze,
  kTranspose,
  kUnsqueeze,
};

enum class AutoPad : uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

// A window that slides over D... : one entry per spatial axis; empty means the default of ONNX.
struct Window {
  std::vector<int64_t> kernel, strides, dilations, pads_begin, pads_end;
  AutoPad auto_pad = AutoPad::kNotSet;
  friend bool operator==(const Window&, const Window&) = default;
};

// X [N, C, D...], W [M, C / group, K...], optional B [M] -> Y [N, M, D'...]
struct ConvParams {
  Window window;
  int64_t group = 1;
  friend bool operator==(const ConvParams&, const ConvParams&) = default;
};
// X [N, C, D...] -> Y [N, C, D'...]; MaxPool has an optional second output, the indices.
struct PoolParams {
  Window window;
  bool ceil_mode = false;
  bool count_include_pad = false;  // AveragePool
  bool column_major = false;       // MaxPool indices
  friend bool operator==(const PoolParams&, const PoolParams&) = default;
};
// Y = alpha * A' B' + beta * C
struct GemmParams {
  float alpha = 1, beta = 1;
  bool transpose_a = false, transpose_b = false;
  friend bool operator==(const GemmParams&, const GemmParams&) = default;
};
// X, scale, bias, mean, variance [C] -> Y = (X - mean) / sqrt(variance + epsilon) * scale + bias.
// In training form (statistics of the batch) two more outputs: the new mean and variance.
struct BatchNormParams {
  float epsilon = 1e-5f, momentum = 0.9f;
  bool training = false;
  friend bool operator==(const BatchNormParams&, const BatchNormParams&) = default;
};
// X, scale, optional bias -> Y = (X - mean) / sqrt(variance + epsilon) * scale + bias, with the
// statistics of all axes from `axis` on; optional outputs: the mean and 1 / sqrt(variance +
// epsilon).
struct LayerNormParams {
  int64_t axis = -1;
  float epsilon = 1e-5f;
  friend bool operator==(const LayerNormParams&, const LayerNormParams&) = default;
};
// Local response normalisation over `size` neighbouring features.
struct LrnParams {
  float alpha = 1e-4f, beta = 0.75f, bias = 1;
  int64_t size = 1;
  friend bool operator==(const LrnParams&, const LrnParams&) = default;
};
// Concat, Flatten, Gather.
struct AxisParams {
  int64_t axis = 0;
  friend bool operator==(const AxisParams&, const AxisParams&) = default;
};
// X, optional sizes [parts] -> one output for each part along `axis`, one behind the other.
struct SplitParams {
  int64_t axis = 0;
  int64_t parts = 0;
  bool equal = true;  // no sizes: parts of one size, but for a smaller last one
  friend bool operator==(const SplitParams&, const SplitParams&) = default;
};
// Before opset 13 Softmax normalised over all axes from `axis` on.
struct SoftmaxParams {
  int64_t axis = -1;
  bool over_all_from_axis = false;
  friend bool operator==(const SoftmaxParams&, const SoftmaxParams&) = default;
};
struct TransposeParams {
  std::vector<int64_t> permutation;  // empty: reverse
  friend bool operator==(const TransposeParams&, const TransposeParams&) = default;
};
struct LeakyReluParams {
  float alpha = 0.01f;
  friend bool operator==(const LeakyReluParams&, const LeakyReluParams&) = default;
};
// X, optional axes
struct ReduceParams {
  bool keep_dims = true;
  bool nothing_without_axes = false;  // else: no axes means all
  friend bool operator==(const ReduceParams&, const ReduceParams&) = default;
};
enum class PadMode : uint8_t { kConstant, kReflect, kEdge, kWrap };
// X, pads [2r], optional constant, optional axes [r]
struct PadParams {
  PadMode mode = PadMode::kConstant;
  friend bool operator==(const PadParams&, const PadParams&) = default;
};
// X, optional ratio, optional training flag
struct DropoutParams {
  int64_t seed = 0;
  friend bool operator==(const DropoutParams&, const DropoutParams&) = default;
};
// X, shape
struct ReshapeParams {
  bool allow_zero = false;
  friend bool operator==(const ReshapeParams&, const ReshapeParams&) = default;
};
// shape -> Y filled with one value
struct FillParams {
  double value = 0;
  DType dtype = DType::kF32;
  friend bool operator==(const FillParams&, const FillParams&) = default;
};

// X: sends features `features` of X (positions along `axis`, ascending) to node `to` as transfer
// `transfer`. Only every stride-th position of D... is sent; empty: all. With `with_next` it leaves
// together with the next Send to the same node, or before the node waits or ends.
struct SendParams {
  int32_t to = 0, transfer = 0;
  int32_t axis = 1;
  std::vector<int64_t> features;
  std::vector<int64_t> stride;
  Wire wire;
  bool with_next = false;
  friend bool operator==(const SendParams&, const SendParams&) = default;
};
// Optional X -> Y: the features of X, then those that come from each source, one source after the
// other along `axis`.
struct ReceiveParams {
  struct Source {
    int32_t from = 0, transfer = 0;
    int64_t features = 0;
    friend bool operator==(const Source&, const Source&) = default;
  };
  std::vector<Source> sources;
  int32_t axis = 1;
  Shape shape;  // of Y; axis 0 is the batch, which SetBatch changes
  Wire wire;    // of all sources; scales in the order in which the features come
  friend bool operator==(const ReceiveParams&, const ReceiveParams&) = default;
};

using OpParams = std::variant<std::monostate, ConvParams, PoolParams, GemmParams, BatchNormParams,
                              LayerNormParams, LrnParams, AxisParams, SplitParams, SoftmaxParams,
                              TransposeParams, LeakyReluParams, ReduceParams, PadParams,
                              DropoutParams, ReshapeParams, FillParams, SendParams, ReceiveParams>;

}  // namespace disco
