// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/frame.h"

#include <algorithm>
#include <concepts>
#include <string>
#include <utility>

#include "disco/base/hash.h"
#include "disco/base/text.h"

namespace disco {
namespace {

constexpr std::array<std::byte, 4> kMagic = {std::byte{'D'}, std::byte{'S'}, std::byte{'C'},
                                             std::byte{'O'}};
constexpr size_t kVersionAt = 4;
constexpr size_t kKindAt = 6;
constexpr size_t kPlanHashAt = 8;
constexpr size_t kSequenceAt = 16;
constexpr size_t kSizeAt = 24;
constexpr size_t kTransferAt = 32;
constexpr size_t kZeroAt = 36;
constexpr size_t kChecksumAt = 44;

template <std::unsigned_integral T>
void Put(std::span<std::byte> frame, size_t offset, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    frame[offset + i] = static_cast<std::byte>(uint64_t{value} >> (8 * i));
  }
}

template <std::unsigned_integral T>
T Get(std::span<const std::byte> frame, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= std::to_integer<uint64_t>(frame[offset + i]) << (8 * i);
  }
  return static_cast<T>(value);
}

uint32_t Checksum(std::span<const std::byte> frame) {
  return static_cast<uint32_t>(Hash(frame.first(kChecksumAt)));
}

Result<std::string> ReceiveErrorText(Mesh& mesh, PeerId from, uint64_t size, Deadline deadline) {
  if (size > kMaxErrorText) {
    return Fail(ErrorKind::kPeer, "{} reports an error with a text of {} bytes; {} are allowed",
                mesh.Describe(from), size, kMaxErrorText);
  }
  std::string text(size, '\0');
  DISCO_TRY(mesh.Receive(from, std::as_writable_bytes(std::span(text)), deadline));
  return Printable(std::move(text));
}

}  // namespace

std::string_view Name(FrameKind kind) {
  switch (kind) {
    case FrameKind::kHello:
      return "hello";
    case FrameKind::kHelloReply:
      return "hello reply";
    case FrameKind::kQuery:
      return "query";
    case FrameKind::kShard:
      return "shard";
    case FrameKind::kReady:
      return "ready";
    case FrameKind::kInput:
      return "input";
    case FrameKind::kFeatures:
      return "features";
    case FrameKind::kOutput:
      return "output";
    case FrameKind::kError:
      return "error";
    case FrameKind::kGoodbye:
      return "goodbye";
    case FrameKind::kLink:
      return "link";
    case FrameKind::kLinked:
      return "linked";
  }
  return "unknown";
}

std::array<std::byte, kFrameSize> EncodeFrame(const FrameHeader& header) {
  std::array<std::byte, kFrameSize> frame{};
  std::copy(kMagic.begin(), kMagic.end(), frame.begin());
  Put(frame, kVersionAt, kFrameVersion);
  Put(frame, kKindAt, static_cast<uint16_t>(header.kind));
  Put(frame, kPlanHashAt, header.plan_hash);
  Put(frame, kSequenceAt, header.sequence);
  Put(frame, kSizeAt, header.size);
  Put(frame, kTransferAt, header.transfer);
  Put(frame, kChecksumAt, Checksum(frame));
  return frame;
}

Result<FrameHeader> DecodeFrame(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrameSize || !std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return Fail(ErrorKind::kPeer,
                "this is not a disco message; does another program use the port?");
  }
  const auto frame = bytes.first(kFrameSize);
  if (Get<uint32_t>(frame, kChecksumAt) != Checksum(frame)) {
    return Fail(ErrorKind::kPeer, "the message header is damaged: its checksum is wrong");
  }
  if (const auto version = Get<uint16_t>(frame, kVersionAt); version != kFrameVersion) {
    return Fail(ErrorKind::kPeer,
                "the message has protocol version {}, this program speaks version {}; install the "
                "same disco on all machines",
                version, kFrameVersion);
  }
  const auto kind = Get<uint16_t>(frame, kKindAt);
  if (kind < static_cast<uint16_t>(FrameKind::kHello) ||
      kind > static_cast<uint16_t>(FrameKind::kLinked)) {
    return Fail(ErrorKind::kPeer, "message kind {} is unknown", kind);
  }
  if (Get<uint64_t>(frame, kZeroAt) != 0) {
    return Fail(ErrorKind::kPeer, "the message header has bytes set that version {} leaves zero",
                kFrameVersion);
  }
  return FrameHeader{.kind = static_cast<FrameKind>(kind),
                     .plan_hash = Get<uint64_t>(frame, kPlanHashAt),
                     .sequence = Get<uint64_t>(frame, kSequenceAt),
                     .transfer = Get<uint32_t>(frame, kTransferAt),
                     .size = Get<uint64_t>(frame, kSizeAt)};
}

Status ExpectFrame(const FrameHeader& got, const FrameHeader& want) {
  if (got.kind != want.kind) {
    return Fail(ErrorKind::kPeer, "sends a message of kind '{}' where '{}' is due", Name(got.kind),
                Name(want.kind));
  }
  if (got.plan_hash != want.plan_hash) {
    return Fail(ErrorKind::kPeer,
                "works on another plan (hash {}; ours is {}); give all the same plan",
                HashText(got.plan_hash), HashText(want.plan_hash));
  }
  if (got.sequence != want.sequence) {
    return Fail(ErrorKind::kPeer, "is at inference {}, while inference {} runs", got.sequence,
                want.sequence);
  }
  if (got.transfer != want.transfer) {
    return Fail(ErrorKind::kPeer, "sends transfer {} where transfer {} is due", got.transfer,
                want.transfer);
  }
  if (got.size != want.size) {
    return Fail(ErrorKind::kPeer, "transfer {}: the plan says {} bytes, it wants to send {}",
                want.transfer, want.size, got.size);
  }
  return {};
}

Status PostFrame(Mesh& mesh, PeerId to, FrameHeader header, std::span<const std::byte> payload) {
  header.size = payload.size();
  return mesh.Post(to, EncodeFrame(header), payload);
}

Status PostError(Mesh& mesh, PeerId to, std::string_view text) {
  return PostFrame(mesh, to, {.kind = FrameKind::kError},
                   std::as_bytes(std::span(text.substr(0, kMaxErrorText))));
}

Result<FrameHeader> ReceiveHeader(Mesh& mesh, PeerId from, Deadline deadline) {
  std::array<std::byte, kFrameSize> frame;
  DISCO_TRY(mesh.Receive(from, frame, deadline));
  const Result<FrameHeader> header = DecodeFrame(frame);
  if (!header) return At(mesh.Describe(from), header.error());
  if (header->kind != FrameKind::kError) return header;
  DISCO_ASSIGN(const std::string text, ReceiveErrorText(mesh, from, header->size, deadline));
  return Fail(ErrorKind::kPeer, "{} reports: {}", mesh.Describe(from), text);
}

Status ReceiveFrame(Mesh& mesh, PeerId from, FrameHeader want, std::span<std::byte> into,
                    Deadline deadline) {
  want.size = into.size();
  DISCO_ASSIGN(const FrameHeader got, ReceiveHeader(mesh, from, deadline));
  if (Status same = ExpectFrame(got, want); !same) return At(mesh.Describe(from), same.error());
  return mesh.Receive(from, into, deadline);
}

}  // namespace disco
