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
                                                   {"sys/socket.h", "disco/transport|disco/node"},
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
