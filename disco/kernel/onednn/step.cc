// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/step.h"

#include "disco/op/op_name.h"

namespace disco::onednn {

PrimitiveStep::PrimitiveStep(std::string what, dnnl::primitive primitive,
                             std::vector<Argument> arguments)
    : what_(std::move(what)), primitive_(std::move(primitive)), arguments_(std::move(arguments)) {
  for (const Argument& argument : arguments_)
    raw_.push_back({argument.slot, argument.memory.get()});
}

Status PrimitiveStep::Run(const RunContext& context) {
  const dnnl_status_t status = dnnl_primitive_execute(primitive_.get(), context.stream,
                                                      static_cast<int>(raw_.size()), raw_.data());
  if (status == dnnl_success) return {};
  return Fail(ErrorKind::kUnsupported, "{}: oneDNN failed with status {}", what_,
              static_cast<int>(status));
}

void PrimitiveStep::SetData(int slot, void* data) {
  for (const Argument& argument : arguments_) {
    if (argument.slot == slot) argument.memory.set_data_handle(data);
  }
}

Status SendStep::Run(const RunContext& context) {
  if (context.exchange == nullptr) return OpError(op_, ErrorKind::kInvalid, "needs an exchange");
  Pack(index_, value_, payload_);
  return context.exchange->Send(op_.as<SendParams>(), payload_);
}

Status ReceiveStep::Run(const RunContext& context) {
  if (context.exchange == nullptr) return OpError(op_, ErrorKind::kInvalid, "needs an exchange");
  const auto& sources = op_.as<ReceiveParams>().sources;
  for (size_t i = 0; i < indices_.size(); ++i) {
    std::byte* const to = straight_ ? reinterpret_cast<std::byte*>(value_) : staging_;
    const std::span payload(to, indices_[i].size_bytes());
    DISCO_TRY(context.exchange->Receive(sources[i], payload));
    if (!straight_) Unpack(indices_[i], payload, value_);
  }
  return {};
}

}  // namespace disco::onednn
