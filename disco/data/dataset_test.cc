// SPDX-License-Identifier: Apache-2.0
#include "disco/data/dataset.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "disco/data/idx.h"
#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

Result<std::unique_ptr<Dataset>> Open(const TestFolder& folder,
                                      const std::string& split = "train") {
  return OpenDataset({.source = folder.string(), .split = split});
}

std::string OpenError(const TestFolder& folder, const std::string& split = "train") {
  const auto dataset = Open(folder, split);
  return dataset ? "no error" : dataset.error().message;
}

void Write(const TestFolder& folder, const Path& name, std::string_view content) {
  ASSERT_TRUE(WriteFile(folder / name, content));
}

void WritePicture(const TestFolder& folder, const Path& name, int shade) {
  ASSERT_TRUE(WritePng(folder / name, Gradient(4, 3, shade)));
}

TEST(OpenDataset, SaysWhatItLookedFor) {
  const TestFolder folder;
  EXPECT_THAT(OpenError(folder), AllOf(HasSubstr(folder.string()), HasSubstr("train/"),
                                       HasSubstr("CIFAR"), HasSubstr("train-images-idx3-ubyte")));
  EXPECT_THAT(OpenError(folder, "val"),
              AllOf(HasSubstr("test/"), HasSubstr("test_batch.bin"), HasSubstr("t10k")));
  EXPECT_THAT(OpenError(folder, "holiday"), HasSubstr("holiday"));
  EXPECT_FALSE(OpenDataset({.source = "/nowhere/at/all"}));
  EXPECT_FALSE(OpenDataset({.source = "synthetic", .limit = 0}));
}

TEST(ImageFolder, SortsClassesAndFiles) {
  const TestFolder folder;
  WritePicture(folder, "train/wolf/b.png", 2);
  WritePicture(folder, "train/wolf/a.PNG", 1);
  WritePicture(folder, "train/ant/z.png", 3);
  Write(folder, "train/ant/z.jpeg", EncodeJpeg(Gradient(16, 16)));
  Write(folder, "train/ant/notes.txt", "not a picture");
  Write(folder, "train/.hidden/x.png", "not a class");
  const auto dataset = *Open(folder);
  EXPECT_THAT(dataset->class_names(), ElementsAre("ant", "wolf"));
  ASSERT_EQ(dataset->size(), 4);
  EXPECT_EQ(dataset->Get(0)->image.width, 16);
  EXPECT_EQ(dataset->Get(2)->image, Gradient(4, 3, 1));
  EXPECT_EQ(LabelOf(dataset->Get(3)->target), 1);
  EXPECT_EQ(dataset->Describe(3), (folder / "train/wolf/b.png").string());
}

TEST(ImageFolder, ValidationTakesItsLabelsFromTraining) {
  const TestFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png"}) {
    WritePicture(folder, name, 0);
  }
  const auto dataset = *Open(folder, "val");
  EXPECT_EQ(dataset->size(), 1);
  EXPECT_EQ(LabelOf(dataset->Get(0)->target), 2);
  WritePicture(folder, "test/d/1.png", 0);
  EXPECT_THAT(OpenError(folder, "val"), HasSubstr((folder / "test/d").string()));
}

TEST(ImageFolder, RefusesEmptyFolders) {
  const TestFolder folder;
  ASSERT_TRUE(MakeFolder(folder / "train"));
  EXPECT_THAT(OpenError(folder), HasSubstr("one folder per class"));
  WritePicture(folder, "train/full/1.png", 0);
  ASSERT_TRUE(MakeFolder(folder / "train/empty"));
  EXPECT_THAT(OpenError(folder), HasSubstr((folder / "train/empty").string()));
}

std::string OnlyNote(const TestFolder& folder, const std::string& split) {
  const auto dataset = Open(folder, split);
  if (!dataset) return dataset.error().message;
  const std::vector<std::string> notes = (*dataset)->notes();
  return notes.size() == 1 ? notes[0] : fmt::format("{} notes", notes.size());
}

TEST(ImageFolder, CountsWhatItLeavesOut) {
  const TestFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png"})
    WritePicture(folder, name, 0);
  EXPECT_EQ(OnlyNote(folder, "val"), "0 notes");
  for (const char* name : {"val/a/x.txt", "val/a/y.gif", "val/a/deep/1.png", "val/z.png",
                           "val/readme.txt", "val/a/.hidden", "val/.hidden"})
    Write(folder, name, "x");
  ASSERT_TRUE(MakeFolder(folder / "val/b"));
  EXPECT_EQ(OnlyNote(folder, "val"), folder.string() +
                                         "/val: left out: 1 class folders without pictures (b), "
                                         "2 files beside the class folders (z.png), "
                                         "2 files that are not .jpg, .jpeg or .png (a/x.txt), "
                                         "1 folders inside class folders (a/deep)");
  EXPECT_EQ((*Open(folder, "val"))->size(), 1);
  Write(folder, "train/b/more/1.png", "x");
  EXPECT_THAT(OnlyNote(folder, "train"), HasSubstr("1 folders inside class folders (b/more)"));
}

TEST(ImageFolder, WithoutAnyPictureIsAnError) {
  const TestFolder folder;
  WritePicture(folder, "train/a/1.png", 0);
  Write(folder, "val/readme.txt", "x");
  EXPECT_THAT(OpenError(folder, "val"), HasSubstr("holds no .jpg"));
  ASSERT_TRUE(MakeFolder(folder / "val/a/deep"));
  EXPECT_THAT(OpenError(folder, "val"), HasSubstr("holds no .jpg"));
}

TEST(ImageFolder, PartsTellWhenItHasChanged) {
  const TestFolder folder;
  Write(folder, "val/a/1.png", "12345");
  Write(folder, "val/a/2.png", "67");
  Write(folder, "val/b/1.png", "1");
  const auto part = [&](size_t i) { return (*Open(folder, "val"))->parts().at(i); };
  const DataPart a = part(0), b = part(1);
  EXPECT_EQ(a.name, "val/a");
  EXPECT_EQ(a.pictures, 2);
  EXPECT_EQ(a.bytes, 7);
  EXPECT_EQ(b.name, "val/b");
  EXPECT_EQ(part(0).hash, a.hash);
  Write(folder, "val/a/1.png", "1234");
  Write(folder, "val/a/2.png", "567");
  EXPECT_EQ(part(0).bytes, a.bytes);
  EXPECT_NE(part(0).hash, a.hash) << "sizes of single files";
  EXPECT_EQ(part(1).hash, b.hash);
  std::filesystem::rename(folder / "val/b/1.png", folder / "val/b/2.png");
  EXPECT_NE(part(1).hash, b.hash) << "names";
}

TEST(ImageFolder, BrokenPictureIsAnErrorWithItsPath) {
  const TestFolder folder;
  Write(folder, "train/a/text.jpg", "this is text");
  const auto sample = (*Open(folder))->Get(0);
  ASSERT_FALSE(sample);
  EXPECT_THAT(sample.error().message, HasSubstr((folder / "train/a/text.jpg").string()));
}

// A record whose red plane is `label`, green 100, blue 200.
std::string CifarRecord(const std::string& labels) {
  return labels + std::string(1024, labels.back()) + std::string(1024, 100) +
         std::string(1024, '\xc8');
}

TEST(Cifar10, ReadsAllBatchesInOrder) {
  const TestFolder folder;
  Write(folder, "data_batch_1.bin", CifarRecord("\x03") + CifarRecord("\x09"));
  Write(folder, "data_batch_2.bin", CifarRecord("\x01"));
  Write(folder, "test_batch.bin", CifarRecord("\x07"));
  Write(folder, "batches.meta.txt",
        "plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  const auto train = *Open(folder);
  ASSERT_EQ(train->size(), 3);
  EXPECT_EQ(train->class_names()[9], "truck");
  const Sample sample = *train->Get(1);
  EXPECT_EQ(LabelOf(sample.target), 9);
  EXPECT_EQ(sample.image.width, 32);
  EXPECT_THAT(std::vector(sample.image.rgb.end() - 3, sample.image.rgb.end()),
              ElementsAre(9, 100, 200));
  EXPECT_EQ(train->Describe(2), (folder / "data_batch_2.bin").string() + " record 0");
  EXPECT_EQ(LabelOf((*Open(folder, "val"))->Get(0)->target), 7);
}

TEST(Cifar10, PartsTellWhenItHasChanged) {
  const TestFolder folder;
  Write(folder, "data_batch_1.bin", CifarRecord("\x03") + CifarRecord("\x09"));
  Write(folder, "data_batch_2.bin", CifarRecord("\x01"));
  const auto parts = [&] { return (*Open(folder))->parts(); };
  const std::vector<DataPart> before = parts();
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[0].name, "data_batch_1.bin");
  EXPECT_EQ(before[0].pictures, 2);
  EXPECT_EQ(before[1].bytes, 3072);
  std::string other = CifarRecord("\x01");
  other.back() = 'x';
  Write(folder, "data_batch_2.bin", other);
  EXPECT_EQ(parts()[0].hash, before[0].hash);
  EXPECT_NE(parts()[1].hash, before[1].hash) << "pixels";
  other = CifarRecord("\x01");
  other[0] = 2;
  Write(folder, "data_batch_2.bin", other);
  EXPECT_NE(parts()[1].hash, before[1].hash) << "labels";
}

TEST(Cifar100, TakesTheFineLabel) {
  const TestFolder folder;
  Write(folder, "cifar-100-binary/train.bin", CifarRecord("\x05\x63"));
  const auto dataset = *Open(folder);
  EXPECT_EQ(LabelOf(dataset->Get(0)->target), 99);
  EXPECT_EQ(dataset->class_names().size(), 100u);
}

TEST(Cifar, RefusesOddSizesAndLabels) {
  const TestFolder folder;
  Write(folder, "data_batch_1.bin", CifarRecord("\x03") + "x");
  EXPECT_THAT(OpenError(folder), AllOf(HasSubstr("data_batch_1.bin"), HasSubstr("3074 bytes")));
  Write(folder, "data_batch_1.bin", "");
  EXPECT_THAT(OpenError(folder), HasSubstr("data_batch_1.bin"));
  Write(folder, "data_batch_1.bin", CifarRecord("\x0a"));
  EXPECT_THAT(OpenError(folder), HasSubstr("label 10"));
}

std::string Idx(std::initializer_list<int> extents, const std::string& elements) {
  std::string file = "\x00\x00\x08"s + static_cast<char>(extents.size());
  for (const int extent : extents) {
    for (const int shift : {24, 16, 8, 0}) file += static_cast<char>(extent >> shift);
  }
  return file + elements;
}

void WriteGzip(const Path& path, const std::string& content) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
  gzclose(file);
}

TEST(Idx, ReadsPlainAndGzip) {
  const TestFolder folder;
  Write(folder, "train-images-idx3-ubyte", Idx({2, 1, 3}, "\x01\x02\x03\x04\x05\x06"));
  WriteGzip(folder / "train-labels-idx1-ubyte.gz", Idx({2}, "\x00\x09"s));
  const auto dataset = *Open(folder);
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->class_names().size(), 10u);
  EXPECT_EQ(LabelOf(dataset->Get(1)->target), 9);
  EXPECT_EQ(dataset->Get(1)->image, (Image{3, 1, {4, 4, 4, 5, 5, 5, 6, 6, 6}}));
}

TEST(Idx, BothSplitsHaveAsManyClasses) {
  const TestFolder folder;
  for (const char* split : {"train", "t10k"})
    Write(folder, fmt::format("{}-images-idx3-ubyte", split), Idx({1, 1, 1}, "\x01"));
  Write(folder, "train-labels-idx1-ubyte", Idx({1}, "\x03"));
  Write(folder, "t10k-labels-idx1-ubyte", Idx({1}, "\x2e"));
  EXPECT_EQ((*Open(folder))->class_names().size(), 47u);
}

TEST(Idx, RefusesHeadersThatLie) {
  const TestFolder folder;
  const Path images = "t10k-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte";
  Write(folder, images, Idx({1, 2, 2}, "abcd"));
  EXPECT_THAT(OpenError(folder, "val"), HasSubstr(labels.string()));
  Write(folder, labels, Idx({2}, "\x01\x02"));
  EXPECT_THAT(OpenError(folder, "val"),
              AllOf(HasSubstr(labels.string()), HasSubstr("for the 1 pictures")));
  Write(folder, labels, Idx({1}, "\x01"));
  EXPECT_TRUE(Open(folder, "val"));
  for (const std::string& bad :
       {Idx({1, 2, 2}, "abc"), Idx({1, 2, 2}, "abcde"), Idx({-1, -1, -1}, "abcd"),
        Idx({0, 2, 2}, ""), Idx({1, 0, 4}, ""), Idx({4}, "abcd"),
        Idx({1, 1, 1 << 20}, std::string(1 << 20, 'x')), ""s, "\x00\x00\x08"s,
        "\x00\x00\x08\x03\x00"s, "\x00\x00\x0d\x01\x00\x00\x00\x00"s, "\x1f\x8b\x08"s}) {
    Write(folder, images, bad);
    EXPECT_THAT(OpenError(folder, "val"), HasSubstr(images.string()));
  }
}

TEST(Idx, RefusesDamagedGzip) {
  const TestFolder folder;
  WriteGzip(folder / "train-images-idx3-ubyte.gz", Idx({1, 30, 30}, std::string(900, 'x')));
  const std::string whole = *ReadFile(folder / "train-images-idx3-ubyte.gz");
  Write(folder, "train-labels-idx1-ubyte", Idx({1}, "\x01"));
  ASSERT_TRUE(Open(folder));
  for (size_t size = 2; size < whole.size() - 8; ++size) {
    Write(folder, "train-images-idx3-ubyte.gz", whole.substr(0, size));
    EXPECT_THAT(OpenError(folder), HasSubstr("train-images-idx3-ubyte.gz")) << size;
  }
}

TEST(Limit, KeepsARandomPartThatTheSeedDecides) {
  const auto open = [](uint64_t seed) {
    return *OpenDataset({.source = "synthetic:train=1000,size=8", .seed = seed, .limit = 200});
  };
  const auto dataset = open(1), same = open(1), other = open(2);
  ASSERT_EQ(dataset->size(), 200);
  std::vector<int> per_class(10);
  int equal = 0;
  for (int64_t i = 0; i < 200; ++i) {
    ++per_class[static_cast<size_t>(LabelOf(dataset->Get(i)->target))];
    EXPECT_EQ(dataset->Describe(i), same->Describe(i));
    equal += dataset->Describe(i) == other->Describe(i);
  }
  EXPECT_THAT(per_class, ::testing::Each(::testing::Ge(5)));
  EXPECT_LT(equal, 50);
}

}  // namespace
}  // namespace disco
