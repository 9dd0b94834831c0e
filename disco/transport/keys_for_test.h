// SPDX-License-Identifier: Apache-2.0
// A cluster's keys in a folder that goes with the object, and streams that use them; for tests
// only. Thread rule: one thread. Errors: fail the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "disco/transport/loopback_for_test.h"
#include "disco/transport/make_keys.h"
#include "disco/transport/tls_stream.h"

namespace disco {

class ClusterForTest {
 public:
  ClusterForTest() {
    std::string name = std::filesystem::temp_directory_path() / "disco-keys-XXXXXX";
    folder_ = mkdtemp(name.data());
    const Status made = MakeCluster(folder_, kValid);
    EXPECT_TRUE(made) << made.error().message;
  }
  ~ClusterForTest() { std::filesystem::remove_all(folder_); }
  ClusterForTest(const ClusterForTest&) = delete;
  ClusterForTest& operator=(const ClusterForTest&) = delete;

  const Path& folder() const { return folder_; }
  SharedKeys keys() const { return Load(folder_); }
  // Of one more member.
  SharedKeys MemberKeys(const std::string& name, std::chrono::seconds valid = kValid) const {
    const Status made = MakeMember(folder_, folder_ / name, valid);
    EXPECT_TRUE(made) << made.error().message;
    return Load(folder_ / name);
  }

 private:
  static constexpr std::chrono::seconds kValid{3600};
  static SharedKeys Load(const Path& folder) {
    auto keys = LoadKeys(folder);
    EXPECT_TRUE(keys) << keys.error().message;
    return keys.value_or(nullptr);
  }
  Path folder_;
};

// Sends a byte, and works for both ends meanwhile: after that they have shaken hands.
inline void SendByte(Stream& from, Stream& to) {
  std::array<std::byte, 1> byte{};
  while (from.WriteSome(byte, {}).value() == 0) static_cast<void>(to.HasNews());
  EXPECT_TRUE(ReceiveAll(to, byte, Soon()));
}

// Makes the two ends of a connection, with `keys`; they have shaken hands, as streams have that a
// mesh is made of.
inline auto MakeTlsPairs(SharedKeys keys) {
  return [keys = std::move(keys), loopback = std::make_shared<Loopback>()]() -> StreamPair {
    auto [caller, node] = loopback->Pair();
    caller = MakeTlsStream(std::move(caller), keys, TlsSide::kCalls);
    node = MakeTlsStream(std::move(node), keys, TlsSide::kAccepts);
    SendByte(*caller, *node);
    SendByte(*node, *caller);
    return {std::move(caller), std::move(node)};
  };
}

}  // namespace disco
