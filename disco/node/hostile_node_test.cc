// SPDX-License-Identifier: Apache-2.0
// A node that does one wrong thing, at each place where it says something: its caller ends with an
// error that names it, by the deadline, without much memory, and opens the next session as ever.
#include "disco/node/hostile_node_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstring>

#include "disco/base/hash.h"
#include "disco/node/loopback_nodes.h"
#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;

constexpr Milliseconds kSoon{300};

// One layer on one node.
struct OneLayer {
  OneLayer() {
    Sketch sketch;
    graph = sketch.Finish({sketch.Conv("a", sketch.Input({1, 2, 3, 3}), 4)});
    plan = SingleNodePlan(graph);
  }
  // An inference, with a timeline.
  Result<std::vector<Tensor>> Run(const Endpoint& node, Milliseconds deadline) const {
    DISCO_ASSIGN(const auto session, Session::Connect(graph, plan, {node}, {.deadline = deadline}));
    session->AskForSteps(true);
    return session->Infer(inputs);
  }
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs = {NormalTensor("x", {1, 2, 3, 3})};
};

// `frame` with the version `version`.
std::array<std::byte, kFrameSize> OfVersion(const FrameHeader& header, uint8_t version) {
  auto frame = EncodeFrame(header);
  frame[4] = std::byte{version};
  const uint64_t hash = Hash(std::span<const std::byte>(frame).first(44));
  for (size_t i = 0; i < 4; ++i) frame[44 + i] = static_cast<std::byte>(hash >> (8 * i));
  return frame;
}

// A message that differs from the right one in what `change` does to it.
HostileNode::Fault Changed(const std::function<void(Message&)>& change) {
  return [change](Stream& caller, Message message) {
    change(message);
    HostileNode::Send(caller, message);
  };
}

// A header that promises `size`, and zeros for as long as the caller takes them.
HostileNode::Fault Endless(FrameKind kind_or_right, bool right_kind) {
  return [=](Stream& caller, const Message& right) {
    FrameHeader header = right.header;
    if (!right_kind) header.kind = kind_or_right;
    header.size = uint64_t{1} << 60;
    HostileNode::SendRaw(caller, EncodeFrame(header));
    const std::vector<std::byte> zeros(1 << 16);
    while (SendAll(caller, zeros, Deadline::In(kSoon))) {
    }
  };
}

// The right message, a byte now and then.
void Drip(Stream& caller, const Message& right) {
  FrameHeader header = right.header;
  header.size = right.payload.size();
  for (const std::byte byte : EncodeFrame(header)) {
    if (caller.HasEnded()) return;
    HostileNode::SendRaw(caller, {&byte, 1});
    std::this_thread::sleep_for(kSoon / 8);
  }
}

void SendHalf(Stream& caller, const Message& right) {
  const auto frame = EncodeFrame(right.header);
  HostileNode::SendRaw(caller, std::span(frame).first(kFrameSize / 2));
}

struct Wrong {
  const char* name;
  HostileNode::Fault fault;
};

const std::vector<Wrong>& Wrongs() {
  using M = Message;
  static const std::vector<Wrong> wrongs = {
      {"closes", [](Stream& caller, const M&) { caller.Shutdown(); }},
      {"is silent", [](Stream&, const M&) {}},
      {"sends half a frame", SendHalf},
      {"sends half a frame and closes",
       [](Stream& caller, const M& right) {
         SendHalf(caller, right);
         caller.Shutdown();
       }},
      {"sends noise",
       [](Stream& caller, const M&) {
         HostileNode::SendRaw(caller, std::vector<std::byte>(1000, std::byte{0xa5}));
       }},
      {"drips", Drip},
      {"sends without end", Endless(FrameKind::kError, true)},
      {"tells an endless error", Endless(FrameKind::kError, false)},
      {"works on another plan", Changed([](M& m) { ++m.header.plan_hash; })},
      {"sends another kind", Changed([](M& m) { m.header.kind = FrameKind::kFeatures; })},
      {"speaks another version",
       [](Stream& caller, const M& right) {
         HostileNode::SendRaw(caller, OfVersion(right.header, 2));
       }},
      {"sends more", Changed([](M& m) { m.payload.resize(m.payload.size() + 70'000); })},
      {"writes on the terminal",
       [](Stream& caller, const M&) {
         const std::string text = "\x1b[2J\nall is well";
         const auto bytes = std::as_bytes(std::span(text));
         HostileNode::Send(caller, {{.kind = FrameKind::kError}, {bytes.begin(), bytes.end()}});
       }},
  };
  return wrongs;
}

// What only some messages have.
const std::vector<std::pair<Said, Wrong>>& ParticularWrongs() {
  using M = Message;
  static const Wrong less{"sends less", Changed([](M& m) { m.payload.pop_back(); })};
  static const Wrong nonsense{"sends nonsense", Changed([](M& m) {
                                std::fill(m.payload.begin(), m.payload.end(), std::byte{0xff});
                                if (m.payload.empty()) m.payload.assign(30, std::byte{0xff});
                              })};
  static const Wrong deep{"nests deeply",
                          Changed([](M& m) { m.payload.assign(kMaxText, std::byte{'['}); })};
  static const Wrong other_sequence{"answers another question",
                                    Changed([](M& m) { ++m.header.sequence; })};
  static const Wrong other_transfer{"sends another output",
                                    Changed([](M& m) { ++m.header.transfer; })};
  static const std::vector<std::pair<Said, Wrong>> wrongs = {
      {Said::kHelloReply, less},
      {Said::kHelloReply, nonsense},
      {Said::kHelloReply, deep},
      {Said::kReady, less},
      {Said::kReady, nonsense},
      {Said::kReady, deep},
      {Said::kOutput, less},
      {Said::kOutput, other_sequence},
      {Said::kOutput, other_transfer},
      {Said::kReport, less},
      {Said::kReport, nonsense},
      {Said::kReport, other_sequence},
      {Said::kReport, other_transfer},
      {Said::kTimeline, nonsense},
      {Said::kTimeline, other_sequence},
      {Said::kTimeline, other_transfer},
  };
  return wrongs;
}

Bytes PeakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {usage.ru_maxrss * 1024};
}

std::string NameOf(Said said) {
  constexpr const char* kNames[] = {"hello reply", "ready",  "linked",
                                    "output",      "report", "timeline"};
  return kNames[static_cast<size_t>(said)];
}

class HostileNodes : public testing::TestWithParam<Said> {
 protected:
  void ExpectNamed(Said when, const Wrong& wrong) const {
    SCOPED_TRACE(fmt::format("instead of its {} it {}", NameOf(when), wrong.name));
    const HostileNode node(when, wrong.fault);
    const auto start = Clock::now();
    const auto outputs = network_.Run(node.endpoint(), kSoon);
    ASSERT_FALSE(outputs);
    EXPECT_LT(Since(start), kTestPatience);
    EXPECT_THAT(outputs.error().message, HasSubstr(ToString(node.endpoint())));
    EXPECT_EQ(outputs.error().message.find_first_of("\x1b\n"), std::string::npos);
  }
  const OneLayer network_;
};

TEST_P(HostileNodes, AreNamedAndDoNoHarm) {
  auto good = LoopbackNodes::Start({NodeLimits{}});
  ASSERT_TRUE(good) << good.error().message;
  const auto expect_answer = [&] {
    const auto outputs = network_.Run((*good)->endpoints()[0], kTestPatience);
    EXPECT_TRUE(outputs) << outputs.error().message;
  };
  expect_answer();
  const Bytes before = PeakMemory();
  for (const Wrong& wrong : Wrongs()) ExpectNamed(GetParam(), wrong);
  for (const auto& [when, wrong] : ParticularWrongs()) {
    if (when == GetParam()) ExpectNamed(when, wrong);
  }
  EXPECT_LT(PeakMemory() - before, Bytes{100'000'000});
  expect_answer();
}

INSTANTIATE_TEST_SUITE_P(All, HostileNodes,
                         testing::Values(Said::kHelloReply, Said::kReady, Said::kLinked,
                                         Said::kOutput, Said::kReport, Said::kTimeline),
                         [](const auto& said) {
                           std::string name = NameOf(said.param);
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(HostileNode, NumbersAreItsOwn) {
  const HostileNode node(Said::kOutput, [](Stream& caller, Message message) {
    const float no_number = NAN;
    for (size_t at = 0; at < message.payload.size(); at += sizeof no_number)
      std::memcpy(&message.payload[at], &no_number, sizeof no_number);
    HostileNode::Send(caller, message);
    message.header.transfer = kReportTransfer;
    const auto report = Encode(NodeReport{});
    message.payload.assign(report.begin(), report.end());
    HostileNode::Send(caller, message);
    message.header.transfer = kTimelineTransfer;
    message.payload.clear();
    HostileNode::Send(caller, message);
  });
  const auto outputs = OneLayer().Run(node.endpoint(), kTestPatience);
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(std::isnan(outputs->at(0).Data<float>()[0]));
}

TEST(HostileNode, IsNamedAmongOthers) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 4, 8, 8}), 8);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 8)});
  const auto plan = MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}});
  ASSERT_TRUE(plan);
  auto good = LoopbackNodes::Start({NodeLimits{.sessions = 64}});
  ASSERT_TRUE(good) << good.error().message;
  for (const Said when : {Said::kHelloReply, Said::kReady}) {
    for (const Wrong& wrong : Wrongs()) {
      const HostileNode node(when, wrong.fault);
      const auto session =
          Session::Connect(graph, *plan, {(*good)->endpoints()[0], node.endpoint()},
                           {.deadline = Milliseconds(1000)});
      ASSERT_FALSE(session) << wrong.name;
      EXPECT_THAT(session.error().message, HasSubstr(ToString(node.endpoint()))) << wrong.name;
    }
  }
}

}  // namespace
}  // namespace disco
