// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/shaped_mesh.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "disco/transport/link_schedule.h"

namespace disco {
namespace {

// A sleep ends this much before a message arrives; systems wake sleepers late.
constexpr std::chrono::microseconds kSpin{100};

struct Prefix {
  int64_t arrival;  // ns of Clock
  uint64_t size;
};
static_assert(sizeof(Prefix) == kShapePrefix);

// The message that comes next, or comes out just now.
class Incoming {
 public:
  // False until the whole prefix is there.
  bool announced() const { return read_ == kShapePrefix; }
  std::span<std::byte> missing() { return std::span(prefix_).subspan(read_); }
  void Announce(size_t more) {
    read_ += more;
    if (!announced()) return;
    Prefix prefix;
    std::memcpy(&prefix, prefix_.data(), sizeof(prefix));
    arrival_ = Clock::time_point(std::chrono::nanoseconds(prefix.arrival));
    left_ = prefix.size;
  }

  bool travels() const { return announced() && Clock::now() < arrival_; }
  Clock::time_point arrival() const { return arrival_; }
  uint64_t left() const { return left_; }
  void GiveOut(size_t bytes) {
    left_ -= bytes;
    if (left_ == 0) read_ = 0;
  }

 private:
  std::array<std::byte, kShapePrefix> prefix_{};
  size_t read_ = 0;
  Clock::time_point arrival_;
  uint64_t left_ = 0;  // bytes not given out
};

struct Link {
  LinkSchedule schedule;  // of what is posted
  Incoming incoming;
};

class ShapedMesh : public Mesh {
 public:
  ShapedMesh(std::unique_ptr<Mesh> inner, const ShapedMeshOptions& options)
      : inner_(std::move(inner)) {
    for (PeerId peer = 0; peer < options.shaped_peers; ++peer)
      links_.push_back({LinkSchedule(options.shape, options.self, peer), {}});
  }

  Status Post(PeerId to, std::span<const std::byte> header,
              std::span<const std::byte> payload) override;
  Status Receive(PeerId from, std::span<std::byte> into, Deadline deadline) override;
  Result<PeerId> WaitAny(std::span<const PeerId> peers, Deadline deadline) override;
  Status Flush(Deadline deadline) override { return inner_->Flush(deadline); }
  void Shutdown() override { inner_->Shutdown(); }
  std::string Describe(PeerId peer) const override { return inner_->Describe(peer); }

 private:
  // Null: the link is not shaped.
  Link* Shaped(PeerId peer) {
    const bool shaped = peer >= 0 && static_cast<size_t>(peer) < links_.size();
    return shaped ? &links_[static_cast<size_t>(peer)] : nullptr;
  }
  Status AwaitPrefix(PeerId from, Incoming& incoming, Deadline deadline);
  Status AwaitArrival(PeerId from, const Incoming& incoming, Deadline deadline);
  bool HasNews(PeerId peer);
  Status SleepUntil(Clock::time_point when);

  const std::unique_ptr<Mesh> inner_;
  std::vector<Link> links_;
  // Kept for their memory.
  std::vector<std::byte> head_;
  std::vector<PeerId> listened_;
};

Status ShapedMesh::Post(PeerId to, std::span<const std::byte> header,
                        std::span<const std::byte> payload) {
  Link* const link = Shaped(to);
  const size_t size = header.size() + payload.size();
  if (link == nullptr || size == 0) return inner_->Post(to, header, payload);
  const auto arrival = link->schedule.Arrival(Clock::now(), Bytes{static_cast<int64_t>(size)});
  const Prefix prefix{std::chrono::nanoseconds(arrival.time_since_epoch()).count(), size};
  const auto bytes = std::as_bytes(std::span(&prefix, 1));
  // One post, so that the network inside takes prefix and message in one go.
  head_.assign(bytes.begin(), bytes.end());
  head_.insert(head_.end(), header.begin(), header.end());
  return inner_->Post(to, head_, payload);
}

Status ShapedMesh::Receive(PeerId from, std::span<std::byte> into, Deadline deadline) {
  Link* const link = Shaped(from);
  if (link == nullptr || into.empty()) return inner_->Receive(from, into, deadline);
  Incoming& incoming = link->incoming;
  while (!into.empty()) {
    DISCO_TRY(AwaitPrefix(from, incoming, deadline));
    if (incoming.travels()) DISCO_TRY(AwaitArrival(from, incoming, deadline));
    const auto part = into.first(std::min<uint64_t>(into.size(), incoming.left()));
    DISCO_TRY(inner_->Receive(from, part, deadline));
    incoming.GiveOut(part.size());
    into = into.subspan(part.size());
  }
  return {};
}

Status ShapedMesh::AwaitPrefix(PeerId from, Incoming& incoming, Deadline deadline) {
  if (!incoming.announced()) {
    const auto missing = incoming.missing();
    DISCO_TRY(inner_->Receive(from, missing, deadline));
    incoming.Announce(missing.size());
  }
  if (incoming.left() > 0) return {};
  return Fail(ErrorKind::kPeer, "{} sends no shaped messages; give both ends the same shape",
              inner_->Describe(from));
}

Status ShapedMesh::AwaitArrival(PeerId from, const Incoming& incoming, Deadline deadline) {
  if (incoming.arrival() > deadline.when()) {
    DISCO_TRY(SleepUntil(deadline.when()));
    const Milliseconds late = incoming.arrival() - deadline.when();
    return Fail(ErrorKind::kDeadline,
                "a message of {} arrives {:.3g} s after the deadline by the shape of its link; "
                "give more time, or a faster shape; all shaped links have to be on one machine",
                inner_->Describe(from), late.count() / 1e3);
  }
  DISCO_TRY(SleepUntil(incoming.arrival() - kSpin));
  while (incoming.travels()) std::this_thread::yield();
  return {};
}

Result<PeerId> ShapedMesh::WaitAny(std::span<const PeerId> peers, Deadline deadline) {
  while (true) {
    Clock::time_point next = deadline.when();
    listened_.clear();
    for (const PeerId peer : peers) {
      const Link* const link = Shaped(peer);
      if (link != nullptr && link->incoming.travels()) {
        next = std::min(next, link->incoming.arrival());
      } else {
        listened_.push_back(peer);
      }
    }
    const auto woken = inner_->WaitAny(listened_, Deadline::At(next));
    if (woken && HasNews(*woken)) return woken;
    if (woken) continue;
    if (woken.error().kind != ErrorKind::kDeadline) return woken;
    if (next == deadline.when()) {
      return Fail(ErrorKind::kDeadline,
                  "none of {} nodes sent anything that arrives before the deadline", peers.size());
    }
  }
}

// The mesh inside has a byte of `peer`, or knows that it has gone. Whether that is news outside: a
// prefix is not. It is read byte by byte, because more than one might have to be waited for.
bool ShapedMesh::HasNews(PeerId peer) {
  Link* const link = Shaped(peer);
  if (link == nullptr || link->incoming.announced()) return true;
  const auto byte = link->incoming.missing().first(1);
  if (!inner_->Receive(peer, byte, Deadline::At(Clock::now()))) return true;  // it has gone
  link->incoming.Announce(1);
  return false;
}

// By a wait of the mesh inside: it sends what is pending, and Shutdown ends it.
Status ShapedMesh::SleepUntil(Clock::time_point when) {
  const auto woken = inner_->WaitAny({}, Deadline::At(when));
  if (woken || woken.error().kind == ErrorKind::kDeadline) return {};
  return tl::unexpected(woken.error());
}

}  // namespace

std::unique_ptr<Mesh> MakeShapedMesh(std::unique_ptr<Mesh> inner,
                                     const ShapedMeshOptions& options) {
  return std::make_unique<ShapedMesh>(std::move(inner), options);
}

}  // namespace disco
