// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"
#include "disco/train/run_for_test.h"

namespace disco {
namespace {

using SparsifyTest = TrainedNetworkTest;

TEST_F(SparsifyTest, EveryMethodGivesAPlanThatHolds) {
  std::vector<double> rates;
  for (const std::string method : {"disco", "random", "branches", "dense-then-split=layer2",
                                   "split-then-aggregate=layer1", "dense"}) {
    recipe_.sparsify.method = method;
    const RunOptions options = OptionsFor("from-" + method.substr(0, method.find('=')));
    const auto report = Sparsify(recipe_, options);
    ASSERT_TRUE(report) << method << ": " << report.error().message;
    EXPECT_EQ(report->epochs, 4);
    EXPECT_EQ(report->rounds.size(), method == "disco" ? 2u : 1u) << method;
    EXPECT_EQ(report->rounds.back().after_fine_tuning, report->Value());

    Graph graph = *ReadOnnx(options.out);
    ASSERT_TRUE(InferShapes(graph));
    const Plan plan = *ReadPlan(options.plan);
    EXPECT_TRUE(Bind(graph, plan)) << method;
    EXPECT_EQ(ApplyMask(graph, plan), 0) << method;
    EXPECT_EQ(plan.method, method);

    std::vector<double> these;
    for (const auto& line : LogOf(options, "epoch")) these.push_back(line.at("learning_rate"));
    if (rates.empty()) rates = these;
    EXPECT_EQ(these, rates) << method << ": every method gets the same learning rates";
  }
}

TEST_F(SparsifyTest, RoundsPruneGeometrically) {
  const RunOptions options = OptionsFor("sparse");
  const auto report = Sparsify(recipe_, options);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rounds.size(), 2u);
  EXPECT_NEAR(report->rounds[0].sparsity, 1 - std::sqrt(0.4), 1e-12);
  EXPECT_EQ(report->rounds[1].sparsity, 0.6);
  EXPECT_EQ(report->value_before, LogOf(OptionsFor("dense"), "done")[0].at("value"));
}

TEST_F(SparsifyTest, OneShotNeedsNoEpochs) {
  recipe_.sparsify.epochs = 0;
  const auto report = Sparsify(recipe_, OptionsFor("shot"));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rounds.size(), 1u);
  EXPECT_EQ(report->Value(), report->rounds[0].after_recalibration);
  EXPECT_GE(report->values[1], report->values[0]) << "top5, accuracy";
}

TEST_F(SparsifyTest, CarriesPreprocessingAndClasses) {
  const RunOptions options = OptionsFor("carried");
  recipe_.sparsify.epochs = 1;
  ASSERT_TRUE(Sparsify(recipe_, options));
  const Graph graph = *ReadOnnx(options.out);
  EXPECT_EQ(graph.metadata.at("disco.preprocessing"),
            "3x16x16 resize=16 mean=0.5,0.5,0.5 std=0.25,0.25,0.25");
  EXPECT_EQ(std::count(graph.metadata.at("disco.classes").begin(),
                       graph.metadata.at("disco.classes").end(), '\n'),
            9);
}

TEST_F(SparsifyTest, EveryMethodHasWires) {
  recipe_.sparsify.epochs = 1;
  for (const std::string method : {"disco", "random", "branches", "dense-then-split=layer2",
                                   "split-then-aggregate=layer1", "dense"}) {
    for (const std::string wire : {"fp16", "int8"}) {
      SCOPED_TRACE(method + " " + wire);
      recipe_.sparsify.method = method;
      recipe_.sparsify.wire = wire;
      const RunOptions options = OptionsFor(method.substr(0, method.find('=')) + wire);
      const auto report = Sparsify(recipe_, options);
      ASSERT_TRUE(report) << report.error().message;
      Graph graph = *ReadOnnx(options.out);
      ASSERT_TRUE(InferShapes(graph));
      const Plan plan = *ReadPlan(options.plan);
      EXPECT_TRUE(Bind(graph, plan));
      int read = 0;
      for (const auto& [name, value] : plan.values) {
        if (!value.read_foreign) continue;
        EXPECT_EQ(Name(value.wire.type), wire) << name;
        ++read;
      }
      EXPECT_GT(read, 3);
    }
  }
}

TEST_F(SparsifyTest, OneNodeNeedsNoScales) {
  recipe_.sparsify.nodes = 1;
  recipe_.sparsify.wire = "int8";
  recipe_.sparsify.epochs = 1;
  const auto report = Sparsify(recipe_, OptionsFor("one"));
  EXPECT_TRUE(report) << report.error().message;
}

TEST_F(SparsifyTest, UnknownWireIsRefused) {
  recipe_.sparsify.wire = "int4";
  const auto report = Sparsify(recipe_, OptionsFor("wire"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::kUsage);
  EXPECT_NE(report.error().message.find("--wire"), std::string::npos);
}

TEST_F(SparsifyTest, WhatItReadsIsNotWrittenOver) {
  const Path dense = recipe_.network.network;
  for (const bool to_out : {true, false}) {
    RunOptions options = OptionsFor("over");
    (to_out ? options.out : options.plan) = dense.parent_path() / "not there" / ".." / "dense.onnx";
    const auto report = Sparsify(recipe_, options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind, ErrorKind::kUsage);
    EXPECT_NE(report.error().message.find("would destroy " + dense.string()), std::string::npos)
        << report.error().message;
  }
  EXPECT_TRUE(ReadOnnx(dense));
}

TEST_F(SparsifyTest, EachOutputHasAFileOfItsOwn) {
  RunOptions options = OptionsFor("same");
  options.plan = options.out.parent_path() / "." / options.out.filename();
  const auto both = Sparsify(recipe_, options);
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().message.find("--out and --plan are both"), std::string::npos)
      << both.error().message;
  options = OptionsFor("folder");
  options.plan = Folder();
  const auto folder = Sparsify(recipe_, options);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("it is a folder"), std::string::npos)
      << folder.error().message;
}

TEST_F(SparsifyTest, UnknownStageIsRefusedBeforeTraining) {
  recipe_.sparsify.method = "dense-then-split=nowhere";
  const auto report = Sparsify(recipe_, OptionsFor("stage"));
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace disco
