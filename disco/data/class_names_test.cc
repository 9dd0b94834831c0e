// SPDX-License-Identifier: Apache-2.0
#include "disco/data/class_names.h"

#include <gmock/gmock.h>

#include "disco/data/dataset_kinds.h"
#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kFruits = {"apple", "banana", "cherry"};

// A folder with pictures to measure on.
class Fruits {
 public:
  explicit Fruits(const std::vector<std::string>& classes) {
    for (const std::string& name : classes) Add("val/" + name, 2);
  }
  void Add(const Path& name, int pictures) {
    for (int i = 0; i < pictures; ++i) {
      const Path file = folder_ / name / fmt::format("{}.png", i);
      EXPECT_TRUE(MakeFolder(file.parent_path()));
      EXPECT_TRUE(WritePng(file, Gradient(8, 8, i)));
    }
  }
  Result<std::shared_ptr<const Dataset>> Match(const NetworkClasses& network) const {
    DISCO_ASSIGN(std::shared_ptr<const Dataset> dataset,
                 OpenDataset({.source = folder_.string(), .split = "val"}));
    return MatchClasses(dataset, network, "fruits");
  }
  std::string ErrorOf(const NetworkClasses& network) const {
    const auto matched = Match(network);
    return matched ? "no error" : matched.error().message;
  }

 private:
  TestFolder folder_;
};

std::vector<int64_t> LabelsOf(const Dataset& dataset) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < dataset.size(); ++i) labels.push_back(LabelOf(dataset.Get(i)->target));
  return labels;
}

TEST(MatchClasses, TakesTheNetworksNumbersInAnyOrder) {
  const Fruits fruits(kFruits);
  const auto matched = *fruits.Match({{"cherry", "apple", "banana"}, 3});
  EXPECT_THAT(LabelsOf(*matched), ElementsAre(1, 1, 2, 2, 0, 0));
  EXPECT_THAT(matched->class_names(), ElementsAre("cherry", "apple", "banana"));
  EXPECT_THAT(matched->class_sizes(), ElementsAre(2, 2, 2));
  EXPECT_THAT(matched->notes(), IsEmpty());
}

TEST(MatchClasses, AClassThatTheDataLackIsANote) {
  const Fruits fruits({"banana", "cherry"});
  const auto matched = *fruits.Match({kFruits, 3});
  EXPECT_THAT(LabelsOf(*matched), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(matched->notes(),
              ElementsAre("fruits: no pictures of 1 of the network's 3 classes (apple)"));
}

TEST(MatchClasses, AClassThatTheNetworkLacksIsAnError) {
  EXPECT_THAT(Fruits({"cherry", "date"}).ErrorOf({kFruits, 3}),
              AllOf(HasSubstr("fruits: 'date' is no class of the network"),
                    HasSubstr("3 classes are apple, banana, cherry;")));
  EXPECT_THAT(Fruits({"a", "b", "c"}).ErrorOf({kFruits, 3}), HasSubstr("'a' (and 2 more)"));
  EXPECT_THAT(Fruits({"date"}).ErrorOf({{"a", "b", "c", "d", "e", "f"}, 6}),
              HasSubstr("6 classes are a, b, c, d, e, ..."));
}

TEST(MatchClasses, AClassWithoutPicturesNeedNotBeKnown) {
  Fruits fruits({"banana"});
  fruits.Add("train/banana", 1);
  fruits.Add("train/date", 1);
  EXPECT_THAT(LabelsOf(**fruits.Match({kFruits, 3})), ElementsAre(1, 1));
}

TEST(MatchClasses, WithoutNamesTheNumbersOfClassesAreEqual) {
  const Fruits fruits(kFruits);
  const auto matched = *fruits.Match({{}, 3});
  EXPECT_THAT(LabelsOf(*matched), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_EQ(matched->class_names(), kFruits);
  EXPECT_THAT(matched->notes(), ElementsAre(HasSubstr("matched by place")));
  for (const int64_t answers : {2, 4, 1000}) {
    EXPECT_THAT(fruits.ErrorOf({{}, answers}),
                AllOf(HasSubstr("fruits: 3 classes (apple, banana, cherry)"),
                      HasSubstr(fmt::format("tells {} apart", answers))));
  }
}

TEST(MatchClasses, NumbersAreNamesWhereFoldersBearThem) {
  const NetworkClasses ten{NumberedClasses(10), 10};
  const Fruits numbers({"3", "7"});
  EXPECT_THAT(LabelsOf(**numbers.Match(ten)), ElementsAre(3, 3, 7, 7));
  EXPECT_THAT(Fruits({"3", "x"}).ErrorOf(ten), HasSubstr("2 classes (3, x)"));
  EXPECT_THAT(Fruits({"0", "1", "2"}).ErrorOf({kFruits, 3}), HasSubstr("'0' (and 2 more)"));
}

TEST(MatchClasses, OneNameForTwoClassesIsAnErrorWhereItMatters) {
  const NetworkClasses twice{{"crane", "apple", "crane"}, 3};
  EXPECT_THAT(Fruits({"crane"}).ErrorOf(twice), HasSubstr("'crane' is the name of two classes"));
  EXPECT_TRUE(Fruits({"apple"}).Match(twice));
}

TEST(MatchClasses, ANetworkHasNoMoreNamesThanScores) {
  EXPECT_THAT(Fruits({"apple"}).ErrorOf({kFruits, 2}), HasSubstr("3 classes are named"));
  EXPECT_TRUE(Fruits({"apple"}).Match({kFruits, 5}));
}

// CIFAR without its file of names: classes are numbers.
TEST(MatchClasses, DataWithoutNamesIsMatchedByPlace) {
  const TestFolder folder;
  ASSERT_TRUE(WriteFile(folder / "test_batch.bin", std::string(3073, '\7')));
  const auto match = [&](const NetworkClasses& network) {
    std::shared_ptr<const Dataset> dataset =
        *OpenDataset({.source = folder.string(), .split = "val"});
    return MatchClasses(dataset, network, "cifar");
  };
  const std::vector<std::string> names = {"plane", "car",  "bird",  "cat",  "deer",
                                          "dog",   "frog", "horse", "ship", "truck"};
  const auto matched = match({names, 10});
  ASSERT_TRUE(matched) << matched.error().message;
  EXPECT_THAT(LabelsOf(**matched), ElementsAre(7));
  EXPECT_EQ((*matched)->class_names(), names);
  EXPECT_THAT((*matched)->notes()[0], HasSubstr("data set has no class names"));
  EXPECT_FALSE(match({kFruits, 3}));
  EXPECT_FALSE(match({NumberedClasses(100), 100})) << "ten numbers are not the first of a hundred";
  // The other way round: a network trained on such data, and the file of names is there again.
  ASSERT_TRUE(WriteFile(folder / "batches.meta.txt",
                        "plane car bird cat deer dog frog horse ship "
                        "truck"));
  const auto named = match({NumberedClasses(10), 10});
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_THAT(LabelsOf(**named), ElementsAre(7));
  EXPECT_EQ((*named)->class_names()[9], "9");
}

TEST(ClassNames, ComeBackAndHaveNoLineBreaks) {
  EXPECT_EQ(ParseClassNames(*ClassNamesText(kFruits)), kFruits);
  EXPECT_THAT(ParseClassNames(""), IsEmpty());
  const auto refused = ClassNamesText({"apple", "ba\nnana"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("line break"));
}

}  // namespace
}  // namespace disco
