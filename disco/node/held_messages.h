// SPDX-License-Identifier: Apache-2.0
// HeldMessages: messages that wait for the next one to the same node, to leave together with it.
// Keeps its memory from inference to inference. Private to the room. Thread rule: that of the mesh;
// errors too.
#pragma once

#include <vector>

#include "disco/transport/frame.h"

namespace disco {

class HeldMessages {
 public:
  explicit HeldMessages(int nodes) : held_(static_cast<size_t>(nodes)) {}

  // As PostFrame, but nothing leaves yet.
  void Hold(PeerId to, FrameHeader header, std::span<const std::byte> payload) {
    header.size = payload.size();
    Append(to, EncodeFrame(header));
    Append(to, payload);
  }

  // As PostFrame; what is held for `to` leaves before it, in one piece with it.
  Status Post(Mesh& mesh, PeerId to, FrameHeader header, std::span<const std::byte> payload) {
    if (Of(to).empty()) return PostFrame(mesh, to, header, payload);
    header.size = payload.size();
    Append(to, EncodeFrame(header));
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
  std::vector<std::byte>& Of(PeerId to) { return held_[static_cast<size_t>(to)]; }
  void Append(PeerId to, std::span<const std::byte> bytes) {
    Of(to).insert(Of(to).end(), bytes.begin(), bytes.end());
  }
  Status Release(Mesh& mesh, PeerId to, std::span<const std::byte> payload) {
    const Status status = mesh.Post(to, Of(to), payload);
    Of(to).clear();
    return status;
  }

  std::vector<std::vector<std::byte>> held_;  // by node
};

}  // namespace disco
