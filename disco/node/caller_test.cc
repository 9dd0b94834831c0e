// SPDX-License-Identifier: Apache-2.0
// A caller and a runner, each against a scripted other side, over memory.
#include "disco/node/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "disco/node/patience_for_test.h"
#include "disco/node/runner.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using testing::HasSubstr;

// One layer on one node: member 0 is the node, member 1 the caller.
class Talk : public testing::Test {
 protected:
  Talk() {
    Sketch sketch;
    graph_ = sketch.Finish({sketch.Conv("a", sketch.Input({1, 2, 3, 3}), 4)});
    cut_ = *CutFor(graph_, SingleNodePlan(graph_));
    meshes_ = MakeMemoryMeshes(2, {"node 0", "the caller"});
  }
  FrameHeader Query(uint64_t sequence = 0, uint32_t flags = kQueryBringsInputs) const {
    FrameHeader query = Frame(FrameKind::kQuery, sequence);
    query.transfer = flags;
    return query;
  }
  Mesh& node() { return *meshes_[0]; }
  Mesh& caller() { return *meshes_[1]; }
  FrameHeader Frame(FrameKind kind, uint64_t sequence = 0) const {
    return {.kind = kind, .plan_hash = cut_.plan_hash, .sequence = sequence};
  }

  Graph graph_;
  Cut cut_;
  std::vector<std::unique_ptr<Mesh>> meshes_;
  const std::vector<Tensor> inputs_ = {NormalTensor("x", {1, 2, 3, 3})};
};

class CallerTalk : public Talk {
 protected:
  // The node has already posted what the test let it; the caller asks.
  std::string ErrorOfInfer(Milliseconds deadline = kTestPatience) {
    Caller caller(graph_, cut_, deadline);
    const auto outputs = caller.Infer(this->caller(), inputs_);
    EXPECT_FALSE(outputs);
    const auto again = caller.Infer(this->caller(), inputs_);
    EXPECT_FALSE(again);
    if (outputs || again) return "";
    EXPECT_THAT(again.error().message, HasSubstr("ended with an earlier error"));
    EXPECT_EQ(again.error().kind, outputs.error().kind);
    return outputs.error().message;
  }
  const std::vector<std::byte> output_ = std::vector<std::byte>(4 * 9 * sizeof(float));
};

TEST_F(CallerTalk, TakesAnAnswerWithItsReport) {
  ASSERT_TRUE(PostFrame(node(), 1, Frame(FrameKind::kOutput), output_));
  FrameHeader report = Frame(FrameKind::kOutput);
  report.transfer = kReportTransfer;
  ASSERT_TRUE(PostFrame(node(), 1, report, Encode({Bytes{3}, Bytes{4}, {}, {}})));
  Caller caller(graph_, cut_, kTestPatience);
  const auto outputs = caller.Infer(this->caller(), inputs_);
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs->at(0).shape(), (Shape{1, 4, 3, 3}));
  EXPECT_EQ(caller.statistics()[0].sent, Bytes{3});
  EXPECT_EQ(caller.statistics()[0].received, Bytes{4});
  EXPECT_TRUE(ReceiveFrame(node(), 1, Query(), {}, Patience()));
  std::vector<std::byte> input(inputs_[0].size_bytes());
  EXPECT_TRUE(ReceiveFrame(node(), 1, Frame(FrameKind::kInput), input, Patience()));
  EXPECT_TRUE(std::ranges::equal(input, inputs_[0].bytes()));
}

TEST_F(CallerTalk, ANodesOwnWordsReachTheUser) {
  ASSERT_TRUE(PostError(node(), 1, "the kettle is empty"));
  const std::string message = ErrorOfInfer();
  EXPECT_THAT(message, HasSubstr("the kettle is empty"));
  EXPECT_THAT(message, HasSubstr("node 0"));
}

TEST_F(CallerTalk, AnAnswerToAnotherQuestionIsRefused) {
  ASSERT_TRUE(PostFrame(node(), 1, Frame(FrameKind::kOutput, 7), output_));
  EXPECT_THAT(ErrorOfInfer(), HasSubstr("7"));
}

TEST_F(CallerTalk, AnAnswerOfAnotherSizeIsRefused) {
  ASSERT_TRUE(PostFrame(node(), 1, Frame(FrameKind::kOutput), std::span(output_).first(8)));
  EXPECT_THAT(ErrorOfInfer(), HasSubstr("8"));
}

TEST_F(CallerTalk, AnAnswerUnderAnotherPlanIsRefused) {
  FrameHeader frame = Frame(FrameKind::kOutput);
  frame.plan_hash ^= 1;
  ASSERT_TRUE(PostFrame(node(), 1, frame, output_));
  EXPECT_THAT(ErrorOfInfer(), HasSubstr("plan"));
}

TEST_F(CallerTalk, ASilentNodeIsNamedAtTheDeadline) {
  EXPECT_THAT(ErrorOfInfer(Milliseconds(20)), HasSubstr("node 0 did not answer"));
}

TEST_F(CallerTalk, ANodeThatGoesIsNamed) {
  meshes_[0].reset();
  EXPECT_THAT(ErrorOfInfer(), HasSubstr("node 0"));
}

TEST_F(CallerTalk, AWrongInputIsRefusedAndNotTheEnd) {
  Caller caller(graph_, cut_, Milliseconds(20));
  const std::vector<Tensor> wrong[] = {
      {}, {Tensor(DType::kF32, {1, 2, 3, 4})}, {Tensor(DType::kF64, {1, 2, 3, 3})}};
  for (const auto& inputs : wrong) {
    const auto outputs = caller.Infer(this->caller(), inputs);
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().kind, ErrorKind::kInvalid);
  }
}

class RunnerTalk : public Talk {
 protected:
  RunnerTalk() { CreateRunner(Milliseconds(5000)); }
  void CreateRunner(Milliseconds deadline) {
    auto runner = Runner::Create(cut_.shards[0], {.plan_hash = cut_.plan_hash,
                                                  .deadline = deadline,
                                                  .program = {.kernel = KernelKind::kReference}});
    EXPECT_TRUE(runner) << runner.error().message;
    runner_.emplace(std::move(*runner));
  }
  Status Serve() {
    return runner_->Serve(node(), {[] { return Status(); },
                                   [this]() -> Status {
                                     if (++steps_ < most_steps_) return {};
                                     return Fail(ErrorKind::kInterrupted, "closing time");
                                   }});
  }
  void Ask(uint64_t sequence) {
    ASSERT_TRUE(PostFrame(caller(), 0, Query(sequence), {}));
    ASSERT_TRUE(PostFrame(caller(), 0, Frame(FrameKind::kInput, sequence), inputs_[0].bytes()));
  }
  // The runner ends with an error, and the caller hears the same.
  void ExpectEnds(const std::string& why) {
    const Status status = Serve();
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr(why));
    const auto heard = ReceiveHeader(caller(), 0, Patience());
    ASSERT_FALSE(heard);
    EXPECT_THAT(heard.error().message, HasSubstr(why));
  }
  std::optional<Runner> runner_;
  int steps_ = 0, most_steps_ = 1000;
};

TEST_F(RunnerTalk, AnswersUntilGoodbye) {
  for (const uint64_t sequence : {0, 1}) Ask(sequence);
  ASSERT_TRUE(PostFrame(caller(), 0, Frame(FrameKind::kGoodbye), {}));
  EXPECT_TRUE(Serve());
  EXPECT_GE(steps_, 4) << "two inferences, at least one step each";
  std::vector<std::byte> output(4 * 9 * sizeof(float)), report(kReportSize);
  for (const uint64_t sequence : {0, 1}) {
    FrameHeader frame = Frame(FrameKind::kOutput, sequence);
    EXPECT_TRUE(ReceiveFrame(caller(), 0, frame, output, Patience()));
    frame.transfer = kReportTransfer;
    EXPECT_TRUE(ReceiveFrame(caller(), 0, frame, report, Patience()));
  }
}

TEST_F(RunnerTalk, AnswersAgainWithTheInputsItHas) {
  Ask(0);
  ASSERT_TRUE(PostFrame(caller(), 0, Query(1, 0), {}));
  ASSERT_TRUE(PostFrame(caller(), 0, Frame(FrameKind::kGoodbye), {}));
  EXPECT_TRUE(Serve());
  std::vector<std::byte> first(4 * 9 * sizeof(float)), second(first.size()), report(kReportSize);
  for (auto* output : {&first, &second}) {
    FrameHeader frame = Frame(FrameKind::kOutput, output == &first ? 0 : 1);
    EXPECT_TRUE(ReceiveFrame(caller(), 0, frame, *output, Patience()));
    frame.transfer = kReportTransfer;
    EXPECT_TRUE(ReceiveFrame(caller(), 0, frame, report, Patience()));
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::vector<std::byte>(first.size())) << "zeros say nothing";
}

TEST_F(RunnerTalk, AFlagNobodyKnowsEndsTheSession) {
  ASSERT_TRUE(PostFrame(caller(), 0, Query(0, 8), {}));
  ExpectEnds("8");
}

TEST_F(RunnerTalk, AQueryOutOfSequenceEndsTheSession) {
  Ask(5);
  ExpectEnds("5");
}

TEST_F(RunnerTalk, AnotherPlanEndsTheSession) {
  FrameHeader query = Query();
  query.plan_hash ^= 1;
  ASSERT_TRUE(PostFrame(caller(), 0, query, {}));
  ExpectEnds("plan");
}

TEST_F(RunnerTalk, AnInputWithoutAQueryEndsTheSession) {
  ASSERT_TRUE(PostFrame(caller(), 0, Frame(FrameKind::kInput), inputs_[0].bytes()));
  ExpectEnds("input");
}

TEST_F(RunnerTalk, AnInputOfAnotherSizeEndsTheSession) {
  ASSERT_TRUE(PostFrame(caller(), 0, Query(), {}));
  ASSERT_TRUE(PostFrame(caller(), 0, Frame(FrameKind::kInput), inputs_[0].bytes().first(4)));
  ExpectEnds("4");
}

TEST_F(RunnerTalk, ACallerThatGoesEndsTheSession) {
  meshes_[1].reset();
  const Status status = Serve();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
}

TEST_F(RunnerTalk, StopsInTheMiddleOfAnInference) {
  most_steps_ = 2;
  Ask(0);
  ExpectEnds("closing time");
}

TEST_F(RunnerTalk, DoesNotComputeForACallerThatHasGivenUp) {
  CreateRunner(Milliseconds(1e-6));
  Ask(0);
  ExpectEnds("deadline");
}

TEST_F(RunnerTalk, StopsWhenAsked) {
  const auto go_on = []() -> Status { return Fail(ErrorKind::kInterrupted, "closing time"); };
  const Status status = runner_->Serve(node(), {go_on, go_on});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInterrupted);
  const auto told = ReceiveHeader(caller(), 0, Patience());
  ASSERT_FALSE(told);
  EXPECT_THAT(told.error().message, HasSubstr("closing time"));
}

}  // namespace
}  // namespace disco
