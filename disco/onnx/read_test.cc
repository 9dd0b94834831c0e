// SPDX-License-Identifier: Apache-2.0
// Files of other programs: older forms become the newest one, and what disco does not know is
// refused by name.
#include <gtest/gtest.h>

#include <limits>

#include "disco/onnx/model_for_test.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/set_batch.h"

namespace disco {
namespace {

template <class T>
std::vector<T> ConstantOf(const Graph& graph, size_t op, size_t slot) {
  const Tensor* tensor = graph.ConstantInput(graph.ops[op], slot);
  if (tensor == nullptr || tensor->dtype() != DTypeOf<T>()) return {};
  const auto data = tensor->Data<T>();
  return {data.begin(), data.end()};
}

Graph Read(const OnnxModelForTest& model) {
  auto graph = model.Read();
  EXPECT_TRUE(graph) << graph.error().message;
  return graph ? *graph : Graph();
}

void ExpectRefused(const OnnxModelForTest& model, ErrorKind kind,
                   std::initializer_list<const char*> named) {
  const auto graph = model.Read();
  ASSERT_FALSE(graph) << *named.begin();
  EXPECT_EQ(graph.error().kind, kind) << graph.error().message;
  for (const char* name : named)
    EXPECT_NE(graph.error().message.find(name), std::string::npos) << graph.error().message;
}

TEST(OldOpsets, BoundsOfClipBecomeInputs) {
  OnnxModelForTest model(9);
  AttributeWriter(model.OneOp("Clip")).Float("max", 6);
  const Graph graph = Read(model);
  EXPECT_EQ(ConstantOf<float>(graph, 0, 1), (std::vector{-std::numeric_limits<float>::max()}));
  EXPECT_EQ(ConstantOf<float>(graph, 0, 2), (std::vector{6.0f}));
}

TEST(OldOpsets, PadsBecomeInputs) {
  OnnxModelForTest model(9);
  AttributeWriter writer(model.OneOp("Pad"));
  writer.Ints("pads", {0, 0, 1, 2, 0, 0, 3, 4});
  writer.Float("value", 2.5);
  writer.Text("mode", "edge");
  Graph graph = Read(model);
  EXPECT_EQ(ConstantOf<float>(graph, 0, 2), (std::vector{2.5f}));
  EXPECT_EQ(graph.ops[0].as<PadParams>().mode, PadMode::kEdge);
  ASSERT_TRUE(InferShapes(graph));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{1, 2, 10, 12}));
}

TEST(OldOpsets, AxesBecomeInputs) {
  for (const auto& [type, shape] : {std::pair("Squeeze", Shape{2, 6, 6}),
                                    {"Unsqueeze", {1, 1, 2, 6, 6}},
                                    {"ReduceMean", {1, 2, 6, 6}}}) {
    OnnxModelForTest model(9);
    AttributeWriter(model.OneOp(type)).Ints("axes", {0});
    Graph graph = Read(model);
    EXPECT_EQ(ConstantOf<int64_t>(graph, 0, 1), (std::vector<int64_t>{0})) << type;
    ASSERT_TRUE(InferShapes(graph)) << type;
    EXPECT_EQ(graph.value(graph.outputs[0]).shape, shape) << type;
  }
}

TEST(OldOpsets, WhatBecameAnInputIsWrittenAndReadAgain) {
  OnnxModelForTest model(9);
  AttributeWriter(model.OneOp("ReduceMean")).Ints("axes", {1});
  const std::string once = *SerializeOnnx(Read(model));
  const auto again = ParseOnnx(std::as_bytes(std::span(once)));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*SerializeOnnx(*again), once);
}

// Names of ops are no identity in ONNX; names of values are.
TEST(OldOpsets, OpsOfOneNameGetConstantsOfTheirOwn) {
  OnnxModelForTest model(9);
  model.Input("x", {1, 1, 2});
  for (const auto& [input, output, axis] : {std::tuple("x", "a", 0), {"a", "b", 0}}) {
    onnx::NodeProto& node = model.Node("Squeeze", {input}, {output});
    node.set_name("same");
    AttributeWriter(node).Ints("axes", {axis});
  }
  model.Output("b");
  Graph graph = Read(model);
  ASSERT_TRUE(InferShapes(graph));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{2}));
}

// Any name is legal, also those that the reader gives to what it makes of attributes and sums.
TEST(OldOpsets, MadeUpNamesAvoidThoseOfTheFile) {
  OnnxModelForTest model(9);
  model.Input("x", {1, 8});
  AttributeWriter(model.Node("Clip", {"x"}, {"c"})).Float("max", 0.5f);
  model.Constant("c.min", Tensor(DType::kF32, {8}));
  AttributeWriter(model.Node("Pad", {"c"}, {"p"})).Ints("pads", {0, 0, 0, 0});
  model.Node("Relu", {"p"}, {"p.pads"});  // made later
  AttributeWriter(model.Node("ReduceMean", {"p.pads"}, {"m"})).Ints("axes", {0});
  model.Input("m.axes", {1, 8});
  model.Node("Sum", {"m", "m.axes", "c.min"}, {"s"});
  model.Node("Relu", {"s"}, {"s.partial1"});
  model.Node("Relu", {"s.partial1"}, {"s.partial1.2"});
  for (const char* output : {"s", "s.partial1.2"}) model.Output(output);
  Graph graph = Read(model);
  ASSERT_TRUE(InferShapes(graph));
  EXPECT_EQ(ConstantOf<float>(graph, 0, 2), (std::vector{0.5f}));
  const std::string once = *SerializeOnnx(graph);
  auto again = ParseOnnx(std::as_bytes(std::span(once)));
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_TRUE(InferShapes(*again));
  EXPECT_EQ(*SerializeOnnx(*again), once);
}

// What an attribute said once is not taken for an attribute where it became an input.
TEST(OldOpsets, AttributesEndWhereTheyBecameInputs) {
  for (const auto& [type, attribute, last] : {std::tuple("Squeeze", "axes", 12),
                                              {"Unsqueeze", "axes", 12},
                                              {"ReduceMean", "axes", 17},
                                              {"Pad", "pads", 10}}) {
    for (const int opset : {last, last + 1}) {
      OnnxModelForTest model(opset);
      AttributeWriter(model.OneOp(type)).Ints(attribute, {});
      if (opset == last) {
        Read(model);
      } else {
        ExpectRefused(model, ErrorKind::kUnsupported, {"node_y", type, attribute});
      }
    }
  }
}

TEST(OldOpsets, SoftmaxNormalisedOverAllFromTheAxis) {
  OnnxModelForTest old(12), now(13);
  old.OneOp("Softmax");
  now.OneOp("Softmax");
  EXPECT_EQ(Read(old).ops[0].as<SoftmaxParams>(), (SoftmaxParams{1, true}));
  EXPECT_EQ(Read(now).ops[0].as<SoftmaxParams>(), (SoftmaxParams{-1, false}));
}

TEST(Opsets, OutsideTheKnownOnesAreRefused) {
  OnnxModelForTest newest(28), newer(29), older(6), none(13);
  for (OnnxModelForTest* model : {&newest, &newer, &older, &none}) model->OneOp("Relu");
  none.model.clear_opset_import();
  EXPECT_EQ(Read(newest).ops.size(), 1u);
  ExpectRefused(newer, ErrorKind::kUnsupported, {"node_y", "Relu", "29"});
  ExpectRefused(older, ErrorKind::kUnsupported, {"opset 6"});
  ExpectRefused(none, ErrorKind::kUnsupported, {"opset"});
}

TEST(OnnxOps, OfAnyNumberOfInputsBecomeAdds) {
  for (size_t n = 1; n <= 5; ++n) {
    OnnxModelForTest model(13);
    std::vector<std::string> more;
    for (size_t i = 1; i < n; ++i) model.Input(more.emplace_back(fmt::format("x{}", i)), {2, 1, 1});
    model.OneOp("Sum", more);
    Graph graph = Read(model);
    ASSERT_EQ(graph.ops.size(), std::max<size_t>(n - 1, 1));
    for (const Op& op : graph.ops) EXPECT_EQ(op.type, n == 1 ? OpType::kIdentity : OpType::kAdd);
    std::vector<size_t> reads;
    for (const ValueId input : graph.inputs)
      reads.push_back(GraphIndex(graph).readers(input).size());
    EXPECT_EQ(reads, std::vector<size_t>(n, 1)) << "each input is added once";
    ASSERT_TRUE(InferShapes(graph));
    EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{1, 2, 6, 6}));
  }
}

TEST(OnnxOps, SumsOfOneNameGetValuesOfTheirOwn) {
  OnnxModelForTest model(13);
  model.Input("x", {2});
  for (const auto& [input, output] : {std::pair("x", "a"), {"a", "b"}})
    model.Node("Sum", {input, "x", "x"}, {output}).set_name("same");
  model.Output("b");
  EXPECT_EQ(Read(model).ops.size(), 4u);
}

TEST(OnnxAttributes, UnknownOnesAreRefusedByName) {
  for (const char* type : {"Relu", "Conv", "Sum", "Softmax", "MaxPool"}) {
    OnnxModelForTest model(13);
    AttributeWriter(model.OneOp(type)).Int("fused_relu", 1);
    ExpectRefused(model, ErrorKind::kUnsupported, {"node_y", "fused_relu"});
  }
  OnnxModelForTest constant(13);
  AttributeWriter(constant.Node("Constant", {}, {"c"})).Text("value_string", "x");
  constant.OneOp("Relu");
  ExpectRefused(constant, ErrorKind::kUnsupported, {"'c'", "value_string"});
}

TEST(OnnxAttributes, OfAnotherTypeAreInvalid) {
  OnnxModelForTest strides(13), group(13), axis(13), mode(13), fill(13), constant(13);
  AttributeWriter(strides.OneOp("Conv")).Int("strides", 2);
  ExpectRefused(strides, ErrorKind::kInvalid, {"node_y", "strides", "INTS"});
  AttributeWriter(group.OneOp("Conv")).Float("group", 2);
  ExpectRefused(group, ErrorKind::kInvalid, {"node_y", "group", "FLOAT"});
  AttributeWriter(axis.OneOp("Concat")).Text("axis", "1");
  ExpectRefused(axis, ErrorKind::kInvalid, {"node_y", "axis", "STRING"});
  AttributeWriter(mode.OneOp("MaxPool")).Int("auto_pad", 1);
  ExpectRefused(mode, ErrorKind::kInvalid, {"node_y", "auto_pad"});
  AttributeWriter(fill.OneOp("ConstantOfShape")).Float("value", 1);
  ExpectRefused(fill, ErrorKind::kInvalid, {"node_y", "value", "TENSOR"});
  AttributeWriter(constant.Node("Constant", {}, {"c"})).Float("value_int", 1);
  constant.OneOp("Relu");
  ExpectRefused(constant, ErrorKind::kInvalid, {"'c'", "value_int"});
}

TEST(OnnxAttributes, ThatChangeNothingInInferenceAreAccepted) {
  OnnxModelForTest dropout(9), norm(7), pool(13);
  AttributeWriter(dropout.OneOp("Dropout")).Float("ratio", 0.5);
  AttributeWriter writer(norm.OneOp("BatchNormalization", {"c", "c", "c", "c"}));
  norm.Constant("c", Tensor(DType::kF32, {2}));
  writer.Float("momentum", 0.5);
  writer.Int("spatial", 1);
  writer.Ints("consumed_inputs", {0, 0});
  AttributeWriter(pool.OneOp("MaxPool")).Int("storage_order", 0);
  for (const OnnxModelForTest* model : {&dropout, &norm, &pool})
    EXPECT_EQ(Read(*model).ops.size(), 1u);
}

// A zero need not stand in the file where the type does.
TEST(OnnxAttributes, ZeroesMayBeLeftOut) {
  OnnxModelForTest model(13);
  auto* axis = model.OneOp("Concat").add_attribute();
  axis->set_name("axis");
  axis->set_type(onnx::AttributeProto::INT);
  EXPECT_EQ(Read(model).ops[0].as<AxisParams>().axis, 0);
}

TEST(OnnxOps, OfOtherDomainsAndTypesAreRefusedByName) {
  OnnxModelForTest foreign(13), unknown(13), send(13);
  foreign.OneOp("Relu").set_domain("com.example");
  ExpectRefused(foreign, ErrorKind::kUnsupported, {"node_y", "com.example.Relu"});
  unknown.OneOp("Loop");
  ExpectRefused(unknown, ErrorKind::kUnsupported, {"node_y", "Loop"});
  send.OneOp("Send");
  ExpectRefused(send, ErrorKind::kUnsupported, {"node_y", "Send"});
  OnnxModelForTest written_out(13);
  written_out.OneOp("Relu").set_domain("ai.onnx");
  EXPECT_EQ(Read(written_out).ops.size(), 1u);
}

TEST(OnnxInputs, ABatchThatIsOpenIsOne) {
  OnnxModelForTest model(13);
  model.Node("Relu", {"x"}, {"y"});
  model.Output("y");
  onnx::TensorShapeProto& shape = model.Input("x", {7, 3});
  shape.mutable_dim(0)->set_dim_param("N");
  Graph graph = Read(model);
  EXPECT_EQ(graph.value(graph.inputs[0]).shape, (Shape{1, 3}));
  EXPECT_TRUE(SetBatch(graph, 5));
  shape.mutable_dim(0)->set_dim_value(-1);
  EXPECT_EQ(Read(model).value(0).shape, (Shape{1, 3}));
  shape.mutable_dim(0)->set_dim_value(0);
  EXPECT_EQ(Read(model).value(0).shape, (Shape{1, 3}));
  shape.mutable_dim(0)->set_dim_value(-2);
  ExpectRefused(model, ErrorKind::kInvalid, {"'x'", "-2 on axis 0"});
  shape.mutable_dim(0)->set_dim_value(1);
  shape.mutable_dim(1)->set_dim_value(-1);
  ExpectRefused(model, ErrorKind::kInvalid, {"'x'", "-1 on axis 1"});
  shape.mutable_dim(1)->set_dim_value(0);
  ExpectRefused(model, ErrorKind::kUnsupported, {"'x'", "0 on axis 1"});
  shape.mutable_dim(1)->set_dim_param("width");
  ExpectRefused(model, ErrorKind::kUnsupported, {"'x'", "axis 1"});
  shape.mutable_dim(1)->set_dim_value(int64_t{1} << 62);
  ExpectRefused(model, ErrorKind::kInvalid, {"'x'"});
}

TEST(OnnxInputs, ListedInitializersAreConstants) {
  OnnxModelForTest model(9);
  model.Input("w", {6});
  model.Constant("w", Tensor(DType::kF32, {6}));
  model.OneOp("Add", {"w"});
  const Graph graph = Read(model);
  EXPECT_EQ(graph.inputs.size(), 1u);
  EXPECT_NE(graph.ConstantInput(graph.ops[0], 1), nullptr);
}

TEST(OnnxConstants, AreReadInEveryForm) {
  OnnxModelForTest model(13);
  AttributeWriter(model.Node("Constant", {}, {"i"})).Ints("value_ints", {2, -1});
  AttributeWriter(model.Node("Constant", {}, {"f"})).Float("value_float", 1.5);
  auto* floats = model.Node("Constant", {}, {"fs"}).add_attribute();
  floats->set_name("value_floats");
  for (const float number : {1.0f, 2.0f}) floats->add_floats(number);
  AttributeWriter t(model.Node("Constant", {}, {"t"}));
  TensorToOnnx(Tensor::From<float>({1, 2}, {3, 4}), *t.Tensor("value"));
  model.Input("x", {2});
  model.Node("Clip", {"x", "f", ""}, {"a"});
  model.Node("Add", {"a", "fs"}, {"b"});
  model.Node("Add", {"b", "t"}, {"c"});
  model.Node("Reshape", {"c", "i"}, {"d"});
  model.Output("d");
  const Graph graph = Read(model);
  EXPECT_EQ(ConstantOf<float>(graph, 0, 1), (std::vector{1.5f}));
  EXPECT_EQ(ConstantOf<float>(graph, 1, 1), (std::vector{1.0f, 2.0f}));
  EXPECT_EQ(ConstantOf<float>(graph, 2, 1), (std::vector{3.0f, 4.0f}));
  EXPECT_EQ(ConstantOf<int64_t>(graph, 3, 1), (std::vector<int64_t>{2, -1}));
}

}  // namespace
}  // namespace disco
