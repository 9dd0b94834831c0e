// SPDX-License-Identifier: Apache-2.0
// Frame: the 48 bytes that every message between members starts with, and messages over a Mesh.
//
// Layout, little-endian, by offset:
//    0 magic "DSCO" | 4 version u16 | 6 kind u16 | 8 plan hash u64 | 16 sequence u64 | 24 size u64
//   32 transfer u32 | 36 zero u64   | 44 checksum u32: low half of Hash (base/hash.h) of bytes 0-43
// Length, magic, version and checksum keep their places in all versions, so that another version is
// told apart from noise. The payload of `size` bytes follows. Thread rule: pure, or that of the
// mesh. Errors: kPeer, saying which field is wrong; those of Mesh.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "disco/transport/mesh.h"

namespace disco {

inline constexpr size_t kFrameSize = 48;
inline constexpr uint16_t kFrameVersion = 3;
inline constexpr size_t kMaxErrorText = 4096;  // bytes of text in a kError frame

enum class FrameKind : uint16_t {
  kHello = 1,
  kHelloReply,
  kQuery,
  kShard,
  kReady,
  kInput,
  kFeatures,
  kOutput,
  kError,
  kGoodbye,
  kLink,
  kLinked,
};

std::string_view Name(FrameKind kind);  // "hello", "features", ...

struct FrameHeader {
  FrameKind kind = FrameKind::kHello;
  uint64_t plan_hash = 0;
  uint64_t sequence = 0;  // number of the inference in the session
  uint32_t transfer = 0;  // which transfer of the plan, or which input or output tensor
  uint64_t size = 0;      // bytes of payload
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

std::array<std::byte, kFrameSize> EncodeFrame(const FrameHeader& header);

// Reads the first kFrameSize of `bytes`. `size` is what the peer claims: hold it against a limit
// before use.
Result<FrameHeader> DecodeFrame(std::span<const std::byte> bytes);

// Names the first field in which `got` differs from `want`.
Status ExpectFrame(const FrameHeader& got, const FrameHeader& want);

// Posts `header`, with its size set to that of `payload`, and `payload`.
Status PostFrame(Mesh& mesh, PeerId to, FrameHeader header, std::span<const std::byte> payload);

// Tells `to` why this member stops; text beyond kMaxErrorText is cut off.
Status PostError(Mesh& mesh, PeerId to, std::string_view text);

// The next header. A kError frame becomes an error with the peer's text, so no kError header is
// returned.
Result<FrameHeader> ReceiveHeader(Mesh& mesh, PeerId from, Deadline deadline);

// Receives a message whose header has to be `want` with the size of `into`; no byte of the payload
// is read before that is sure.
Status ReceiveFrame(Mesh& mesh, PeerId from, FrameHeader want, std::span<std::byte> into,
                    Deadline deadline);

}  // namespace disco
