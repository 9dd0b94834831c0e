// SPDX-License-Identifier: Apache-2.0
// Fields of an op into the attributes of a NodeProto. What is empty, or a flag that has its
// fallback, is left out. Private to the module.
#pragma once

#include "disco/onnx/attributes.h"
#include "disco/op/fields.h"

namespace disco {

class FieldWriter : public FieldVisitor {
 public:
  using FieldVisitor::Flag;

  FieldWriter(onnx::NodeProto& proto, int64_t opset) : FieldVisitor(opset), writer_(proto) {}

  void Int(std::string_view name, int64_t& value) override { writer_.Int(name, value); }
  void Required(std::string_view name, int64_t& value) override { writer_.Int(name, value); }
  void Index(std::string_view name, int32_t& value) override { writer_.Int(name, value); }
  void Float(std::string_view name, float& value) override { writer_.Float(name, value); }
  void Text(std::string_view name, std::string& value) override { writer_.Text(name, value); }
  void Flag(std::string_view name, bool& value, bool fallback) override;
  void PerAxis(std::string_view name, std::vector<int64_t>& values) override;
  void Indices(std::string_view name, std::vector<int64_t>& values) override;
  void Floats(std::string_view name, std::vector<float>& values) override;
  void Number(std::string_view name, FillParams& value) override;
  void Only(std::string_view, int64_t) override {}
  void Refuse(std::string) override {}

 private:
  void Choose(std::string_view name, std::span<const std::string_view> names,
              size_t& position) override;

  AttributeWriter writer_;
};

}  // namespace disco
