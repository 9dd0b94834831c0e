// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/pick.h"

#include <algorithm>
#include <cstring>

namespace disco::onednn {
namespace {

// Whether a step along `axis` moves source and target alike by `run`, so that the runs join.
bool Joins(const PickAxis& axis, int64_t run) {
  if (axis.target_stride != run || axis.sources.empty()) return false;
  for (size_t i = 0; i < axis.sources.size(); ++i) {
    if (axis.sources[i] != static_cast<int64_t>(i) * run) return false;
  }
  return true;
}

// Takes the innermost axes that join out of `axes` and returns the length of their run.
int64_t JoinInnermost(std::vector<PickAxis>& axes) {
  int64_t run = 1;
  while (!axes.empty() && Joins(axes.back(), run)) {
    run *= static_cast<int64_t>(axes.back().sources.size());
    axes.pop_back();
  }
  return run;
}

// What the sources of the innermost axis are apart, if that is always the same and none is filled.
std::optional<int64_t> EvenStep(const std::vector<PickAxis>& axes) {
  if (axes.empty() || axes.back().sources.size() < 2 || axes.back().sources[0] < 0) return {};
  const std::vector<int64_t>& sources = axes.back().sources;
  const int64_t step = sources[1] - sources[0];
  const auto uneven = [step](int64_t a, int64_t b) { return b < 0 || b - a != step; };
  if (std::ranges::adjacent_find(sources, uneven) != sources.end()) return {};
  return step;
}

template <class T>
struct Mover {
  const std::vector<PickAxis>& axes;
  int64_t run;
  std::optional<int64_t> step;
  T filling;

  // `from` is null where an outer axis is filled.
  void Move(size_t axis, const T* from, T* to) const {
    if (axis == axes.size()) return MoveRun(from, to);
    if (run == 1 && axis + 1 == axes.size()) return MoveSingly(axes[axis], from, to);
    for (const int64_t source : axes[axis].sources) {
      Move(axis + 1, from == nullptr || source < 0 ? nullptr : from + source, to);
      to += axes[axis].target_stride;
    }
  }

  void MoveRun(const T* from, T* to) const {
    if (from == nullptr) {
      std::fill_n(to, run, filling);
    } else {
      std::memcpy(to, from, static_cast<size_t>(run) * sizeof(T));
    }
  }

  // Loops without calls, for elements without neighbours.
  void MoveSingly(const PickAxis& axis, const T* from, T* to) const {
    const int64_t stride = axis.target_stride;
    if (from != nullptr && step) {
      const auto count = std::ssize(axis.sources);
      from += axis.sources[0];
      for (int64_t i = 0; i < count; ++i) to[i * stride] = from[i * *step];
      return;
    }
    for (const int64_t source : axis.sources) {
      *to = from == nullptr || source < 0 ? filling : from[source];
      to += stride;
    }
  }
};

template <class T>
void Move(const Pick& pick, int64_t run, std::optional<int64_t> step) {
  T filling{};
  if (!pick.filling.empty()) std::memcpy(&filling, pick.filling.data(), sizeof(T));
  const Mover<T> mover{pick.axes, run, step, filling};
  mover.Move(0, reinterpret_cast<const T*>(pick.from), reinterpret_cast<T*>(pick.to));
}

}  // namespace

PickAxis MakePickAxis(const std::vector<int64_t>& indices, int64_t source_stride,
                      int64_t target_stride) {
  PickAxis axis{indices, target_stride};
  for (int64_t& source : axis.sources) source = source < 0 ? -1 : source * source_stride;
  return axis;
}

PickStep::PickStep(std::vector<Pick> picks) {
  for (Pick& pick : picks) {
    const bool empty =
        std::ranges::any_of(pick.axes, [](const PickAxis& axis) { return axis.sources.empty(); });
    if (empty) continue;
    // Of equal strides the axes of extent 1 stand innermost, where they join any run.
    std::ranges::sort(pick.axes, std::ranges::greater(), [](const PickAxis& axis) {
      return std::pair(axis.target_stride, axis.sources.size());
    });
    const int64_t run = JoinInnermost(pick.axes);
    const std::optional<int64_t> step = EvenStep(pick.axes);
    plans_.push_back({std::move(pick), run, step});
  }
}

Status PickStep::Run(const RunContext&) {
  for (const auto& [pick, run, step] : plans_) {
    switch (pick.element_size) {
      case 1:
        Move<uint8_t>(pick, run, step);
        break;
      case 2:
        Move<uint16_t>(pick, run, step);
        break;
      case 4:
        Move<uint32_t>(pick, run, step);
        break;
      default:
        Move<uint64_t>(pick, run, step);
        break;
    }
  }
  return {};
}

}  // namespace disco::onednn
