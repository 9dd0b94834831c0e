// SPDX-License-Identifier: Apache-2.0
// Steps: what a program does one after the other at every Run. Made at load; running one allocates
// nothing (but for ReferenceStep). Private to the room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/kernel/onednn/dnnl_api.h"
#include "disco/kernel/program.h"
#include "disco/kernel/reference/payload.h"

namespace disco::onednn {

struct RunContext {
  dnnl_stream_t stream;
  Exchange* exchange;  // may be null
};

class Step {
 public:
  virtual ~Step() = default;
  virtual Status Run(const RunContext& context) = 0;
  // Where the step may put what it needs while it runs; shared by all steps, so that it stays in
  // the cache.
  virtual void UseScratchpad(std::byte*) {}
};

struct Argument {
  int slot;  // DNNL_ARG_...
  dnnl::memory memory;
};

// One call of oneDNN.
class PrimitiveStep : public Step {
 public:
  // `what` names the op in errors.
  PrimitiveStep(std::string what, dnnl::primitive primitive, std::vector<Argument> arguments);
  Status Run(const RunContext& context) override;
  void UseScratchpad(std::byte* data) override { SetData(DNNL_ARG_SCRATCHPAD, data); }
  // The memory of the argument in `slot` from now on.
  void SetData(int slot, void* data);

 private:
  std::string what_;
  dnnl::primitive primitive_;
  std::vector<Argument> arguments_;
  std::vector<dnnl_exec_arg_t>
      raw_;  // views of arguments_: the C call takes them without allocating
};

class SendStep : public Step {
 public:
  SendStep(const Op& op, PayloadIndex index, const float* value)
      : op_(op), index_(std::move(index)), value_(value) {}
  Status Run(const RunContext& context) override;
  void UseScratchpad(std::byte* data) override { payload_ = {data, index_.size_bytes()}; }

 private:
  const Op& op_;
  PayloadIndex index_;
  const float* value_;
  std::span<std::byte> payload_;
};

class ReceiveStep : public Step {
 public:
  // `straight`: the only payload lies as the value does.
  ReceiveStep(const Op& op, std::vector<PayloadIndex> indices, float* value, bool straight)
      : op_(op), indices_(std::move(indices)), value_(value), straight_(straight) {}
  Status Run(const RunContext& context) override;
  void UseScratchpad(std::byte* data) override { staging_ = data; }

 private:
  const Op& op_;
  std::vector<PayloadIndex> indices_;
  float* value_;
  bool straight_;
  std::byte* staging_ = nullptr;
};

}  // namespace disco::onednn
