// SPDX-License-Identifier: Apache-2.0
// The architecture as a test: include arrows point to lower floors only, the two wings do not meet,
// and each foreign library stays behind its door. The table is that of CONTRIBUTING.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "disco/base/file.h"

namespace disco {
namespace {

const std::map<std::string, int> kFloors = {
    {"base", 0},    {"tensor", 1}, {"graph", 2}, {"transport", 2}, {"data", 2}, {"op", 3},
    {"rewrite", 4}, {"zoo", 4},    {"onnx", 5},  {"kernel", 5},    {"plan", 5}, {"shard", 6},
    {"train", 6},   {"cost", 7},   {"node", 7},  {"cli", 9}};
const std::set<std::string> kDesignWing = {"zoo", "data", "train", "cost"};
const std::set<std::string> kRunWing = {"kernel", "transport", "node"};

// Include of a library -> the only folder it may stand in.
const std::map<std::string, std::string> kDoors = {{"torch/", "disco/train"},
                                                   {"ATen/", "disco/train"},
                                                   {"oneapi/dnnl", "disco/kernel/onednn"},
                                                   {"dnnl", "disco/kernel/onednn"},
                                                   {"immintrin.h", "disco/kernel/streamed"},
                                                   {"onnx/", "disco/onnx"},
                                                   {"google/protobuf", "disco/onnx"},
                                                   {"sys/socket.h", "disco/transport"},
                                                   {"netinet/", "disco/transport"},
                                                   {"arpa/", "disco/transport"},
                                                   {"poll.h", "disco/transport"},
                                                   {"openssl/", "disco/transport"},
                                                   {"jpeglib", "disco/data"},
                                                   {"png.h", "disco/data"},
                                                   {"toml.hpp", "disco/cost|disco/train"},
                                                   {"CLI/", "disco/cli|disco/train"}};

struct Include {
  Path file;  // relative to the root of the sources
  std::string what;
};

std::vector<Include> AllIncludes() {
  std::vector<Include> includes;
  const std::regex line(R"(^\s*#include [<"]([^>"]+)[>"])");
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(Path(DISCO_SOURCE) / "disco")) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    std::ifstream file(entry.path());
    for (std::string text; std::getline(file, text);) {
      std::smatch match;
      if (std::regex_search(text, match, line))
        includes.push_back({std::filesystem::relative(entry.path(), DISCO_SOURCE), match[1]});
    }
  }
  return includes;
}

std::string RoomOf(const Path& path) {
  auto part = path.begin();
  return (++part)->string();
}

bool IsTest(const Path& path) {
  const std::string name = path.filename();
  return name.ends_with("_test.cc") || name.find("for_test") != std::string::npos ||
         name.starts_with("test_");
}

TEST(Rooms, ArrowsPointDownwards) {
  int arrows = 0;
  for (const Include& include : AllIncludes()) {
    if (!include.what.starts_with("disco/") || IsTest(include.file)) continue;
    const std::string from = RoomOf(include.file), to = RoomOf(include.what);
    ASSERT_TRUE(kFloors.contains(from)) << "room " << from << " has no floor";
    ASSERT_TRUE(kFloors.contains(to)) << "room " << to << " has no floor";
    EXPECT_TRUE(from == to || kFloors.at(to) < kFloors.at(from))
        << include.file << " includes " << include.what;
    ++arrows;
  }
  EXPECT_GT(arrows, 100);
}

TEST(Rooms, TheTwoWingsMeetOnlyInNouns) {
  for (const Include& include : AllIncludes()) {
    if (!include.what.starts_with("disco/") || IsTest(include.file)) continue;
    const std::string from = RoomOf(include.file), to = RoomOf(include.what);
    EXPECT_FALSE(kDesignWing.contains(from) && kRunWing.contains(to))
        << include.file << " includes " << include.what;
    EXPECT_FALSE(kRunWing.contains(from) && kDesignWing.contains(to))
        << include.file << " includes " << include.what;
  }
}

TEST(Rooms, LibrariesStayBehindTheirDoors) {
  for (const Include& include : AllIncludes()) {
    for (const auto& [library, doors] : kDoors) {
      if (!include.what.starts_with(library)) continue;
      const std::string folder = include.file.parent_path();
      const bool allowed = std::regex_match(folder, std::regex("(" + doors + ")(/.*)?"));
      EXPECT_TRUE(allowed) << include.file << " includes " << include.what;
    }
  }
}

// Folders of which each alone may include the header that is private to it, by header: the header's
// own folder, or the module that it lies in, where the comment names more than one module.
std::map<std::string, std::string> OwnersOfPrivateHeaders() {
  std::map<std::string, std::string> owners;
  const std::regex sentence(R"([Pp]rivate to the (\w+))");
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(Path(DISCO_SOURCE) / "disco")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::string comment =
        std::regex_replace(text.substr(0, text.find("#pragma once")), std::regex("\n//"), "");
    std::smatch match;
    if (!std::regex_search(comment, match, sentence)) continue;
    const Path header = std::filesystem::relative(entry.path(), DISCO_SOURCE);
    const bool one = match[1] == "room" || match[1] == "module";
    owners[header] = one ? header.parent_path().string() : "disco/" + RoomOf(header);
  }
  return owners;
}

bool LiesIn(const Path& file, const std::string& folder) {
  return file.string().starts_with(folder + "/");
}

// Tests in tests/ and fuzz targets may look inside a module.
TEST(Rooms, APrivateHeaderIsIncludedByItsModuleAlone) {
  const std::map<std::string, std::string> owners = OwnersOfPrivateHeaders();
  EXPECT_GT(owners.size(), 50U);
  for (const Include& include : AllIncludes()) {
    const auto owner = owners.find(include.what);
    if (owner == owners.end()) continue;
    EXPECT_TRUE(LiesIn(include.file, owner->second))
        << include.file << " includes " << include.what << ", private to " << owner->second;
  }
}

TEST(Rooms, AFolderInsideAModuleIsPrivateToTheModule) {
  for (const Include& include : AllIncludes()) {
    if (std::ranges::count(include.what, '/') < 3 || !include.what.starts_with("disco/")) continue;
    EXPECT_EQ(RoomOf(include.file), RoomOf(include.what))
        << include.file << " includes " << include.what;
  }
}

// A public header is installed, and a private one is not.
TEST(Rooms, APublicHeaderIncludesNoPrivateOne) {
  const std::map<std::string, std::string> owners = OwnersOfPrivateHeaders();
  for (const Include& include : AllIncludes()) {
    const bool is_public =
        include.file.extension() == ".h" && !IsTest(include.file) && !owners.contains(include.file);
    EXPECT_FALSE(is_public && owners.contains(include.what))
        << include.file << " includes " << include.what;
  }
}

TEST(Rooms, EveryFileNamesItsLicenceAndIsNotTooLong) {
  constexpr int kLongest = 400;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(Path(DISCO_SOURCE) / "disco")) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    std::ifstream file(entry.path());
    std::string first, text;
    std::getline(file, first);
    EXPECT_EQ(first, "// SPDX-License-Identifier: Apache-2.0") << entry.path();
    int lines = 1;
    while (std::getline(file, text)) ++lines;
    EXPECT_LE(lines, kLongest) << entry.path();
  }
}

}  // namespace
}  // namespace disco
