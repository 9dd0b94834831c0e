// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/make_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "disco/transport/keys_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;

mode_t ModeOf(const Path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST(MakeKeys, OnlyTheOwnerMayReadPrivateKeys) {
  const ClusterForTest cluster;
  static_cast<void>(cluster.MemberKeys("other"));
  for (const char* name : {"authority.key", "node.key", "other/node.key"})
    EXPECT_EQ(ModeOf(cluster.folder() / name), 0600u) << name;
  EXPECT_FALSE(std::filesystem::exists(cluster.folder() / "other/authority.key"));
}

TEST(MakeKeys, NothingIsOverwritten) {
  const ClusterForTest cluster;
  const auto before = ReadFile(cluster.folder() / KeyFiles::kMemberKey);
  for (const Status& again :
       {MakeCluster(cluster.folder(), std::chrono::hours(1)),
        MakeMember(cluster.folder(), cluster.folder(), std::chrono::hours(1))}) {
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(again.error().message, HasSubstr("exists already"));
  }
  EXPECT_EQ(ReadFile(cluster.folder() / KeyFiles::kMemberKey).value(), before.value());
}

TEST(MakeKeys, AMemberWithoutTheAuthoritysKeyCannotMakeAnother) {
  const ClusterForTest cluster;
  static_cast<void>(cluster.MemberKeys("other"));
  const Path third = cluster.folder() / "third";
  const Status made = MakeMember(cluster.folder() / "other", third, std::chrono::hours(1));
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("other/authority.key"));
  EXPECT_FALSE(std::filesystem::exists(third));
}

// A certificate that a member signed is as good as none.
TEST(MakeKeys, AMemberIsNoAuthority) {
  const ClusterForTest cluster;
  const Path forged = cluster.folder() / "forged", third = cluster.folder() / "third";
  std::filesystem::create_directory(forged);
  std::filesystem::copy_file(cluster.folder() / "node.pem", forged / "authority.pem");
  std::filesystem::copy_file(cluster.folder() / "node.key", forged / "authority.key");
  ASSERT_TRUE(MakeMember(forged, third, std::chrono::hours(1)));
  std::filesystem::copy_file(cluster.folder() / "authority.pem", third / "authority.pem",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(LoadKeys(third));
}

}  // namespace
}  // namespace disco
