// SPDX-License-Identifier: Apache-2.0
#include "disco/zoo/zoo.h"

#include <gtest/gtest.h>

#include "disco/op/work.h"

namespace disco {
namespace {

struct Published {
  std::string name;
  Width width;
  int64_t parameters;
  double macs;       // as published, rounded
  double tolerance;  // of the rounding
};

class PublishedCounts : public testing::TestWithParam<Published> {};

TEST_P(PublishedCounts, AreReproduced) {
  const Published& expected = GetParam();
  const auto graph = MakeZooNetwork({.name = expected.name, .width = expected.width});
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_EQ(ParameterCount(*graph), expected.parameters);
  EXPECT_NEAR(static_cast<double>(MacsOf(*graph).value), expected.macs, expected.tolerance);
}

// torchvision's published counts; width 1/8 from the DISCO paper's ResNet50/8; CIFAR form from He
// et al. 2016 (0.27 M, 0.46 M, 0.85 M), here with projection shortcuts instead of padded ones.
INSTANTIATE_TEST_SUITE_P(ResNets, PublishedCounts,
                         testing::Values(Published{"resnet18", {1, 1}, 11689512, 1.814e9, 1e6},
                                         Published{"resnet34", {1, 1}, 21797672, 3.664e9, 1e6},
                                         Published{"resnet50", {1, 1}, 25557032, 4.089e9, 1e6},
                                         Published{"resnet101", {1, 1}, 44549160, 7.801e9, 1e6},
                                         Published{"resnet50", {1, 8}, 631152, 77.0e6, 0.1e6},
                                         Published{"resnet20", {1, 1}, 272474, 40.8e6, 0.8e6},
                                         Published{"resnet56", {1, 1}, 855770, 125.7e6, 0.8e6}));

TEST(Zoo, SameSeedGivesSameWeights) {
  const auto a = MakeZooNetwork({.name = "resnet8", .seed = 3});
  const auto b = MakeZooNetwork({.name = "resnet8", .seed = 3});
  const auto c = MakeZooNetwork({.name = "resnet8", .seed = 4});
  const auto first = [](const Graph& graph) {
    return graph.ConstantInput(graph.ops[0], 1)->Data<float>();
  };
  EXPECT_TRUE(std::ranges::equal(first(*a), first(*b)));
  EXPECT_FALSE(std::ranges::equal(first(*a), first(*c)));
}

TEST(Zoo, TakesImageClassesAndStem) {
  const auto graph = MakeZooNetwork(
      {.name = "resnet8", .width = {2, 1}, .classes = 7, .image = {1, 28, 28}, .stem_stride = 2});
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_EQ(graph->value(graph->inputs[0]).shape, (Shape{1, 1, 28, 28}));
  EXPECT_EQ(graph->value(graph->outputs[0]).shape, (Shape{1, 7}));
  EXPECT_EQ(graph->value(graph->ops[0].outputs[0]).shape, (Shape{1, 32, 14, 14}));
}

TEST(Zoo, RefusesNonsense) {
  for (const ZooOptions& options :
       {ZooOptions{.name = "resnet51"}, ZooOptions{.width = {1, 7}}, ZooOptions{.width = {0, 1}},
        ZooOptions{.classes = -1}, ZooOptions{.image = {3, 0, 5}}, ZooOptions{.stem_stride = -2}}) {
    const auto graph = MakeZooNetwork(options);
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().kind, ErrorKind::kUsage);
  }
  EXPECT_NE(MakeZooNetwork({.name = "vgg"}).error().message.find("resnet50"), std::string::npos);
}

std::string MessageFor(const ZooOptions& options) {
  const auto graph = MakeZooNetwork(options);
  EXPECT_FALSE(graph);
  return graph ? "" : graph.error().message;
}

// Before anything is allocated: each of these would be hundreds of gigabytes or overflow.
TEST(Zoo, RefusesWhatIsTooLarge) {
  EXPECT_NE(MessageFor({.width = {1024, 1}}).find("width 1024"), std::string::npos);
  EXPECT_NE(MessageFor({.name = "resnet8", .width = {1'000'000, 1}}).find("smaller width"),
            std::string::npos);
  EXPECT_NE(MessageFor({.width = {8, 1}, .classes = 1'000'000}).find("fewer classes"),
            std::string::npos);
  for (const Width& width :
       {Width{INT64_MAX, 1}, Width{INT64_MAX / 64 + 1, 64}, Width{1, INT64_MAX}})
    EXPECT_NE(MessageFor({.width = width}).find("makes no sense"), std::string::npos);
}

TEST(Zoo, SaysWhatAWidthWouldGive) {
  const std::string message = MessageFor({.width = *ParseWidth("0.3")});
  EXPECT_NE(message.find("0.3"), std::string::npos) << message;
  EXPECT_NE(message.find("19.2"), std::string::npos) << message;
  EXPECT_TRUE(MakeZooNetwork({.name = "resnet8", .width = *ParseWidth("0.5")}));
}

TEST(Width, IsReadAsFraction) {
  const auto expect = [](const char* text, int64_t numerator, int64_t denominator) {
    const auto width = ParseWidth(text);
    ASSERT_TRUE(width) << text;
    EXPECT_EQ(width->numerator, numerator) << text;
    EXPECT_EQ(width->denominator, denominator) << text;
  };
  expect("1/8", 1, 8);
  expect("2/16", 1, 8);
  expect("2", 2, 1);
  expect("0.5", 1, 2);
  expect("0.3", 3, 10);
  expect("1.125", 9, 8);
  for (const char* wrong : {"", "x", "1/", "1/0", "-1", "-0.5", "1/2/3", "1e9.5", "0.", "0.0",
                            "0.x", "1.5/2", "0.1234567", "9223372036854775807.5"})
    EXPECT_FALSE(ParseWidth(wrong)) << wrong;
}

}  // namespace
}  // namespace disco
