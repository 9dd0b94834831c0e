// SPDX-License-Identifier: Apache-2.0
// Attributes of a NodeProto by name and type. Private to the room.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <string_view>
#include <vector>

namespace disco {

// Reads with defaults; an attribute of another type than asked for counts as absent.
class Attributes {
 public:
  explicit Attributes(const onnx::NodeProto& proto) : proto_(proto) {}

  const onnx::AttributeProto* Find(std::string_view name) const {
    for (const auto& attribute : proto_.attribute()) {
      if (attribute.name() == name) return &attribute;
    }
    return nullptr;
  }
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  int64_t Int(std::string_view name, int64_t fallback) const {
    const auto* attribute = Find(name);
    return attribute != nullptr && attribute->has_i() ? attribute->i() : fallback;
  }
  float Float(std::string_view name, float fallback) const {
    const auto* attribute = Find(name);
    return attribute != nullptr && attribute->has_f() ? attribute->f() : fallback;
  }
  std::string Text(std::string_view name, std::string_view fallback) const {
    const auto* attribute = Find(name);
    return attribute != nullptr && attribute->has_s() ? attribute->s() : std::string(fallback);
  }
  std::vector<int64_t> Ints(std::string_view name) const {
    const auto* attribute = Find(name);
    if (attribute == nullptr) return {};
    return {attribute->ints().begin(), attribute->ints().end()};
  }

 private:
  const onnx::NodeProto& proto_;
};

class AttributeWriter {
 public:
  explicit AttributeWriter(onnx::NodeProto& proto) : proto_(proto) {}

  void Int(const char* name, int64_t value) { Add(name, onnx::AttributeProto::INT)->set_i(value); }
  void Float(const char* name, float value) {
    Add(name, onnx::AttributeProto::FLOAT)->set_f(value);
  }
  void Text(const char* name, std::string_view value) {
    Add(name, onnx::AttributeProto::STRING)->set_s(std::string(value));
  }
  void Ints(const char* name, const std::vector<int64_t>& values) {
    auto* attribute = Add(name, onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
  }
  onnx::TensorProto* Tensor(const char* name) {
    return Add(name, onnx::AttributeProto::TENSOR)->mutable_t();
  }

 private:
  onnx::AttributeProto* Add(const char* name, onnx::AttributeProto::AttributeType type) {
    auto* attribute = proto_.add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  onnx::NodeProto& proto_;
};

}  // namespace disco
