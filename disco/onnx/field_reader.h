// SPDX-License-Identifier: Apache-2.0
// Fields of an op from the attributes of a NodeProto. Private to the module.
#pragma once

#include "disco/onnx/attributes.h"
#include "disco/op/fields.h"

namespace disco {

class FieldReader : public FieldVisitor {
 public:
  using FieldVisitor::Flag;

  FieldReader(const Attributes& attributes, int64_t opset)
      : FieldVisitor(opset), attributes_(attributes) {}

  // The first thing that was wrong: kInvalid or kUnsupported, without the name of the op.
  const Status& status() const { return status_; }

  void Int(std::string_view name, int64_t& value) override;
  void Required(std::string_view name, int64_t& value) override;
  void Index(std::string_view name, int32_t& value) override;
  void Float(std::string_view name, float& value) override;
  void Text(std::string_view name, std::string& value) override;
  void Flag(std::string_view name, bool& value, bool fallback) override;
  void PerAxis(std::string_view name, std::vector<int64_t>& values) override;
  void Indices(std::string_view name, std::vector<int64_t>& values) override;
  void Floats(std::string_view name, std::vector<float>& values) override;
  void Number(std::string_view name, FillParams& value) override;
  void Only(std::string_view name, int64_t value) override;
  void Refuse(std::string message) override { Fails(ErrorKind::kInvalid, std::move(message)); }

 private:
  void Choose(std::string_view name, std::span<const std::string_view> names,
              size_t& position) override;
  void Fails(ErrorKind kind, std::string message);

  const Attributes& attributes_;
  Status status_;
};

}  // namespace disco
