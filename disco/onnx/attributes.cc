// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/attributes.h"

namespace disco {

// Files of the first versions of ONNX say the type only by what is filled in.
Attributes::Type Attributes::TypeOf(const onnx::AttributeProto& attribute) {
  if (attribute.type() != onnx::AttributeProto::UNDEFINED) return attribute.type();
  if (attribute.has_i()) return onnx::AttributeProto::INT;
  if (attribute.has_f()) return onnx::AttributeProto::FLOAT;
  if (attribute.has_s()) return onnx::AttributeProto::STRING;
  if (attribute.has_t()) return onnx::AttributeProto::TENSOR;
  if (attribute.floats_size() > 0) return onnx::AttributeProto::FLOATS;
  return attribute.ints_size() > 0 ? onnx::AttributeProto::INTS : onnx::AttributeProto::UNDEFINED;
}

const onnx::AttributeProto* Attributes::Find(std::string_view name) const {
  for (const auto& attribute : proto_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

const onnx::AttributeProto* Attributes::Find(std::string_view name, Type type) const {
  asked_.insert_or_assign(std::string(name), type);
  const auto* attribute = Find(name);
  return attribute != nullptr && TypeOf(*attribute) == type ? attribute : nullptr;
}

Status Attributes::CheckAllRead() const {
  for (const auto& attribute : proto_.attribute()) {
    const auto asked = asked_.find(attribute.name());
    if (asked == asked_.end()) {
      return Fail(ErrorKind::kUnsupported, "attribute '{}', which disco does not know here",
                  attribute.name());
    }
    if (asked->second != kAnyType && TypeOf(attribute) != asked->second) {
      return Fail(ErrorKind::kInvalid, "attribute '{}' is of type {}, not {}", attribute.name(),
                  onnx::AttributeProto::AttributeType_Name(TypeOf(attribute)),
                  onnx::AttributeProto::AttributeType_Name(asked->second));
    }
  }
  return {};
}

}  // namespace disco
