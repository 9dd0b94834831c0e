// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan_file.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>
#include <cmath>
#include <functional>

#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::HasSubstr;

Plan Example() {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 8);
  const Graph graph = sketch.Finish({sketch.Conv("quote\" and ümlaut", a, 4)});
  Plan plan = *MakePlan(graph, {.nodes = 3, .shares = {0.5, 0.25, 0.25}, .sparsity = 0.5});
  plan.values["a"].call = MixingCall::kSplit;
  plan.values["a"].with_next = true;
  plan.values["a"].wire = {WireType::kInt8, std::vector<FeatureScale>(8, {-0.3f, 0.1f})};
  return plan;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  const auto plan = PlanFromJson(text);
  EXPECT_FALSE(plan) << text.substr(0, 200);
  if (plan) return "";
  EXPECT_EQ(plan.error().kind, ErrorKind::kInvalid);
  return plan.error().message;
}

void ExpectSame(const Plan& a, const Plan& b) {
  EXPECT_EQ(a.nodes, b.nodes);
  EXPECT_EQ(a.shares, b.shares);
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.sparsity, b.sparsity);
  EXPECT_EQ(a.image_sparsity, b.image_sparsity);
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const auto& [name, value] : a.values) {
    const ValuePlan* other = b.Find(name);
    ASSERT_NE(other, nullptr) << name;
    EXPECT_EQ(value.axis, other->axis);
    EXPECT_EQ(value.owner, other->owner);
    EXPECT_EQ(value.sparsity, other->sparsity);
    EXPECT_EQ(value.read_foreign, other->read_foreign);
    EXPECT_EQ(value.call, other->call);
    EXPECT_EQ(value.wire, other->wire);
    EXPECT_EQ(value.with_next, other->with_next);
    EXPECT_EQ(value.kept, other->kept);
  }
}

TEST(PlanFile, ReadsBackWhatItWrote) {
  const Plan plan = Example();
  const auto again = PlanFromJson(PlanToJson(plan));
  ASSERT_TRUE(again) << again.error().message;
  ExpectSame(plan, *again);
  EXPECT_EQ(PlanToJson(*again), PlanToJson(plan));
}

TEST(PlanFile, RoundTripsThroughAFile) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = *MakePlan(graph, {.nodes = 4, .sparsity = 0.9});
  const Path path = Path(testing::TempDir()) / "disco_plan_file_test.json";
  ASSERT_TRUE(WritePlan(plan, path));
  const auto again = ReadPlan(path);
  ASSERT_TRUE(again) << again.error().message;
  ExpectSame(plan, *again);
  EXPECT_TRUE(Bind(graph, *again));
  std::filesystem::remove(path);
  const auto gone = ReadPlan(path);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::kIo);
  EXPECT_THAT(gone.error().message, HasSubstr(path.string()));
}

TEST(PlanFile, NoPlanIsWrittenThatCouldNotBeRead) {
  const Path path = Path(testing::TempDir()) / "disco_plan_file_refused.json";
  const float infinite = HUGE_VALF;
  const std::vector<std::function<void(Plan&)>> spoil = {
      [](Plan& plan) { plan.sparsity = std::nan(""); },
      [](Plan& plan) { plan.shares[0] = HUGE_VAL; },
      [&](Plan& plan) { plan.values["a"].wire.scales[3].low = -infinite; },
      [&](Plan& plan) { plan.values["a"].wire.scales[3].step = infinite; },
      [](Plan& plan) { plan.values["b\xe9"] = plan.values["a"]; },
  };
  for (size_t i = 0; i < spoil.size(); ++i) {
    Plan plan = Example();
    ASSERT_TRUE(WritePlan(plan, path));
    const std::string before = *ReadFile(path);
    spoil[i](plan);
    const Status refused = WritePlan(plan, path);
    ASSERT_FALSE(refused) << i;
    EXPECT_THAT(refused.error().message, HasSubstr(path.string() + ": not written")) << i;
    EXPECT_EQ(*ReadFile(path), before) << i;
  }
  std::filesystem::remove(path);
}

TEST(PlanFile, APlanWithoutValuesIsAPlan) {
  const Plan plan{.nodes = 2, .shares = {0.5, 0.5}};
  const auto again = PlanFromJson(PlanToJson(plan));
  ASSERT_TRUE(again) << again.error().message;
  ExpectSame(plan, *again);
}

TEST(PlanFile, AnEditedFileIsRefusedByItsHash) {
  const std::string text = PlanToJson(Example());
  EXPECT_THAT(ErrorOf(Replaced(text, "[[0,4],[1,2],[2,2]]", "[[0,3],[1,3],[2,2]]")),
              HasSubstr("was changed by hand or cut short"));
}

TEST(PlanFile, AnotherVersionIsNamed) {
  const std::string text = PlanToJson(Example());
  for (const int other : {3, 5}) {
    const std::string version = fmt::format("\"disco_plan\": {}", other);
    EXPECT_THAT(
        ErrorOf(Replaced(text, "\"disco_plan\": 4", version)),
        HasSubstr(fmt::format("version {}, this disco reads 4; make it again with disco plan "
                              "or disco sparsify",
                              other)));
  }
}

TEST(PlanFile, AMaskHasOneLevel) {
  const std::string text = PlanToJson(Example());
  const size_t begin = text.find("\"kept\":") + 7, end = text.find("]]]", begin) + 3;
  const std::string kept = text.substr(begin, end - begin);
  const std::string level = kept.substr(1, kept.size() - 2);
  EXPECT_THAT(ErrorOf(Replaced(text, kept, fmt::format("[{},{}]", level, level))),
              HasSubstr("value 'a': its mask has 2 levels; this disco runs masks of one level"));
  EXPECT_THAT(ErrorOf(Replaced(text, kept, "[]")), HasSubstr("0 levels"));
  EXPECT_THAT(ErrorOf(Replaced(text, kept, "7")), HasSubstr("value 'a'"));
  EXPECT_THAT(ErrorOf(Replaced(text, kept, level)), HasSubstr("value 'a'"))
      << "as version 3 wrote it";
}

TEST(PlanFile, AFileCutShortAnywhereIsRefused) {
  const std::string text = PlanToJson(Example());
  for (size_t length = 0; length + 2 < text.size(); length += 7) ErrorOf(text.substr(0, length));
}

TEST(PlanFile, WhatIsNoPlanSaysSo) {
  for (const char* text : {"{}", "[]", "3", "null", "\"disco_plan\"", "{\"disco\":1}"})
    EXPECT_EQ(ErrorOf(text), "this is not a plan");
}

struct Hostile {
  const char *from, *to, *what;
};
class HostilePlans : public testing::TestWithParam<Hostile> {};
void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.to; }

TEST_P(HostilePlans, AreRefused) {
  const Hostile& hostile = GetParam();
  EXPECT_THAT(ErrorOf(Replaced(PlanToJson(Example()), hostile.from, hostile.to)),
              HasSubstr(hostile.what));
}

INSTANTIATE_TEST_SUITE_P(
    All, HostilePlans,
    testing::Values(
        Hostile{"[[0,4],", "[[0,1000000000000],", "1000000000000"},
        Hostile{"[[0,4],", "[[0,9223372036854775807],", "9223372036854775807"},
        Hostile{"[[0,4],", "[[0,18446744073709551615],", "18446744073709551615"},
        Hostile{"[[0,4],", "[[0,-4],", "a count of features is -4"},
        Hostile{"[[0,4],", "[[0,0],", "a count of features is 0"},
        Hostile{"[[0,4],", "[[3,4],", "an owner is 3, not a whole number from 0 to 2"},
        Hostile{"[[0,4],", "[[-1,4],", "an owner is -1"},
        Hostile{"[[0,4],", "[[[[]],4],", "an owner is array"},
        Hostile{"\"kept\":[[[", "\"kept\":[[[8,", "a kept feature is 8"},
        Hostile{"\"kept\":[[[", "\"kept\":[[[-1,", "a kept feature is -1"},
        Hostile{"\"kept\":[[[", "\"kept\":[[[\"1\",", "a kept feature is \"1\""},
        Hostile{"[[0,4],", "[[4294967296,4],", "4294967296"},
        Hostile{"[[0,4],", "[[0.5,4],", "0.5"}, Hostile{"[[0,4],", "[[true,4],", "true"},
        Hostile{"[[0,4],", "[[0],", "value 'a'"}, Hostile{"[[0,4],", "[7,", "value 'a'"},
        Hostile{"\"nodes\": 3", "\"nodes\": 4294967299", "4294967299"},
        Hostile{"\"nodes\": 3", "\"nodes\": 65", "nodes is 65"},
        Hostile{"\"nodes\": 3", "\"nodes\": 2", "2 nodes with 3 shares"},
        Hostile{"\"nodes\": 3", "\"nodes\": \"3\"", "\"3\""},
        Hostile{"\"nodes\": 3", "\"nodes\": NaN", "parse error"},
        Hostile{"\"nodes\": 3", "\"nodes\": 1e999", "overflow"},
        Hostile{"\"image_sparsity\": 0.5", "\"image_sparsity\": null", "null"},
        Hostile{"\"image_sparsity\": 0.5", "\"image_sparsity\": -0.5", "image_sparsity"},
        Hostile{"\"image_sparsity\": 0.5", "\"image_sparsity\": 2", "image_sparsity"},
        Hostile{"0.25", "-0.25", "share"}, Hostile{"0.25", "0", "the share of node 1 is 0"},
        Hostile{"0.25", "1e-12", "the share of node 1 is 1e-12"},
        Hostile{"0.25", "0.35", "the shares add up to 1.1"},
        Hostile{"0.25", "0.2500001", "its hash"},
        Hostile{"\"sparsity\":0.5", "\"sparsity\":0.25", "its hash"},
        Hostile{"\"sparsity\": 0.5", "\"sparsity\": 0.25", "its hash"},
        Hostile{"\"image_sparsity\": 0.5", "\"image_sparsity\": 0.25", "its hash"},
        Hostile{"\"name\":\"a\"", "\"title\":\"a\"", "name"},
        Hostile{"\"axis\":1", "\"axis\":-1", "axis"}, Hostile{"\"axis\":1", "\"axis\":1.5", "1.5"},
        Hostile{"\"axis\":1", "\"axis\":1000", "axis"},
        Hostile{"\"values\": [", "\"values\": {}, \"more\": [", "hash"},
        Hostile{"\"hash\": \"", "\"hash\": \"0", "its hash"}));

TEST(PlanFile, AValueThatStandsTwiceIsRefused) {
  const std::string text = PlanToJson(Example());
  const size_t start = text.find("{\"name\""), end = text.find('\n', start);
  const std::string line = text.substr(start, end - start);
  EXPECT_THAT(ErrorOf(Replaced(text, line, line + line)), HasSubstr("stands twice"));
}

// What many values claim adds up to no more than one may claim.
TEST(PlanFile, RunLengthsOfAllValuesTogetherAreLimited) {
  std::string text = Replaced(PlanToJson(Example()), "\"values\": [", "\"values\": [\n");
  std::string values;
  for (int i = 0; i < 3; ++i)
    values += fmt::format(R"({{"name":"v{}","axis":1,"owners":[[0,8000000]]}},)", i);
  EXPECT_THAT(ErrorOf(Replaced(text, "\"values\": [", "\"values\": [" + values)),
              HasSubstr("a count of features is 8000000"));
}

TEST(PlanFile, DeepNestingAndManyKeysEnd) {
  ErrorOf("{\"disco_plan\":" + std::string(500'000, '['));
  std::string keys = "{";
  for (int i = 0; i < 100'000; ++i) keys += fmt::format("\"{}\":0,", i);
  ErrorOf(keys + "\"disco_plan\":1}");
}

TEST(PlanFile, AWrongFileIsNamed) {
  const Path path = Path(testing::TempDir()) / "disco_wrong_plan.json";
  ASSERT_TRUE(WriteFile(path, "{\"disco_plan\":9}"));
  const auto plan = ReadPlan(path);
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, HasSubstr(path.string()));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace disco
