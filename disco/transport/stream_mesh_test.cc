// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/stream_mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "disco/base/random.h"
#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A mesh with one peer (0, "node 9 (here)"), and the peer's bare end of the connection.
struct OneLink {
  explicit OneLink(StreamMeshOptions options = {}) {
    const Loopback loopback;
    far_end = Connect(loopback.endpoint, Soon()).value();
    Socket near_end = loopback.AcceptOne();
    const int tiny = 4096;
    setsockopt(near_end.fd(), SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny);
    std::vector<StreamPeer> peers;
    peers.push_back({MakeTcpStream(std::move(near_end)), "node 9 (here)"});
    mesh = MakeStreamMesh(std::move(peers), options);
  }
  std::unique_ptr<Mesh> mesh;
  std::unique_ptr<Stream> far_end;
};

TEST(StreamMesh, PartialSendsGoOnWhereTheyStopped) {
  OneLink link;
  Random random(11);
  std::vector<std::byte> sent(5'000'000);
  for (auto& byte : sent) byte = static_cast<std::byte>(random());
  std::thread poster([&] {
    for (size_t done = 0; done < sent.size(); done += 1000) {
      const auto message = std::span(sent).subspan(done, 1000);
      EXPECT_TRUE(link.mesh->Post(0, message.first(48), message.subspan(48)));
    }
    EXPECT_TRUE(link.mesh->Flush(Soon()));
  });
  std::vector<std::byte> received(sent.size());
  for (size_t done = 0; done < received.size();) {
    const auto wanted = static_cast<size_t>(1 + random.Below(70'000));
    const auto part = std::span(received).subspan(done, std::min(wanted, received.size() - done));
    EXPECT_TRUE(ReceiveAll(*link.far_end, part, Soon()));
    done += part.size();
  }
  poster.join();
  EXPECT_EQ(sent, received);
}

TEST(StreamMesh, FlushTowardsAReaderThatNeverReadsEnds) {
  OneLink link;
  ASSERT_TRUE(link.mesh->Post(0, {}, std::vector<std::byte>(50'000'000)));
  const Status status = link.mesh->Flush(AlmostNow());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
  EXPECT_THAT(status.error().message, HasSubstr("node 9 (here)"));
}

TEST(StreamMesh, PostTowardsAReaderThatNeverReadsIsBounded) {
  OneLink link({.max_pending = Bytes{1'000'000}});
  const std::vector<std::byte> message(400'000);
  Status status;
  int posted = 0;
  for (; status && posted < 1000; ++posted) status = link.mesh->Post(0, {}, message);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("node 9 (here)"), HasSubstr("does not read")));
  EXPECT_GE(posted, 2);
  EXPECT_FALSE(link.mesh->Post(0, {}, {}));  // the stream has a hole: nothing may follow
}

TEST(StreamMesh, AMessageMayBeLongerThanWhatMayWait) {
  OneLink link({.max_pending = Bytes{1000}});
  const std::vector<std::byte> large(50'000'000), small(100);  // more than the network holds
  EXPECT_TRUE(link.mesh->Post(0, {}, large));
  EXPECT_TRUE(link.mesh->Post(0, {}, small));
  EXPECT_TRUE(link.mesh->Post(0, {}, large));
  EXPECT_FALSE(link.mesh->Post(0, {}, small)) << "two of the longest wait";
}

TEST(StreamMesh, ShutdownWakesAFlush) {
  OneLink link;
  ASSERT_TRUE(link.mesh->Post(0, {}, std::vector<std::byte>(50'000'000)));
  std::thread killer([&] {
    std::this_thread::sleep_for(Milliseconds(20));  // the flush has most likely begun
    link.mesh->Shutdown();
  });
  const Deadline deadline = Soon();
  const Status status = link.mesh->Flush(deadline);
  killer.join();
  EXPECT_FALSE(deadline.Passed());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
}

TEST(StreamMesh, AResetConnectionIsANamedError) {
  OneLink link;
  const linger abort_at_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(link.far_end->AwaitRead().fd, SOL_SOCKET, SO_LINGER, &abort_at_close,
             sizeof abort_at_close);
  link.far_end.reset();
  std::vector<std::byte> into(8);
  const Status status = link.mesh->Receive(0, into, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_EQ(status.error().message, "node 9 (here): the other side closed the connection");
}

}  // namespace
}  // namespace disco
