// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/faulty_mesh.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "disco/base/random.h"

namespace disco {
namespace {

struct FaultyLink {
  Random random;
  bool cut = false;
};

class FaultyMesh : public Mesh {
 public:
  FaultyMesh(std::unique_ptr<Mesh> inner, const FaultyMeshOptions& options)
      : inner_(std::move(inner)), faults_(options.faults) {
    for (PeerId peer = 0; peer < options.faulty_peers; ++peer) {
      const uint64_t link =
          uint64_t{static_cast<uint32_t>(options.self)} << 32 | static_cast<uint32_t>(peer);
      links_.push_back({Random(faults_.seed, link)});
    }
  }

  Status Post(PeerId to, std::span<const std::byte> header,
              std::span<const std::byte> payload) override;
  Status Receive(PeerId from, std::span<std::byte> into, Deadline deadline) override {
    if (IsCut(from)) return Cut(from);
    return inner_->Receive(from, into, deadline);
  }
  Result<PeerId> WaitAny(std::span<const PeerId> peers, Deadline deadline) override {
    const auto cut = std::ranges::find_if(peers, [this](PeerId peer) { return IsCut(peer); });
    if (cut != peers.end()) return *cut;
    return inner_->WaitAny(peers, deadline);
  }
  Status Flush(Deadline deadline) override { return inner_->Flush(deadline); }
  void Shutdown() override { inner_->Shutdown(); }
  std::string Describe(PeerId peer) const override { return inner_->Describe(peer); }

 private:
  // Null: the link has no faults.
  FaultyLink* Faulty(PeerId peer) {
    const bool faulty = peer >= 0 && static_cast<size_t>(peer) < links_.size();
    return faulty ? &links_[static_cast<size_t>(peer)] : nullptr;
  }
  bool IsCut(PeerId peer) {
    const FaultyLink* const link = Faulty(peer);
    return link != nullptr && link->cut;
  }
  tl::unexpected<Error> Cut(PeerId peer) const {
    return Fail(ErrorKind::kPeer, "the link to {} is cut", Describe(peer));
  }
  // By a wait of the mesh inside: it sends what is pending, and Shutdown ends it.
  Status Sleep(Milliseconds span) {
    const auto woken = inner_->WaitAny({}, Deadline::In(span));
    if (woken || woken.error().kind == ErrorKind::kDeadline) return {};
    return tl::unexpected(woken.error());
  }

  const std::unique_ptr<Mesh> inner_;
  const Faults faults_;
  std::vector<FaultyLink> links_;
};

Status FaultyMesh::Post(PeerId to, std::span<const std::byte> header,
                        std::span<const std::byte> payload) {
  FaultyLink* const link = Faulty(to);
  const size_t size = header.size() + payload.size();
  if (link == nullptr || size == 0) return inner_->Post(to, header, payload);
  // All are drawn for each message, so that one chance does not change what another one hits.
  Random& random = link->random;
  link->cut = random.Uniform() < faults_.cut || link->cut;
  const bool drop = random.Uniform() < faults_.drop, delay = random.Uniform() < faults_.delay;
  const bool corrupt = random.Uniform() < faults_.corrupt;
  const Milliseconds lateness = faults_.longest_delay * random.Uniform();
  const auto at = static_cast<size_t>(random.Below(static_cast<int64_t>(size)));
  const auto change = static_cast<std::byte>(1 + random.Below(255));

  if (link->cut) return Cut(to);
  if (drop) return {};
  if (delay) DISCO_TRY(Sleep(lateness));
  if (!corrupt) return inner_->Post(to, header, payload);
  std::vector<std::byte> message(header.begin(), header.end());
  message.insert(message.end(), payload.begin(), payload.end());
  message[at] ^= change;
  return inner_->Post(to, message, {});
}

}  // namespace

std::unique_ptr<Mesh> MakeFaultyMesh(std::unique_ptr<Mesh> inner,
                                     const FaultyMeshOptions& options) {
  return std::make_unique<FaultyMesh>(std::move(inner), options);
}

}  // namespace disco
