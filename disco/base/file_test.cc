// SPDX-License-Identifier: Apache-2.0
#include "disco/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace disco {
namespace {

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "disco-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  Path folder_;
};

template <class T>
void ExpectIoError(const Result<T>& result, const Path& path) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kIo);
  EXPECT_NE(result.error().message.find(path.string()), std::string::npos)
      << result.error().message;
}

TEST_F(File, WhatIsWrittenIsRead) {
  const Path path = folder_ / "a" / "b" / "file";
  for (const std::string& content :
       {std::string(), std::string("one\0two\xff", 8), std::string(200'000, 'x')}) {
    ASSERT_TRUE(WriteFile(path, content));
    EXPECT_EQ(*ReadFile(path), content);
    const auto mapped = MapFile(path);
    ASSERT_TRUE(mapped);
    ASSERT_EQ(mapped->size, content.size());
    EXPECT_TRUE(std::equal(content.begin(), content.end(), mapped->bytes().begin(),
                           [](char a, std::byte b) { return static_cast<std::byte>(a) == b; }));
  }
}

TEST_F(File, AReaderOfTheOldFileKeepsItWhileANewOneIsWritten) {
  const Path path = folder_ / "file";
  ASSERT_TRUE(WriteFile(path, "old"));
  const auto old = MapFile(path);
  ASSERT_TRUE(old);
  ASSERT_TRUE(WriteFile(path, "new and longer"));
  EXPECT_EQ(old->size, 3u);
  EXPECT_EQ(static_cast<char>(old->bytes()[0]), 'o');
  EXPECT_EQ(*ReadFile(path), "new and longer");
  EXPECT_EQ(FilesInFolder(), 1u) << "a partial file is left";
}

// A file larger than the process may write stands for a full disk.
[[noreturn]] void ExitAfterTooLargeAWrite(const Path& path) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{4096, 4096};
  setrlimit(RLIMIT_FSIZE, &limit);
  // Nothing else may be written under this limit, such as the counts of tools/coverage.sh.
  std::_Exit(WriteFile(path, std::string(1 << 20, 'x')) ? 1 : 0);
}

TEST_F(File, AFailedWriteLeavesTheOldFile) {
  const Path path = folder_ / "file";
  ASSERT_TRUE(WriteFile(path, "old"));
  EXPECT_EXIT(ExitAfterTooLargeAWrite(path), testing::ExitedWithCode(0), "");
  EXPECT_EQ(*ReadFile(path), "old");
  EXPECT_EQ(FilesInFolder(), 1u) << "a partial file is left";
}

TEST_F(File, AFolderIsNoFile) {
  ExpectIoError(ReadFile(folder_), folder_);
  ExpectIoError(MapFile(folder_), folder_);
  ASSERT_TRUE(MakeFolder(folder_ / "full" / "inner"));
  ExpectIoError(WriteFile(folder_ / "full", "x"), folder_ / "full");
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "full" / "inner"));
  EXPECT_EQ(FilesInFolder(), 1u) << "a partial file is left";
}

TEST_F(File, AMissingFileIsNamed) {
  const Path path = folder_ / "missing";
  ExpectIoError(ReadFile(path), path);
  ExpectIoError(MapFile(path), path);
}

TEST_F(File, AFileIsNoFolder) {
  const Path path = folder_ / "file";
  ASSERT_TRUE(WriteFile(path, "x"));
  ExpectIoError(MakeFolder(path / "inner"), path);
  ExpectIoError(WriteFile(path / "inner", "x"), path);
  EXPECT_TRUE(MakeFolder(folder_)) << "a folder that is there is no error";
}

// Opening one for reading would wait for a writer for ever.
TEST_F(File, APipeIsNotMapped) {
  const Path path = folder_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  ExpectIoError(MapFile(path), path);
}

TEST_F(File, AMappingOutlivesItsFile) {
  const Path path = folder_ / "file";
  ASSERT_TRUE(WriteFile(path, "kept"));
  std::shared_ptr<const std::byte> data = MapFile(path)->data;
  std::filesystem::remove(path);
  EXPECT_EQ(static_cast<char>(*data), 'k');
}

TEST_F(File, KeepsLinksAndReplacesWhatTheyLeadTo) {
  const Path& folder = folder_;
  ASSERT_TRUE(WriteFile(folder / "real", "old"));
  std::filesystem::create_symlink("real", folder / "link");
  EXPECT_TRUE(WriteFile(folder / "link", "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(*ReadFile(folder / "real"), "new");
  std::filesystem::create_symlink("nowhere", folder / "dangling");
  EXPECT_TRUE(WriteFile(folder / "dangling", "made"));
  EXPECT_EQ(*ReadFile(folder / "nowhere"), "made");
}

TEST_F(File, WritesIntoPipesAndReplacesNone) {
  const Path& folder = folder_;
  const Path pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(WriteFile(pipe, "to nobody"));
  EXPECT_FALSE(ReadFile(pipe)) << "nothing will ever come";
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_TRUE(WriteFile(pipe, "text"));
  char text[4];
  EXPECT_EQ(read(reader, text, sizeof text), 4);
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_FALSE(WriteFile(folder, "over a folder"));
}

}  // namespace
}  // namespace disco
