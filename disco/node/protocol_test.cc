// SPDX-License-Identifier: Apache-2.0
#include "disco/node/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace disco {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Hello FromCaller() {
  return {.role = Hello::Role::kCaller,
          .session = "a1b2",
          .node = 1,
          .nodes = 2,
          .shard_hash = 0xfedcba9876543210,
          .shard_size = Bytes{123'456'789'012},
          .deadline = Milliseconds(1234.5),
          .program = {.kernel = KernelKind::kReference, .threads = 3},
          .shape = LinkShape{.bandwidth = {37.5e6}, .latency = Milliseconds(2), .seed = 9},
          .listen = {{"10.0.0.1", 7701}, {"::1", 7702}}};
}

TEST(Hello, OfACallerRoundTrips) {
  const Hello hello = FromCaller();
  const auto again = HelloFromJson(ToJson(hello));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->role, hello.role);
  EXPECT_EQ(again->session, hello.session);
  EXPECT_EQ(again->node, hello.node);
  EXPECT_EQ(again->nodes, hello.nodes);
  EXPECT_EQ(again->shard_hash, hello.shard_hash);
  EXPECT_EQ(again->shard_size, hello.shard_size);
  EXPECT_EQ(again->deadline, hello.deadline);
  EXPECT_EQ(again->program.kernel, hello.program.kernel);
  EXPECT_EQ(again->program.threads, hello.program.threads);
  ASSERT_TRUE(again->shape);
  EXPECT_EQ(ToString(*again->shape), ToString(*hello.shape));
  EXPECT_EQ(again->listen, hello.listen);
}

TEST(Hello, NeedNotShapeLinks) {
  Hello hello = FromCaller();
  hello.shape.reset();
  const auto again = HelloFromJson(ToJson(hello));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->shape);
}

TEST(Hello, OfANodeRoundTrips) {
  const Hello hello{.role = Hello::Role::kNode, .session = "f00", .node = 4, .to = 2, .nodes = 64};
  const auto again = HelloFromJson(ToJson(hello));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->role, Hello::Role::kNode);
  EXPECT_EQ(again->session, "f00");
  EXPECT_EQ(again->node, 4);
  EXPECT_EQ(again->to, 2);
  EXPECT_EQ(again->nodes, 64);
}

struct Spoilt {
  const char *from, *to;
};
void PrintTo(const Spoilt& spoilt, std::ostream* out) { *out << spoilt.to; }
class SpoiltHellos : public testing::TestWithParam<Spoilt> {};

TEST_P(SpoiltHellos, AreRefused) {
  std::string text = ToJson(FromCaller());
  const std::string from = GetParam().from;
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << text;
  const auto hello = HelloFromJson(text.replace(at, from.size(), GetParam().to));
  ASSERT_FALSE(hello) << text;
  EXPECT_EQ(hello.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(hello.error().message, HasSubstr("hello message"));
}

INSTANTIATE_TEST_SUITE_P(
    All, SpoiltHellos,
    testing::Values(
        Spoilt{"\"node\":1", "\"node\":2"}, Spoilt{"\"node\":1", "\"node\":-1"},
        Spoilt{"\"node\":1", "\"node\":true"}, Spoilt{"\"node\":1", "\"node\":0.5"},
        Spoilt{"\"node\":1", "\"node\":4294967297"}, Spoilt{"\"node\":1", "\"note\":1"},
        Spoilt{"\"nodes\":2", "\"nodes\":1"}, Spoilt{"\"nodes\":2", "\"nodes\":3"},
        Spoilt{"\"nodes\":2", "\"nodes\":65"}, Spoilt{"\"nodes\":2", "\"nodes\":0"},
        Spoilt{"\"nodes\":2", "\"nodes\":4294967298"}, Spoilt{"a1b2", ""},
        Spoilt{"a1b2", "a\\n[info] all is well"}, Spoilt{"a1b2", "../a"},
        Spoilt{"a1b2", "0123456789012345678901234567890123456789012345678901234567890123x"},
        Spoilt{"\"caller\"", "\"manager\""}, Spoilt{"\"caller\"", "7"},
        Spoilt{"fedcba9876543210", "-1"}, Spoilt{"fedcba9876543210", "0x1"},
        Spoilt{"fedcba9876543210", " 1"}, Spoilt{"fedcba9876543210", ""},
        Spoilt{"fedcba9876543210", "fedcba98765432100"}, Spoilt{"123456789012", "-1"},
        Spoilt{"123456789012", "1e30"}, Spoilt{"1234.5", "0"}, Spoilt{"1234.5", "-5"},
        Spoilt{"1234.5", "1e9"}, Spoilt{"1234.5", "null"}, Spoilt{"\"threads\":3", "\"threads\":0"},
        Spoilt{"\"threads\":3", "\"threads\":100000"}, Spoilt{"\"reference\"", "\"magic\""},
        Spoilt{"\"10.0.0.1:7701\"", "\"10.0.0.1\""}, Spoilt{"\"10.0.0.1:7701\"", "17"},
        Spoilt{"37.5MB/s", "0MB/s"}, Spoilt{"latency=2ms", "latency=2h"},
        Spoilt{"\"37.5MB/s,latency=2ms,jitter=0ms,loss=0,retry=200ms,seed=9\"", "3"},
        Spoilt{"{", "[["}));

TEST(Hello, OtherTextIsRefused) {
  for (const char* text : {"", "{}", "[]", "null", "\"caller\"", "\xff\xfe", "{\"role\":\"node\"}",
                           R"({"role":"node","session":"a","node":1,"nodes":2})",
                           R"({"role":"node","session":"a","node":1,"nodes":2,"to":2})"})
    EXPECT_FALSE(HelloFromJson(text)) << text;
  EXPECT_FALSE(HelloFromJson(std::string(kMaxText, '[')));
}

TEST(HelloReply, RoundTripsAndRefusesOthers) {
  for (const bool need : {true, false})
    EXPECT_EQ(HelloReplyFromJson(ToJson(HelloReply{need}))->need_shard, need);
  EXPECT_FALSE(HelloReplyFromJson("{}"));
  EXPECT_FALSE(HelloReplyFromJson("{\"need_shard\":1}"));
}

TEST(Ready, RoundTripsAndRefusesOthers) {
  const Ready ready{"oneDNN 9", {"op 'a' is slow"}, Bytes{5'000'000'000}, Bytes{7}, Bytes{3}};
  const auto again = ReadyFromJson(ToJson(ready));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->kernels, "oneDNN 9");
  EXPECT_THAT(again->warnings, ElementsAre("op 'a' is slow"));
  EXPECT_EQ(again->weights, Bytes{5'000'000'000});
  EXPECT_EQ(again->activations, Bytes{7});
  EXPECT_EQ(again->buffers, Bytes{3});
  EXPECT_FALSE(ReadyFromJson("{}"));
  EXPECT_FALSE(ReadyFromJson(
      R"({"kernels":"","warnings":[],"weights":-1,"activations":0,"buffers":0,"memory":0})"));
}

// Op names come from files; the bytes in them must not end a node.
TEST(Ready, AnOpNameThatIsNoTextIsRepaired) {
  const auto again = ReadyFromJson(ToJson(Ready{"", {"op 'a\xff' is slow"}, {}, {}}));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(again->warnings, ElementsAre("op 'a\xef\xbf\xbd' is slow"));
}

TEST(NodeReport, RoundTrips) {
  const NodeReport report{Bytes{1}, Bytes{int64_t{1} << 40}, Milliseconds(2.5),
                          Milliseconds(0.125)};
  const NodeReport again = *DecodeReport(Encode(report));
  EXPECT_EQ(again.sent, report.sent);
  EXPECT_EQ(again.received, report.received);
  EXPECT_EQ(again.total, report.total);
  EXPECT_EQ(again.wait, report.wait);
  EXPECT_EQ(again.overflow, std::nullopt);
  for (const double ms : {-1.0, std::nan(""), HUGE_VAL}) {
    NodeReport strange = report;
    strange.wait = Milliseconds(ms);
    EXPECT_FALSE(DecodeReport(Encode(strange))) << ms;
  }
}

TEST(NodeReport, NamesTheOpThatOverflowed) {
  const auto carried = [](const std::string& name) {
    NodeReport report;
    report.overflow = name;
    return DecodeReport(Encode(report))->overflow;
  };
  EXPECT_EQ(carried("layer1.conv1"), "layer1.conv1");
  EXPECT_EQ(carried(""), "");
  EXPECT_EQ(carried(std::string(300, 'a')), std::string(kMostOverflowName, 'a'));
  auto bytes = Encode(NodeReport{});
  bytes[56] = std::byte{1};
  bytes[57] = std::byte{kMostOverflowName + 1};
  EXPECT_FALSE(DecodeReport(bytes));
}

}  // namespace
}  // namespace disco
