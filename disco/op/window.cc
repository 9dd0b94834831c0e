// SPDX-License-Identifier: Apache-2.0
#include "disco/op/window.h"

#include <algorithm>

#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

using Extents = std::vector<int64_t>;

// Largest kernel, stride, dilation or padding, and what a window reaches over: kernels count in 32
// bits, and the product of two is far below overflow.
constexpr int64_t kMaxEntry = int64_t{1} << 30;

// `given`, or `fallback` for each axis when nothing is given.
Result<Extents> PerAxis(const Extents& given, size_t axes, int64_t fallback, int64_t least,
                        const char* what) {
  if (given.empty()) return Extents(axes, fallback);
  if (given.size() != axes) {
    return Fail(ErrorKind::kInvalid, "{} has {} entries for {} spatial axes", what, given.size(),
                axes);
  }
  for (const int64_t entry : given) {
    if (entry < least || entry > kMaxEntry) {
      return Fail(ErrorKind::kInvalid, "{} of {} makes no sense", what, entry);
    }
  }
  return given;
}

// What a SAME padding needs so that ceil(input / stride) windows fit.
void PadSame(ResolvedWindow& window, size_t axis, int64_t input, int64_t reach, bool upper) {
  const int64_t output = (input + window.strides[axis] - 1) / window.strides[axis];
  const int64_t total = std::max<int64_t>(0, (output - 1) * window.strides[axis] + reach - input);
  window.pads_begin[axis] = upper ? total / 2 : total - total / 2;
  window.pads_end[axis] = total - window.pads_begin[axis];
}

Result<int64_t> OutputExtent(const ResolvedWindow& window, size_t axis, int64_t input,
                             bool ceil_mode) {
  const int64_t reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  const int64_t span = input + window.pads_begin[axis] + window.pads_end[axis] - reach;
  if (reach > kMaxEntry)
    return Fail(ErrorKind::kInvalid, "a window of {} is larger than {}", reach, kMaxEntry);
  if (span < 0) {
    return Fail(ErrorKind::kInvalid, "a window of {} does not fit into an extent of {}", reach,
                input);
  }
  const int64_t stride = window.strides[axis];
  int64_t output = (ceil_mode ? (span + stride - 1) / stride : span / stride) + 1;
  // A last window that would start inside the padding at the end is dropped.
  if (ceil_mode && (output - 1) * stride >= input + window.pads_begin[axis]) --output;
  return output;
}

}  // namespace

Result<ResolvedWindow> ResolveWindow(const Window& window, const Extents& kernel,
                                     const Shape& input, bool ceil_mode) {
  if (input.rank() < 3 || kernel.empty() || static_cast<int>(kernel.size()) != input.rank() - 2) {
    return Fail(ErrorKind::kInvalid, "a window over {} axes does not fit input {}", kernel.size(),
                ToString(input));
  }
  const size_t axes = kernel.size();
  ResolvedWindow resolved;
  DISCO_ASSIGN(resolved.kernel, PerAxis(kernel, axes, 1, 1, "kernel"));
  DISCO_TRY(CheckShape(Shape(resolved.kernel)));
  DISCO_ASSIGN(resolved.strides, PerAxis(window.strides, axes, 1, 1, "stride"));
  DISCO_ASSIGN(resolved.dilations, PerAxis(window.dilations, axes, 1, 1, "dilation"));
  const bool padded = window.auto_pad == AutoPad::kNotSet;
  DISCO_ASSIGN(resolved.pads_begin,
               PerAxis(padded ? window.pads_begin : Extents{}, axes, 0, 0, "padding"));
  DISCO_ASSIGN(resolved.pads_end,
               PerAxis(padded ? window.pads_end : Extents{}, axes, 0, 0, "padding"));
  for (size_t axis = 0; axis < axes; ++axis) {
    const int64_t extent = input[static_cast<int>(axis) + 2];
    if (window.auto_pad == AutoPad::kSameUpper || window.auto_pad == AutoPad::kSameLower) {
      const int64_t reach = (kernel[axis] - 1) * resolved.dilations[axis] + 1;
      PadSame(resolved, axis, extent, reach, window.auto_pad == AutoPad::kSameUpper);
    }
    DISCO_ASSIGN(const int64_t output, OutputExtent(resolved, axis, extent, ceil_mode));
    resolved.output.push_back(output);
  }
  return resolved;
}

namespace {

Result<ResolvedWindow> OfConv(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const Shape& weights = InputShape(graph, op, 1);
  if (weights.rank() != input.rank()) {
    return Fail(ErrorKind::kInvalid, "weights {} do not fit input {}", ToString(weights),
                ToString(input));
  }
  const Extents kernel(weights.begin() + 2, weights.end());
  const Window& window = op.as<ConvParams>().window;
  if (!window.kernel.empty() && window.kernel != kernel) {
    return Fail(ErrorKind::kInvalid, "kernel_shape differs from the weights {}", ToString(weights));
  }
  return ResolveWindow(window, kernel, input, false);
}

Result<ResolvedWindow> OfPool(const Graph& graph, const Op& op) {
  const auto& params = op.as<PoolParams>();
  return ResolveWindow(params.window, params.window.kernel, InputShape(graph, op),
                       params.ceil_mode);
}

}  // namespace

Result<ResolvedWindow> WindowOf(const Graph& graph, const Op& op) {
  const bool convolves = std::holds_alternative<ConvParams>(op.params);
  auto window = convolves ? OfConv(graph, op) : OfPool(graph, op);
  if (!window) return OpError(op, window.error().kind, "{}", window.error().message);
  return window;
}

void WindowFields(FieldVisitor& visitor, Window& window) {
  constexpr std::string_view kModes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
  visitor.PerAxis("kernel_shape", window.kernel);
  visitor.PerAxis("strides", window.strides);
  visitor.PerAxis("dilations", window.dilations);
  Extents pads = window.pads_begin;
  pads.insert(pads.end(), window.pads_end.begin(), window.pads_end.end());
  visitor.PerAxis("pads", pads);
  if (pads.size() % 2 != 0) visitor.Refuse(fmt::format("pads has {} entries", pads.size()));
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2);
  window.pads_begin.assign(pads.begin(), middle);
  window.pads_end.assign(middle, pads.end());
  visitor.Choice("auto_pad", kModes, window.auto_pad);
}

Result<Shape> WindowShape(const Graph& graph, const Op& op, int64_t features) {
  DISCO_ASSIGN(const ResolvedWindow window, WindowOf(graph, op));
  std::vector<int64_t> dims = {InputShape(graph, op)[0], features};
  dims.insert(dims.end(), window.output.begin(), window.output.end());
  return Shape(std::move(dims));
}

}  // namespace disco
