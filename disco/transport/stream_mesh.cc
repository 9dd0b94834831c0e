// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/stream_mesh.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

#include "disco/transport/socket.h"
#include "disco/transport/stream_link.h"
#include "disco/transport/wait.h"

namespace disco {
namespace {

class StreamMesh : public Mesh {
 public:
  StreamMesh(std::vector<StreamLink> links, StreamMeshOptions options)
      : links_(std::move(links)), options_(options), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    polls_.reserve(2 * links_.size() + 1);
  }

  Status Post(PeerId to, std::span<const std::byte> header,
              std::span<const std::byte> payload) override;
  Status Receive(PeerId from, std::span<std::byte> into, Deadline deadline) override;
  Result<PeerId> WaitAny(std::span<const PeerId> peers, Deadline deadline) override;
  Status Flush(Deadline deadline) override;
  void Shutdown() override;
  std::string Describe(PeerId peer) const override;

 private:
  bool IsLinked(PeerId peer) const {
    return peer >= 0 && static_cast<size_t>(peer) < links_.size() && link(peer).connected();
  }
  StreamLink& link(PeerId peer) { return links_[static_cast<size_t>(peer)]; }
  const StreamLink& link(PeerId peer) const { return links_[static_cast<size_t>(peer)]; }
  Status CheckRunning() const;
  Status CheckPeer(PeerId peer) const;
  void SendPending();
  // Sleeps until one of `readers` may be read, pending bytes may go on, or Shutdown; while
  // `spin_end` is to come, only lets other threads run.
  Status Wait(std::span<const PeerId> readers, Clock::time_point spin_end, Deadline deadline);
  Clock::time_point SpinEnd() const {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(options_.spin);
  }

  std::vector<StreamLink>
      links_;  // the streams in them never change: Shutdown reads them from any thread
  const StreamMeshOptions options_;
  const Socket wake_;  // an eventfd; readable after Shutdown
  std::atomic<bool> shut_down_ = false;
  std::vector<pollfd> polls_;  // kept for its memory
};

Status StreamMesh::CheckRunning() const {
  if (!shut_down_) return {};
  return Fail(ErrorKind::kPeer, "the connection to all nodes was shut down on this side");
}

Status StreamMesh::CheckPeer(PeerId peer) const {
  DISCO_TRY(CheckRunning());
  if (IsLinked(peer)) return {};
  return Fail(ErrorKind::kPeer, "{} is not connected", Describe(peer));
}

Status StreamMesh::Post(PeerId to, std::span<const std::byte> header,
                        std::span<const std::byte> payload) {
  DISCO_TRY(CheckPeer(to));
  return link(to).Post(header, payload, options_.max_pending);
}

Status StreamMesh::Receive(PeerId from, std::span<std::byte> into, Deadline deadline) {
  DISCO_TRY(CheckPeer(from));
  auto spin_end = SpinEnd();
  while (!into.empty()) {
    SendPending();
    const Result<size_t> count = link(from).ReceiveSome(into);
    DISCO_TRY(CheckRunning());
    if (!count) return tl::unexpected(count.error());
    if (*count > 0) {
      into = into.subspan(*count);
      spin_end = SpinEnd();
      continue;
    }
    if (deadline.Passed()) {
      return Fail(ErrorKind::kDeadline, "{} still owed {} bytes at the deadline", Describe(from),
                  into.size());
    }
    DISCO_TRY(Wait({&from, 1}, spin_end, deadline));
  }
  return {};
}

Result<PeerId> StreamMesh::WaitAny(std::span<const PeerId> peers, Deadline deadline) {
  for (const PeerId peer : peers) DISCO_TRY(CheckPeer(peer));
  const auto spin_end = SpinEnd();
  while (true) {
    SendPending();
    const auto found =
        std::find_if(peers.begin(), peers.end(), [&](PeerId peer) { return link(peer).HasNews(); });
    DISCO_TRY(CheckRunning());
    if (found != peers.end()) return *found;
    if (deadline.Passed()) {
      return Fail(ErrorKind::kDeadline, "none of {} nodes sent anything before the deadline",
                  peers.size());
    }
    DISCO_TRY(Wait(peers, spin_end, deadline));
  }
}

Status StreamMesh::Flush(Deadline deadline) {
  const auto spin_end = SpinEnd();
  while (true) {
    SendPending();
    DISCO_TRY(CheckRunning());
    for (const StreamLink& each : links_) DISCO_TRY(each.sending());
    const auto late = std::find_if(links_.begin(), links_.end(),
                                   [](const StreamLink& each) { return each.pending() > 0; });
    if (late == links_.end()) return {};
    if (deadline.Passed()) {
      return Fail(ErrorKind::kDeadline, "{} has not taken {} bytes before the deadline",
                  late->description(), late->pending());
    }
    DISCO_TRY(Wait({}, spin_end, deadline));
  }
}

void StreamMesh::Shutdown() {
  shut_down_ = true;
  for (const StreamLink& each : links_) each.Shutdown();
  // Fails only when the counter is full, and then a wake-up is pending already.
  [[maybe_unused]] const int full = eventfd_write(wake_.fd(), 1);
}

std::string StreamMesh::Describe(PeerId peer) const {
  return IsLinked(peer) ? link(peer).description() : fmt::format("member {}", peer);
}

void StreamMesh::SendPending() {
  for (StreamLink& each : links_) {
    if (each.pending() > 0) each.SendPending();
  }
}

Status StreamMesh::Wait(std::span<const PeerId> readers, Clock::time_point spin_end,
                        Deadline deadline) {
  if (Clock::now() < spin_end) {
    std::this_thread::yield();
    return {};
  }
  polls_.clear();
  polls_.push_back({.fd = wake_.fd(), .events = POLLIN, .revents = 0});
  for (const PeerId peer : readers) polls_.push_back(link(peer).AwaitRead());
  for (const StreamLink& each : links_) {
    if (each.pending() > 0) polls_.push_back(each.AwaitWrite());
  }
  if (PollUntil(polls_, deadline) < 0 && errno != EINTR) return CannotWait(errno);
  return {};
}

}  // namespace

std::unique_ptr<Mesh> MakeStreamMesh(std::vector<StreamPeer> peers, StreamMeshOptions options) {
  std::vector<StreamLink> links;
  links.reserve(peers.size());
  for (StreamPeer& peer : peers) links.emplace_back(std::move(peer));
  return std::make_unique<StreamMesh>(std::move(links), options);
}

}  // namespace disco
