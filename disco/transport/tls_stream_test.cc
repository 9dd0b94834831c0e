// SPDX-License-Identifier: Apache-2.0
// What TLS adds to a stream: who may speak, and that nobody changes what is said. Deadlines here
// only end a test that hangs.
#include "disco/transport/tls_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "disco/transport/channel.h"
#include "disco/transport/keys_for_test.h"
#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr FrameHeader kHello{.kind = FrameKind::kHello, .size = 1000};

// Two ends that say hello to one another; null keys: plain text.
struct TlsEnds {
  TlsEnds(const SharedKeys& callers, const SharedKeys& nodes) {
    auto [calling, accepting] = Loopback().Pair();
    caller = Channel(Secured(std::move(calling), callers, TlsSide::kCalls));
    node = Channel(Secured(std::move(accepting), nodes, TlsSide::kAccepts));
  }
  // What each side heard, or the error it got.
  void SayHello() {
    std::thread answering([this] {
      node_heard = node.Receive(kHello, Soon());
      if (!node_heard && node_heard.error().kind != ErrorKind::kUsage)
        node.Refuse(node_heard.error().message);
      if (node_heard) node_answered = node.Send(kHello, "welcome", Soon()).has_value();
      node = Channel();  // closes
    });
    const Status sent = caller.Send(kHello, "hello", Soon());
    if (sent) {
      caller_heard = caller.Receive(kHello, Soon());
    } else {
      caller_heard = tl::unexpected(sent.error());
    }
    answering.join();
  }
  Channel caller, node;
  bool node_answered = false;
  Result<std::string> caller_heard, node_heard;
};

// The caller, and what both sides say when its keys are not right.
void ExpectRefused(TlsEnds ends, const std::string& callers_words, const std::string& nodes_words) {
  ends.SayHello();
  ASSERT_FALSE(ends.caller_heard);
  ASSERT_FALSE(ends.node_heard);
  EXPECT_THAT(ends.caller_heard.error().message, HasSubstr(callers_words));
  EXPECT_THAT(ends.node_heard.error().message, HasSubstr(nodes_words));
}

TEST(TlsStream, MembersOfOneClusterHearOneAnother) {
  const ClusterForTest cluster;
  TlsEnds ends(cluster.keys(), cluster.MemberKeys("other"));
  ends.SayHello();
  EXPECT_EQ(ends.caller_heard, "welcome");
  EXPECT_EQ(ends.node_heard, "hello");
}

TEST(TlsStream, AnotherAuthorityIsNamedOnBothSides) {
  const ClusterForTest ours, theirs;
  ExpectRefused({ours.keys(), theirs.keys()}, "of the other side is of another authority",
                "of this side: it is of another authority");
}

// Only the node's view of the caller's keys is wrong: the caller has accepted, and hears of it
// later.
TEST(TlsStream, AnExpiredCertificateIsNamedOnBothSides) {
  const ClusterForTest cluster;
  const SharedKeys brief = cluster.MemberKeys("brief", std::chrono::seconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // certificates count seconds
  ExpectRefused({brief, cluster.keys()}, "of this side: it has expired", "disco keys add");
  ExpectRefused({cluster.keys(), brief}, "of the other side expired on", "it has expired");
}

TEST(TlsStream, PlainTextIsNamedOnBothSides) {
  const ClusterForTest cluster;
  ExpectRefused({nullptr, cluster.keys()}, "the other side speaks TLS",
                "the other side speaks plain text");
  ExpectRefused({cluster.keys(), nullptr}, "the other side speaks plain text",
                "the other side speaks TLS");
}

TEST(TlsStream, NothingIsReadableOnTheWay) {
  const ClusterForTest cluster;
  const std::string secret(1000, 's');
  TlsEnds ends(cluster.keys(), nullptr);
  const Status sent = ends.caller.Send(kHello, secret, Milliseconds(20));
  std::vector<std::byte> heard(200);
  EXPECT_TRUE(ReceiveAll(ends.node.stream(), heard, Soon()));
  const std::string_view text(reinterpret_cast<const char*>(heard.data()), heard.size());
  EXPECT_EQ(text.find("sss"), std::string_view::npos);
}

// Changes one byte of what it carries, once its link has carried `after` bytes.
class DamagingStream : public Stream {
 public:
  DamagingStream(std::unique_ptr<Stream> inner, size_t after)
      : inner_(std::move(inner)), left_(after) {}
  Result<size_t> WriteSome(std::span<const std::byte> first,
                           std::span<const std::byte> second) override {
    std::vector<std::byte> bytes(first.begin(), first.end());
    bytes.insert(bytes.end(), second.begin(), second.end());
    if (left_ < bytes.size()) bytes[left_] ^= std::byte{1};
    const auto count = inner_->WriteSome(bytes, {});
    left_ -= std::min(left_, count.value_or(0));
    if (left_ == 0) left_ = ~size_t{0};
    return count;
  }
  pollfd AwaitRead() const override { return inner_->AwaitRead(); }
  pollfd AwaitWrite() const override { return inner_->AwaitWrite(); }
  Result<size_t> UnderWay() const override { return inner_->UnderWay(); }
  void Shutdown() const override { inner_->Shutdown(); }

 protected:
  Result<size_t> Receive(std::span<std::byte> into) override { return inner_->ReadSome(into); }

 private:
  std::unique_ptr<Stream> inner_;
  size_t left_;
};

TEST(TlsStream, ADamagedByteIsFoundAndNeverGivenOut) {
  const ClusterForTest cluster;
  constexpr size_t kAfter = 10'000;  // beyond the handshake
  auto [calling, accepting] = Loopback().Pair();
  const auto caller = MakeTlsStream(std::make_unique<DamagingStream>(std::move(calling), kAfter),
                                    cluster.keys(), TlsSide::kCalls);
  const auto node = MakeTlsStream(std::move(accepting), cluster.keys(), TlsSide::kAccepts);
  std::thread sending([&caller] {
    static_cast<void>(SendAll(*caller, std::vector<std::byte>(100'000, std::byte{7}), Soon()));
  });
  std::vector<std::byte> heard(1000);
  Status status;
  while ((status = ReceiveAll(*node, heard, Soon())))
    ASSERT_EQ(heard, std::vector<std::byte>(1000, std::byte{7}));
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message, HasSubstr("TLS"));
  node->Shutdown();
  sending.join();
}

// Takes no more than it may.
class LimitedStream : public DamagingStream {
 public:
  LimitedStream(std::unique_ptr<Stream> inner, size_t& may_take)
      : DamagingStream(std::move(inner), ~size_t{0}), may_take_(may_take) {}
  Result<size_t> WriteSome(std::span<const std::byte> first, std::span<const std::byte>) override {
    const auto count =
        DamagingStream::WriteSome(first.first(std::min(first.size(), may_take_)), {});
    may_take_ -= count.value_or(0);
    taken_ += count.value_or(0);
    return count;
  }
  // Nothing is ever acknowledged.
  Result<size_t> UnderWay() const override { return taken_; }

 private:
  size_t& may_take_;
  size_t taken_ = 0;
};

// What SendSteadily sees of a link that takes little at a time: each byte that it took and that the
// other machine has not acknowledged is under way, but none that was not reported.
TEST(TlsStream, WhatIsUnderWayIsOfWhatWasReported) {
  const ClusterForTest cluster;
  auto [calling, accepting] = Loopback().Pair();
  size_t may_take = 1'000'000;
  const auto caller = MakeTlsStream(std::make_unique<LimitedStream>(std::move(calling), may_take),
                                    cluster.keys(), TlsSide::kCalls);
  const auto node = MakeTlsStream(std::move(accepting), cluster.keys(), TlsSide::kAccepts);
  SendByte(*caller, *node);
  const size_t before = caller->UnderWay().value();
  may_take = 10'000;
  const std::vector<std::byte> bytes(50'000, std::byte{7});
  EXPECT_EQ(caller->WriteSome(bytes, {}), 0u);
  EXPECT_EQ(may_take, 0u);
  EXPECT_EQ(caller->UnderWay(), before);
  may_take = 1'000'000;
  EXPECT_EQ(caller->WriteSome(bytes, {}), bytes.size());
  EXPECT_GT(caller->UnderWay().value(), before + bytes.size());
  std::vector<std::byte> heard(bytes.size());
  EXPECT_TRUE(ReceiveAll(*node, heard, Soon()));
  EXPECT_EQ(heard, bytes);
}

TEST(TlsStream, MuchIsCarriedBothWaysAtOnce) {
  const ClusterForTest cluster;
  auto meshes = MakeStreamMeshes(2, MakeTlsPairs(cluster.keys()));
  const std::vector<std::byte> sent(20'000'000, std::byte{7});
  const auto talk = [&sent](Mesh& mesh, PeerId other) {
    std::vector<std::byte> received(sent.size());
    EXPECT_TRUE(mesh.Post(other, {}, sent));
    EXPECT_TRUE(mesh.Receive(other, received, Soon()));
    EXPECT_TRUE(mesh.Flush(Soon()));
    EXPECT_EQ(sent, received);
  };
  std::thread one([&] { talk(*meshes[1], 0); });
  talk(*meshes[0], 1);
  one.join();
}

// A handshake that does not go on has the deadline of whoever waits for it.
TEST(TlsStream, ASilentPeerIsADeadline) {
  const ClusterForTest cluster;
  TlsEnds ends(cluster.keys(), nullptr);
  const Status sent = ends.caller.Send(kHello, "hello", AlmostNow());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::kDeadline);
}

TEST(LoadKeys, WhatIsMissingIsNamedWithTheCommandThatMakesIt) {
  const auto keys = LoadKeys("no-such-folder");
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message,
              AllOf(HasSubstr("no-such-folder/authority.pem"), HasSubstr("disco keys init")));
}

TEST(LoadKeys, OwnKeysThatHaveExpiredAreNamed) {
  const ClusterForTest cluster;
  ASSERT_TRUE(MakeMember(cluster.folder(), cluster.folder() / "old", std::chrono::seconds(-60)));
  const auto keys = LoadKeys(cluster.folder() / "old");
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, AllOf(HasSubstr("old/node.pem"), HasSubstr("expired on")));
}

TEST(LoadKeys, OwnKeysOfAnotherAuthorityAreNamed) {
  const ClusterForTest ours, theirs;
  std::filesystem::copy_file(theirs.folder() / KeyFiles::kAuthority,
                             ours.folder() / KeyFiles::kAuthority,
                             std::filesystem::copy_options::overwrite_existing);
  const auto keys = LoadKeys(ours.folder());
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr("another authority"));
}

}  // namespace
}  // namespace disco
