// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/layout_copy.h"

#include <cstring>

namespace disco::onednn {

LayoutCopy::LayoutCopy(Builder& builder, ValueId id, Direction direction)
    : direction_(direction), buffer_(builder.Data(id)) {
  const Value& value = builder.graph().value(id);
  size_ = static_cast<size_t>(value.shape.elements()) * SizeOf(value.dtype);
  if (builder.LiesPlain(id) || size_ == 0) return;
  const Desc plain(value.shape.dims(), kFloat, value.shape.strides());
  const Desc own = builder.DescOf(id);
  const bool out = direction == Direction::kToTensor;
  const dnnl::memory tensor = builder.Memory(plain, nullptr), buffer = builder.Memory(own, buffer_);
  const dnnl::reorder::primitive_desc desc(builder.engine(), out ? own : plain, builder.engine(),
                                           out ? plain : own);
  const std::vector<Argument> arguments = {{DNNL_ARG_FROM, out ? buffer : tensor},
                                           {DNNL_ARG_TO, out ? tensor : buffer}};
  reorder_ = std::make_unique<PrimitiveStep>("value '" + value.name + "'",
                                             dnnl::primitive(desc.get()), arguments);
}

Status LayoutCopy::Run(const RunContext& context, const std::byte* tensor) const {
  auto* const data = const_cast<std::byte*>(tensor);  // oneDNN takes sources as void*, too
  const bool out = direction_ == Direction::kToTensor;
  if (reorder_ == nullptr) {
    if (size_ > 0) std::memcpy(out ? data : buffer_, out ? buffer_ : data, size_);
    return {};
  }
  reorder_->SetData(out ? DNNL_ARG_TO : DNNL_ARG_FROM, data);
  return reorder_->Run(context);
}

}  // namespace disco::onednn
