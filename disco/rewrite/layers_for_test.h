// SPDX-License-Identifier: Apache-2.0
// Small networks for the tests of fusing: layers named as they are made, and the chains they come
// to.
#pragma once

#include <gtest/gtest.h>

#include "disco/op/infer_shapes.h"
#include "disco/rewrite/fuse.h"

namespace disco {

// Layers over x [1, 4, 3, 3], named as they are made.
struct Layers {
  Graph graph;
  ValueId x = graph.AddValue("x", DType::kF32, {1, 4, 3, 3});
  ValueId weights = graph.AddConstant("w", Tensor(DType::kF32, {4, 4, 1, 1}));
  Layers() { graph.inputs = {x}; }

  ValueId Conv(const std::string& name, ValueId from) {
    return graph.AddOp(OpType::kConv, name, {from, weights}, ConvParams{});
  }
  ValueId Add(const std::string& name, ValueId a, ValueId b) {
    return graph.AddOp(OpType::kAdd, name, {a, b});
  }
  ValueId Relu(const std::string& name, ValueId from) {
    return graph.AddOp(OpType::kRelu, name, {from});
  }
  ValueId Receive(const std::string& name) {
    return graph.AddOp(OpType::kReceive, name, {}, ReceiveParams{{{1, 1, 4}}, 1, {1, 4, 3, 3}});
  }
  // As a shard has a residual layer: ((local + foreign) + residual), then Relu, which is the
  // output. Returns what makes the local part.
  ValueId ResidualLayer(ValueId residual) {
    const ValueId local = Conv("local", x);
    const ValueId foreign = Conv("foreign", Receive("receive"));
    graph.outputs = {Relu("relu", Add("residual", Add("sum", local, foreign), residual))};
    return local;
  }
  // The chains as text: "conv+add+relu pool".
  std::string Chains() {
    EXPECT_TRUE(InferShapes(graph));
    std::string text;
    for (const FusedOp& fused : Fuse(graph)) {
      text += text.empty() ? "" : " ";
      for (const OpId op : fused.chain)
        text += (op == fused.chain[0] ? "" : "+") + graph.op(op).name;
    }
    return text;
  }
};

}  // namespace disco
