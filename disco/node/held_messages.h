// SPDX-License-Identifier: Apache-2.0
// HeldMessages: messages that wait for the next one to the same node, to leave together with it.
// Private to the room. Thread rule: that of the mesh; errors too.
#pragma once

#include <vector>

#include "disco/shard/with_next.h"
#include "disco/transport/frame.h"

namespace disco {

class HeldMessages {
 public:
  // Makes room for all that is held in an inference of `shard`, one of `nodes`.
  HeldMessages(const Graph& shard, int nodes) : held_(static_cast<size_t>(nodes)) {
    for (const Op& op : shard.ops) {
      if (op.type != OpType::kSend) continue;
      const auto& send = op.as<SendParams>();
      if (send.with_next && IsNode(send.to)) Of(send.to).reserve(kRoom);
    }
  }

  // As PostFrame, but it need not leave yet. What is too long leaves at once.
  Status Hold(Mesh& mesh, PeerId to, FrameHeader header, std::span<const std::byte> payload) {
    // The frame of the message that it leaves with has to fit, too.
    if (!IsNode(to) || Of(to).size() + 2 * kFrameSize + payload.size() > kRoom)
      return Post(mesh, to, header, payload);
    AppendHeader(to, header, payload.size());
    Of(to).insert(Of(to).end(), payload.begin(), payload.end());
    return {};
  }

  // As PostFrame; what is held for `to` leaves before it, in one piece with it.
  Status Post(Mesh& mesh, PeerId to, FrameHeader header, std::span<const std::byte> payload) {
    if (!IsNode(to) || Of(to).empty()) return PostFrame(mesh, to, header, payload);
    AppendHeader(to, header, payload.size());
    return Release(mesh, to, payload);
  }

  // All that is held.
  Status Release(Mesh& mesh) {
    for (size_t to = 0; to < held_.size(); ++to) {
      if (!held_[to].empty()) DISCO_TRY(Release(mesh, static_cast<PeerId>(to), {}));
    }
    return {};
  }

 private:
  static constexpr size_t kRoom = kMostHeld.value + 4 * kFrameSize;

  // Shards come over the network: what they send to nobody is the mesh's to refuse.
  bool IsNode(PeerId to) const { return to >= 0 && static_cast<size_t>(to) < held_.size(); }
  std::vector<std::byte>& Of(PeerId to) { return held_[static_cast<size_t>(to)]; }

  void AppendHeader(PeerId to, FrameHeader header, size_t size) {
    header.size = size;
    const auto frame = EncodeFrame(header);
    Of(to).insert(Of(to).end(), frame.begin(), frame.end());
  }

  Status Release(Mesh& mesh, PeerId to, std::span<const std::byte> payload) {
    const Status status = mesh.Post(to, Of(to), payload);
    Of(to).clear();
    return status;
  }

  std::vector<std::vector<std::byte>> held_;  // by node
};

}  // namespace disco
