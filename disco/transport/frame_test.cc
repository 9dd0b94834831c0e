// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "disco/base/hash.h"
#include "disco/base/random.h"
#include "disco/transport/loopback_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using FrameBytes = std::array<std::byte, kFrameSize>;

FrameHeader Sample() {
  return {.kind = FrameKind::kFeatures,
          .plan_hash = 0x0123456789abcdefu,
          .sequence = 41,
          .transfer = 17,
          .size = 3};
}

std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// `frame` with byte `offset` set and the checksum made right again.
FrameBytes Resealed(FrameBytes frame, size_t offset, uint8_t value) {
  frame[offset] = std::byte{value};
  const uint64_t hash = Hash(std::span<const std::byte>(frame).first(44));
  for (size_t i = 0; i < 4; ++i) frame[44 + i] = static_cast<std::byte>(hash >> (8 * i));
  return frame;
}

std::string DecodeError(std::span<const std::byte> bytes) {
  const auto header = DecodeFrame(bytes);
  if (header) return "";
  EXPECT_EQ(header.error().kind, ErrorKind::kPeer);
  return header.error().message;
}

TEST(Frame, LayoutIsFixed) {
  const FrameBytes frame = EncodeFrame(Sample());
  const std::vector<uint8_t> start = {'D',  'S',  'C',  'O',  3,    0,  7, 0, 0xef, 0xcd, 0xab,
                                      0x89, 0x67, 0x45, 0x23, 0x01, 41, 0, 0, 0,    0,    0,
                                      0,    0,    3,    0,    0,    0,  0, 0, 0,    0,    17,
                                      0,    0,    0,    0,    0,    0,  0, 0, 0,    0,    0};
  for (size_t i = 0; i < start.size(); ++i) EXPECT_EQ(frame[i], std::byte{start[i]}) << i;
}

TEST(Frame, RoundTrips) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const FrameHeader header{.kind = static_cast<FrameKind>(1 + random.Below(10)),
                             .plan_hash = random(),
                             .sequence = random(),
                             .transfer = static_cast<uint32_t>(random()),
                             .size = random()};
    EXPECT_EQ(DecodeFrame(EncodeFrame(header)).value(), header);
  }
}

TEST(Frame, EveryCorruptedByteIsRefused) {
  const FrameBytes good = EncodeFrame(Sample());
  for (size_t at = 0; at < kFrameSize; ++at) {
    for (int flip = 1; flip < 256; ++flip) {
      FrameBytes bad = good;
      bad[at] ^= static_cast<std::byte>(flip);
      EXPECT_THAT(DecodeError(bad), HasSubstr(at < 4 ? "not a disco message" : "checksum"));
    }
  }
}

TEST(Frame, SaysWhatIsWrong) {
  const FrameBytes good = EncodeFrame(Sample());
  EXPECT_THAT(DecodeError(Resealed(good, 4, 2)),
              AllOf(HasSubstr("version 2"), HasSubstr("version 3")));
  EXPECT_THAT(DecodeError(Resealed(good, 6, 13)), HasSubstr("kind 13"));
  EXPECT_THAT(DecodeError(Resealed(good, 6, 0)), HasSubstr("kind 0"));
  EXPECT_THAT(DecodeError(Resealed(good, 40, 1)), HasSubstr("zero"));
  EXPECT_THAT(DecodeError(AsBytes("GET / HTTP/1.1")), HasSubstr("not a disco message"));
  EXPECT_THAT(DecodeError({}), HasSubstr("not a disco message"));
}

TEST(ExpectFrame, NamesTheFirstDifference) {
  EXPECT_TRUE(ExpectFrame(Sample(), Sample()));
  const auto message = [](auto change) {
    FrameHeader got = Sample();
    change(got);
    return ExpectFrame(got, Sample()).error().message;
  };
  EXPECT_THAT(message([](FrameHeader& got) { got.kind = FrameKind::kGoodbye; }),
              AllOf(HasSubstr("'goodbye'"), HasSubstr("'features'")));
  EXPECT_THAT(message([](FrameHeader& got) { got.plan_hash = 1; }),
              HasSubstr("works on another plan"));
  EXPECT_THAT(message([](FrameHeader& got) { got.sequence = 40; }),
              AllOf(HasSubstr("inference 40"), HasSubstr("inference 41")));
  EXPECT_THAT(message([](FrameHeader& got) { got.transfer = 18; }),
              AllOf(HasSubstr("transfer 18"), HasSubstr("transfer 17")));
  EXPECT_THAT(message([](FrameHeader& got) { got.size = 4; }),
              HasSubstr("the plan says 3 bytes, it wants to send 4"));
}

struct Ends {
  std::vector<std::unique_ptr<Mesh>> meshes = MakeMemoryMeshes(2, {"node 0", "node 1"});
  Mesh& sender = *meshes[0];
  Mesh& receiver = *meshes[1];
};

TEST(FrameOverMesh, CarriesHeaderAndPayload) {
  Ends ends;
  FrameHeader header = Sample();
  header.size = 999;  // PostFrame knows better
  ASSERT_TRUE(PostFrame(ends.sender, 1, header, AsBytes("abc")));
  ASSERT_TRUE(PostFrame(ends.sender, 1, {.kind = FrameKind::kGoodbye}, {}));
  std::array<char, 3> text;
  ASSERT_TRUE(
      ReceiveFrame(ends.receiver, 0, Sample(), std::as_writable_bytes(std::span(text)), Soon()));
  EXPECT_EQ(std::string(text.begin(), text.end()), "abc");
  EXPECT_EQ(ReceiveHeader(ends.receiver, 0, Soon()).value(),
            (FrameHeader{.kind = FrameKind::kGoodbye}));
}

TEST(FrameOverMesh, LooksBeforeItReads) {
  Ends ends;
  ASSERT_TRUE(PostFrame(ends.sender, 1, Sample(), AsBytes("abcd")));
  std::array<std::byte, 3> into{};
  const Status status = ReceiveFrame(ends.receiver, 0, Sample(), into, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("node 0"), HasSubstr("3 bytes"), HasSubstr("send 4")));
  EXPECT_EQ(into, (std::array<std::byte, 3>{}));
}

TEST(FrameOverMesh, ErrorFrameBecomesAnError) {
  Ends ends;
  ASSERT_TRUE(PostError(ends.sender, 1, "op 'conv1'\n\x1b[31m: out of memory"));
  std::array<std::byte, 3> into;
  const Status status = ReceiveFrame(ends.receiver, 0, Sample(), into, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_EQ(status.error().message, "node 0 reports: op 'conv1'  [31m: out of memory");
}

TEST(FrameOverMesh, LongErrorTextIsCut) {
  Ends ends;
  ASSERT_TRUE(PostError(ends.sender, 1, std::string(10'000, 'x')));
  EXPECT_THAT(ReceiveHeader(ends.receiver, 0, Soon()).error().message,
              HasSubstr(std::string(kMaxErrorText, 'x')));
}

TEST(FrameOverMesh, HugeErrorTextIsNotBelieved) {
  Ends ends;
  const FrameHeader header{.kind = FrameKind::kError, .size = uint64_t{1} << 62};
  ASSERT_TRUE(ends.sender.Post(1, EncodeFrame(header), {}));
  EXPECT_THAT(ReceiveHeader(ends.receiver, 0, Soon()).error().message,
              HasSubstr("4096 are allowed"));
}

TEST(FrameOverMesh, NoiseNamesThePeer) {
  Ends ends;
  ASSERT_TRUE(ends.sender.Post(1, AsBytes(std::string(kFrameSize, 'z')), {}));
  EXPECT_THAT(ReceiveHeader(ends.receiver, 0, Soon()).error().message,
              AllOf(HasSubstr("node 0"), HasSubstr("not a disco message")));
}

}  // namespace
}  // namespace disco
