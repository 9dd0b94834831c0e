// SPDX-License-Identifier: Apache-2.0
// MeshExchange: where a program's Send and Receive meet the mesh, for one inference. Private to the
// room. Thread rule: that of the mesh.
#pragma once

#include <functional>

#include "disco/kernel/program.h"
#include "disco/node/held_messages.h"
#include "disco/node/protocol.h"

namespace disco {

class MeshExchange : public Exchange {
 public:
  struct Inference {
    uint64_t plan_hash = 0, sequence = 0;
    Deadline deadline;                // of its messages
    Deadline caller_waits_until;      // nobody wants its answer after that
    std::function<Status()> at_step;  // its error ends the inference
    bool not_finite = false;          // kQueryNotFinite
  };
  // `held` is empty, and outlives this.
  MeshExchange(Mesh& mesh, HeldMessages& held, const Inference& inference)
      : mesh_(mesh), held_(held), inference_(inference) {}

  Status Send(const SendParams& to, std::span<const std::byte> payload) override {
    counted_.sent += Bytes{static_cast<int64_t>(payload.size())};
    return to.with_next ? held_.Hold(mesh_, to.to, Header(to.transfer), payload)
                        : held_.Post(mesh_, to.to, Header(to.transfer), payload);
  }

  Status Receive(const ReceiveParams::Source& from, std::span<std::byte> payload) override {
    DISCO_TRY(held_.Release(mesh_));
    const auto start = Clock::now();
    counted_.received += Bytes{static_cast<int64_t>(payload.size())};
    Status status =
        ReceiveFrame(mesh_, from.from, Header(from.transfer), payload, inference_.deadline);
    counted_.wait += Since(start);
    return status;
  }

  Status GoOn() override {
    DISCO_TRY(inference_.at_step());
    if (!inference_.caller_waits_until.Passed()) return {};
    return Fail(ErrorKind::kDeadline,
                "still computes at the caller's deadline; a longer one, or a "
                "smaller batch, lets it finish");
  }

  bool NetworkIsNotFinite() const override { return inference_.not_finite; }

  // After the last op.
  Status Finish() { return held_.Release(mesh_); }

  const NodeReport& counted() const { return counted_; }

 private:
  FrameHeader Header(int32_t transfer) const {
    return {.kind = FrameKind::kFeatures,
            .plan_hash = inference_.plan_hash,
            .sequence = inference_.sequence,
            .transfer = static_cast<uint32_t>(transfer)};
  }

  Mesh& mesh_;
  HeldMessages& held_;
  Inference inference_;
  NodeReport counted_;
};

}  // namespace disco
