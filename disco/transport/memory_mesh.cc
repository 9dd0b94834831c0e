// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/memory_mesh.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "disco/transport/byte_queue.h"

namespace disco {
namespace {

// What one member receives. `gone` of the member itself: it was shut down.
struct Inbox {
  explicit Inbox(size_t members) : from(members), gone(members, false) {}
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ByteQueue> from;
  std::vector<bool> gone;
};

// What all members share; lives as long as the last of them.
struct Hub {
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Inbox>> inboxes;
};

class MemoryMesh : public Mesh {
 public:
  MemoryMesh(std::shared_ptr<Hub> hub, size_t self) : hub_(std::move(hub)), self_(self) {}
  ~MemoryMesh() override { MemoryMesh::Shutdown(); }
  MemoryMesh(const MemoryMesh&) = delete;
  MemoryMesh& operator=(const MemoryMesh&) = delete;

  Status Post(PeerId to, std::span<const std::byte> header,
              std::span<const std::byte> payload) override;
  Status Receive(PeerId from, std::span<std::byte> into, Deadline deadline) override;
  Result<PeerId> WaitAny(std::span<const PeerId> peers, Deadline deadline) override;
  Status Flush(Deadline deadline) override;
  void Shutdown() override;
  std::string Describe(PeerId peer) const override;

 private:
  bool IsMember(PeerId peer) const {
    return peer >= 0 && static_cast<size_t>(peer) < hub_->inboxes.size();
  }
  Status CheckPeer(PeerId peer) const {
    if (IsMember(peer) && static_cast<size_t>(peer) != self_) return {};
    return Fail(ErrorKind::kPeer, "{} is not connected", Describe(peer));
  }
  tl::unexpected<Error> ShutDown() const {
    return Fail(ErrorKind::kPeer, "the connection to all nodes was shut down on this side");
  }
  tl::unexpected<Error> Closed(PeerId peer) const {
    return Fail(ErrorKind::kPeer, "{}: the other side closed the connection", Describe(peer));
  }
  Inbox& own() const { return *hub_->inboxes[self_]; }

  const std::shared_ptr<Hub> hub_;
  const size_t self_;
};

Status MemoryMesh::Post(PeerId to, std::span<const std::byte> header,
                        std::span<const std::byte> payload) {
  DISCO_TRY(CheckPeer(to));
  Inbox& inbox = *hub_->inboxes[static_cast<size_t>(to)];
  {
    const std::lock_guard lock(inbox.mutex);
    if (inbox.gone[self_]) return ShutDown();
    if (inbox.gone[static_cast<size_t>(to)]) return Closed(to);
    inbox.from[self_].Append(header);
    inbox.from[self_].Append(payload);
  }
  inbox.changed.notify_one();
  return {};
}

Status MemoryMesh::Receive(PeerId from, std::span<std::byte> into, Deadline deadline) {
  DISCO_TRY(CheckPeer(from));
  Inbox& inbox = own();
  const auto peer = static_cast<size_t>(from);
  ByteQueue& queue = inbox.from[peer];
  std::unique_lock lock(inbox.mutex);
  inbox.changed.wait_until(lock, deadline.when(), [&] {
    return inbox.gone[self_] || inbox.gone[peer] || queue.size() >= into.size();
  });
  if (inbox.gone[self_]) return ShutDown();
  if (queue.size() < into.size()) {
    if (inbox.gone[peer]) return Closed(from);
    return Fail(ErrorKind::kDeadline, "{} sent {} of {} bytes before the deadline", Describe(from),
                queue.size(), into.size());
  }
  const auto bytes = queue.Front().first(into.size());
  std::copy(bytes.begin(), bytes.end(), into.begin());
  queue.Consume(into.size());
  return {};
}

Result<PeerId> MemoryMesh::WaitAny(std::span<const PeerId> peers, Deadline deadline) {
  for (const PeerId peer : peers) DISCO_TRY(CheckPeer(peer));
  Inbox& inbox = own();
  auto found = peers.end();
  std::unique_lock lock(inbox.mutex);
  inbox.changed.wait_until(lock, deadline.when(), [&] {
    found = std::find_if(peers.begin(), peers.end(), [&](PeerId peer) {
      const auto index = static_cast<size_t>(peer);
      return inbox.gone[index] || !inbox.from[index].empty();
    });
    return inbox.gone[self_] || found != peers.end();
  });
  if (inbox.gone[self_]) return ShutDown();
  if (found != peers.end()) return *found;
  return Fail(ErrorKind::kDeadline, "none of {} nodes sent anything before the deadline",
              peers.size());
}

// What was posted is in the peers' inboxes already.
Status MemoryMesh::Flush(Deadline) {
  const std::lock_guard lock(own().mutex);
  if (own().gone[self_]) return ShutDown();
  return {};
}

void MemoryMesh::Shutdown() {
  for (const auto& inbox : hub_->inboxes) {
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->gone[self_] = true;
    }
    inbox->changed.notify_one();
  }
}

std::string MemoryMesh::Describe(PeerId peer) const {
  if (IsMember(peer)) return hub_->names[static_cast<size_t>(peer)];
  return fmt::format("member {}", peer);
}

}  // namespace

std::vector<std::unique_ptr<Mesh>> MakeMemoryMeshes(int members, std::vector<std::string> names) {
  const auto count = static_cast<size_t>(members);
  auto hub = std::make_shared<Hub>();
  for (size_t i = names.size(); i < count; ++i) names.push_back(fmt::format("member {}", i));
  hub->names = std::move(names);
  for (size_t i = 0; i < count; ++i) hub->inboxes.push_back(std::make_unique<Inbox>(count));
  std::vector<std::unique_ptr<Mesh>> meshes;
  for (size_t i = 0; i < count; ++i) meshes.push_back(std::make_unique<MemoryMesh>(hub, i));
  return meshes;
}

}  // namespace disco
