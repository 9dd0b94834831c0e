// SPDX-License-Identifier: Apache-2.0
// Target: what the answer for an image should be. One alternative for each task (see task.h).
// Thread rule: plain values. Errors: none.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace disco {

struct ClassLabel {
  int64_t index = 0;  // of a class
  friend bool operator==(const ClassLabel&, const ClassLabel&) = default;
};

using Target = std::variant<ClassLabel>;

// Of targets that are classes.
inline int64_t LabelOf(const Target& target) { return std::get<ClassLabel>(target).index; }
std::vector<int64_t> LabelsOf(std::span<const Target> targets);

}  // namespace disco
