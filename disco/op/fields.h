// SPDX-License-Identifier: Apache-2.0
// FieldVisitor: the attributes of an op, one by one: reading ONNX and writing it are two visitors
// of the same list.
//
// A field holds its default when it is visited. What equals the default may be left out of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disco/graph/op.h"

namespace disco {

class FieldVisitor {
 public:
  explicit FieldVisitor(int64_t opset) : opset_(opset) {}
  virtual ~FieldVisitor() = default;

  // That is read or written: some attributes came with a later one than the op.
  int64_t opset() const { return opset_; }

  virtual void Int(std::string_view name, int64_t& value) = 0;
  // That has no default.
  virtual void Required(std::string_view name, int64_t& value) = 0;
  // From 0 to the largest int32, without a default.
  virtual void Index(std::string_view name, int32_t& value) = 0;
  virtual void Float(std::string_view name, float& value) = 0;
  virtual void Text(std::string_view name, std::string& value) = 0;
  // 0 or 1; written where it is not `fallback`.
  virtual void Flag(std::string_view name, bool& value, bool fallback) = 0;
  void Flag(std::string_view name, bool& value) { Flag(name, value, false); }

  // One or two numbers for each axis; empty: the attribute is absent.
  virtual void PerAxis(std::string_view name, std::vector<int64_t>& values) = 0;
  // Any number of those that Index may have.
  virtual void Indices(std::string_view name, std::vector<int64_t>& values) = 0;
  virtual void Floats(std::string_view name, std::vector<float>& values) = 0;
  // A tensor of one number.
  virtual void Number(std::string_view name, FillParams& value) = 0;

  // An attribute of older files, which may be there with this value only.
  virtual void Only(std::string_view name, int64_t value) = 0;

  // Says that what was read does not fit together; nothing that is written is refused.
  virtual void Refuse(std::string message) = 0;

  // One of `names`, in the order of the enumerators; the first is the default.
  template <class Enum>
  void Choice(std::string_view name, std::span<const std::string_view> names, Enum& value) {
    auto position = static_cast<size_t>(value);
    Choose(name, names, position);
    value = static_cast<Enum>(position);
  }

 protected:
  virtual void Choose(std::string_view name, std::span<const std::string_view> names,
                      size_t& position) = 0;

 private:
  int64_t opset_;
};

}  // namespace disco
