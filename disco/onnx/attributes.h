// SPDX-License-Identifier: Apache-2.0
// Attributes of a NodeProto by name and type. Private to the room.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "disco/base/result.h"

namespace disco {

// Reads with defaults, and remembers what was asked for, so that nothing a file says is overlooked:
// see CheckAllRead.
class Attributes {
 public:
  using Type = onnx::AttributeProto::AttributeType;

  explicit Attributes(const onnx::NodeProto& proto) : proto_(proto) {}

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  int64_t Int(std::string_view name, int64_t fallback) const {
    const auto* attribute = Find(name, onnx::AttributeProto::INT);
    return attribute != nullptr ? attribute->i() : fallback;
  }
  float Float(std::string_view name, float fallback) const {
    const auto* attribute = Find(name, onnx::AttributeProto::FLOAT);
    return attribute != nullptr ? attribute->f() : fallback;
  }
  std::string Text(std::string_view name, std::string_view fallback) const {
    const auto* attribute = Find(name, onnx::AttributeProto::STRING);
    return attribute != nullptr ? attribute->s() : std::string(fallback);
  }
  std::vector<int64_t> Ints(std::string_view name) const {
    const auto* attribute = Find(name, onnx::AttributeProto::INTS);
    if (attribute == nullptr) return {};
    return {attribute->ints().begin(), attribute->ints().end()};
  }
  std::vector<float> Floats(std::string_view name) const {
    const auto* attribute = Find(name, onnx::AttributeProto::FLOATS);
    if (attribute == nullptr) return {};
    return {attribute->floats().begin(), attribute->floats().end()};
  }
  // Null when it is absent.
  const onnx::TensorProto* Tensor(std::string_view name) const {
    const auto* attribute = Find(name, onnx::AttributeProto::TENSOR);
    return attribute != nullptr ? &attribute->t() : nullptr;
  }
  // May stand there, of whatever type: it changes nothing in inference.
  void Ignore(std::string_view name) const { asked_.insert_or_assign(std::string(name), kAnyType); }

  // That every attribute was asked for, by its own type; call when the op has been read.
  // Errors: kUnsupported, kInvalid naming the attribute.
  Status CheckAllRead() const;

 private:
  static constexpr Type kAnyType = onnx::AttributeProto::UNDEFINED;

  static Type TypeOf(const onnx::AttributeProto& attribute);
  // Without regard to its type.
  const onnx::AttributeProto* Find(std::string_view name) const;
  // Null also where it is of another type.
  const onnx::AttributeProto* Find(std::string_view name, Type type) const;

  const onnx::NodeProto& proto_;
  mutable std::map<std::string, Type, std::less<>> asked_;
};

class AttributeWriter {
 public:
  explicit AttributeWriter(onnx::NodeProto& proto) : proto_(proto) {}

  void Int(std::string_view name, int64_t value) {
    Add(name, onnx::AttributeProto::INT)->set_i(value);
  }
  void Float(std::string_view name, float value) {
    Add(name, onnx::AttributeProto::FLOAT)->set_f(value);
  }
  void Text(std::string_view name, std::string_view value) {
    Add(name, onnx::AttributeProto::STRING)->set_s(std::string(value));
  }
  void Ints(std::string_view name, const std::vector<int64_t>& values) {
    auto* attribute = Add(name, onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
  }
  void Floats(std::string_view name, const std::vector<float>& values) {
    auto* attribute = Add(name, onnx::AttributeProto::FLOATS);
    for (const float value : values) attribute->add_floats(value);
  }
  onnx::TensorProto* Tensor(std::string_view name) {
    return Add(name, onnx::AttributeProto::TENSOR)->mutable_t();
  }

 private:
  onnx::AttributeProto* Add(std::string_view name, onnx::AttributeProto::AttributeType type) {
    auto* attribute = proto_.add_attribute();
    attribute->set_name(std::string(name));
    attribute->set_type(type);
    return attribute;
  }
  onnx::NodeProto& proto_;
};

}  // namespace disco
