// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "disco/onnx/model_for_test.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

Tensor CountedTensor(Shape shape) {
  Tensor tensor(DType::kF32, std::move(shape));
  auto data = tensor.MutableData<float>();
  std::iota(data.begin(), data.end(), 0.5f);
  return tensor;
}

// One op of every type in a row, each parameter off its default.
class EveryOp {
 public:
  Graph Build() {
    graph_.name = "every op";
    graph_.metadata = {{"doc_string", "a note"}, {"classes", "7"}};
    last_ = graph_.AddValue("x", DType::kF32, {1, 4, 8, 8});
    graph_.inputs = {last_, graph_.AddValue("filled shape", DType::kI64, {1})};
    Windows();
    Activations();
    Layout();
    Ends();
    return std::move(graph_);
  }

 private:
  ValueId Constant(const std::string& name, Tensor tensor) {
    return graph_.AddConstant(name, std::move(tensor));
  }
  void Then(OpType type, OpParams params = {}, std::vector<ValueId> more = {}) {
    more.insert(more.begin(), last_);
    last_ = graph_.AddOp(type, std::string(Name(type)), more, std::move(params));
  }
  void Windows() {
    const Window window{.kernel = {3, 2},
                        .strides = {2, 1},
                        .dilations = {1, 2},
                        .pads_begin = {1, 0},
                        .pads_end = {0, 2}};
    Then(OpType::kConv, ConvParams{window, 2},
         {Constant("w", CountedTensor({6, 2, 3, 2})), Constant("b", CountedTensor({6}))});
    Then(OpType::kAveragePool,
         PoolParams{.window = window, .ceil_mode = true, .count_include_pad = true});
    Then(OpType::kMaxPool, PoolParams{.window = {.kernel = {2, 2}, .auto_pad = AutoPad::kSameLower},
                                      .column_major = true});
    Mask("indices");
    Then(OpType::kPad, PadParams{PadMode::kReflect},
         {Constant("pads", Tensor::Indices({0, 0, 1, 1, 0, 0, 1, 1}))});
    Then(OpType::kGlobalAveragePool);
  }
  void Mask(const std::string& name) {
    const ValueId mask = graph_.AddValue(name);
    graph_.ops.back().outputs.push_back(mask);
    graph_.outputs.push_back(mask);
  }
  void Activations() {
    const ValueId six = Constant("six", CountedTensor({6}));
    Then(OpType::kBatchNormalization,
         BatchNormParams{.epsilon = 0.25f, .momentum = 0.5f, .training = true},
         {six, six, six, six});
    Then(OpType::kRelu);
    Then(OpType::kLeakyRelu, LeakyReluParams{0.125f});
    Then(OpType::kHardSwish);
    Then(OpType::kSigmoid);
    Then(OpType::kClip, {}, {kNoValue, Constant("max", Tensor::Scalar(6))});
    Then(OpType::kLrn, LrnParams{.alpha = 0.5f, .beta = 0.25f, .bias = 2, .size = 3});
    Then(OpType::kLayerNormalization, LayerNormParams{.axis = 2, .epsilon = 0.5f},
         {Constant("one", CountedTensor({1, 1}))});
    Then(OpType::kDropout, DropoutParams{7});
    Mask("mask");
    Then(OpType::kIdentity);
    Then(OpType::kAdd, {}, {last_});
    Then(OpType::kMul, {}, {last_});
  }
  void Layout() {
    Then(OpType::kConcat, AxisParams{1}, {last_});
    Then(OpType::kSplit, SplitParams{.axis = 1, .parts = 2, .equal = false},
         {Constant("sizes", Tensor::Indices({5, 7}))});
    Mask("second part");
    Then(OpType::kSlice, {},
         {Constant("starts", Tensor::Indices({4})), Constant("ends", Tensor::Indices({-9})),
          Constant("axes", Tensor::Indices({1})), Constant("steps", Tensor::Indices({-1}))});
    Then(OpType::kGather, AxisParams{1}, {Constant("picked", Tensor::Indices({3, 1, 4}))});
    Then(OpType::kTranspose, TransposeParams{{0, 2, 3, 1}});
    Then(OpType::kReduceMean, ReduceParams{.keep_dims = false},
         {Constant("ReduceMean.axes", Tensor::Indices({1}))});
    Then(OpType::kUnsqueeze, {}, {Constant("new axis", Tensor::Indices({1}))});
    Then(OpType::kSqueeze, {}, {Constant("old axis", Tensor::Indices({1}))});
    Then(OpType::kFlatten, AxisParams{2});
    Then(OpType::kReshape, ReshapeParams{true}, {Constant("target", Tensor::Indices({1, -1}))});
    Then(OpType::kGemm, GemmParams{.alpha = 2, .beta = 3, .transpose_a = true, .transpose_b = true},
         {Constant("g", CountedTensor({5, 1}))});
    Then(OpType::kMatMul, {}, {Constant("m", CountedTensor({5, 2}))});
    Then(OpType::kSoftmax, SoftmaxParams{.axis = 1});
  }
  void Ends() {
    graph_.outputs.push_back(last_);
    graph_.ops.push_back({"Send",
                          OpType::kSend,
                          SendParams{.to = 2,
                                     .transfer = 5,
                                     .axis = 1,
                                     .features = {0, 1},
                                     .stride = {2, 1},
                                     .wire = {WireType::kInt8, {{-0.5f, 0.01f}, {0, 0.3f}}},
                                     .with_next = true},
                          {last_},
                          {}});
    const ValueId received = graph_.AddValue("Receive");
    graph_.ops.push_back(
        {"Receive",
         OpType::kReceive,
         ReceiveParams{.sources = {{1, 4, 2}, {2, 6, 1}}, .axis = 1, .shape = {1, 3, 2}},
         {},
         {received}});
    const ValueId joined = graph_.AddValue("ReceiveJoined");
    graph_.ops.push_back({"ReceiveJoined",
                          OpType::kReceive,
                          ReceiveParams{.sources = {{1, 7, 2}},
                                        .axis = 1,
                                        .shape = {1, 5, 2},
                                        .wire = {.type = WireType::kF16}},
                          {received},
                          {joined}});
    last_ = graph_.inputs[1];
    Then(OpType::kConstantOfShape, FillParams{.value = 3, .dtype = DType::kI64});
    graph_.outputs.insert(graph_.outputs.end(), {joined, last_});
  }

  Graph graph_;
  ValueId last_ = kNoValue;
};

std::vector<std::string> NamesOf(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (const ValueId id : ids) names.push_back(id == kNoValue ? "" : graph.value(id).name);
  return names;
}

std::map<std::string, Tensor> Constants(const Graph& graph) {
  std::map<std::string, Tensor> constants;
  for (const Value& value : graph.values) {
    if (value.constant) constants.emplace(value.name, *value.constant);
  }
  return constants;
}

void ExpectEqual(const Graph& a, const Graph& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(NamesOf(a, a.inputs), NamesOf(b, b.inputs));
  EXPECT_EQ(NamesOf(a, a.outputs), NamesOf(b, b.outputs));
  for (size_t i = 0; i < std::min(a.inputs.size(), b.inputs.size()); ++i) {
    EXPECT_EQ(a.value(a.inputs[i]).shape, b.value(b.inputs[i]).shape);
    EXPECT_EQ(a.value(a.inputs[i]).dtype, b.value(b.inputs[i]).dtype);
  }
  ASSERT_EQ(a.ops.size(), b.ops.size());
  for (size_t i = 0; i < a.ops.size(); ++i) {
    EXPECT_EQ(a.ops[i].name, b.ops[i].name);
    EXPECT_EQ(a.ops[i].type, b.ops[i].type);
    EXPECT_TRUE(a.ops[i].params == b.ops[i].params) << a.ops[i].name;
    EXPECT_EQ(NamesOf(a, a.ops[i].inputs), NamesOf(b, b.ops[i].inputs)) << a.ops[i].name;
    EXPECT_EQ(NamesOf(a, a.ops[i].outputs), NamesOf(b, b.ops[i].outputs)) << a.ops[i].name;
  }
  const auto of_a = Constants(a), of_b = Constants(b);
  ASSERT_EQ(of_a.size(), of_b.size());
  for (const auto& [name, tensor] : of_a) {
    ASSERT_TRUE(of_b.contains(name)) << name;
    EXPECT_EQ(tensor.dtype(), of_b.at(name).dtype()) << name;
    EXPECT_EQ(tensor.shape(), of_b.at(name).shape()) << name;
    EXPECT_TRUE(std::ranges::equal(tensor.bytes(), of_b.at(name).bytes())) << name;
  }
}

class RoundTrip : public testing::TestWithParam<bool> {
 protected:
  ~RoundTrip() override { std::filesystem::remove_all(folder_); }
  Path folder_ = std::filesystem::temp_directory_path() / fmt::format("disco-onnx-{}", getpid());
  Path path_ = folder_ / "network.onnx";
};

TEST_P(RoundTrip, KeepsEveryOp) {
  const Graph graph = EveryOp().Build();
  const Status valid = Validate(graph);
  ASSERT_TRUE(valid) << valid.error().message;
  std::set<OpType> types;
  for (const Op& op : graph.ops) types.insert(op.type);
  ASSERT_EQ(types.size(), AllOps().size()) << "an op is not tested";
  const Status written = WriteOnnx(graph, path_, {.external_data = GetParam()});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(std::filesystem::exists(folder_ / "network.onnx.data"), GetParam());
  const auto read = ReadOnnx(path_);
  ASSERT_TRUE(read) << read.error().message;
  ExpectEqual(graph, *read);
  EXPECT_EQ(*SerializeOnnx(graph), *SerializeOnnx(*read)) << "equal graphs have equal bytes";
}

// A reader's mapping must survive that the files are written anew.
TEST_P(RoundTrip, AWeightOutlivesItsFile) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {2})};
  const ValueId w = graph.AddConstant("w", CountedTensor({2}));
  graph.outputs = {graph.AddOp(OpType::kAdd, "sum", {graph.inputs[0], w})};
  ASSERT_TRUE(WriteOnnx(graph, path_, {.external_data = GetParam()}));
  auto read = ReadOnnx(path_);
  ASSERT_TRUE(read);
  ASSERT_TRUE(WriteOnnx(Graph(), path_, {.external_data = GetParam()}));
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(read->ConstantInput(read->ops[0], 1)->Data<float>()[1], 1.5f);
}
INSTANTIATE_TEST_SUITE_P(ExternalData, RoundTrip, testing::Bool());

// ReduceMean that does nothing has no form at opset 17; the file has to mean the same.
TEST(WrittenOnnx, ANumberThatWouldBeRefusedIsNotWritten) {
  Graph graph = EveryOp().Build();
  const Path path = Path(testing::TempDir()) / fmt::format("disco-nan-{}.onnx", getpid());
  ASSERT_TRUE(WriteOnnx(graph, path));
  const std::string before = *ReadFile(path);
  for (Value& value : graph.values) {
    if (value.name == "b") value.constant->MutableData<float>()[3] = std::nanf("");
  }
  const Status refused = WriteOnnx(graph, path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(path.string()), std::string::npos);
  EXPECT_NE(refused.error().message.find("'b' holds"), std::string::npos);
  EXPECT_FALSE(SerializeOnnx(graph));
  EXPECT_EQ(*ReadFile(path), before);
  std::filesystem::remove(path);
}

TEST(WrittenOnnx, AMeanOverNoAxesStaysNothing) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {2, 3})};
  graph.outputs = {graph.AddOp(OpType::kReduceMean, "mean", graph.inputs,
                               ReduceParams{.nothing_without_axes = true})};
  const std::string bytes = *SerializeOnnx(graph);
  auto read = ParseOnnx(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(InferShapes(*read));
  EXPECT_EQ(read->value(read->outputs[0]).shape, (Shape{2, 3}));
}

// One op y of x [1, 1, 5, 5], written.
onnx::ModelProto Written(OpType type, OpParams params, std::vector<Tensor> constants = {}) {
  Graph graph;
  std::vector<ValueId> inputs = {graph.AddValue("x", DType::kF32, {1, 1, 5, 5})};
  graph.inputs = inputs;
  for (Tensor& constant : constants)
    inputs.push_back(graph.AddConstant(fmt::format("c{}", inputs.size()), std::move(constant)));
  graph.outputs = {graph.AddOp(type, "y", inputs, std::move(params))};
  EXPECT_TRUE(InferShapes(graph));
  const auto bytes = SerializeOnnx(graph);
  EXPECT_TRUE(bytes) << bytes.error().message;
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(*bytes));
  return model;
}

bool HasAttribute(const onnx::ModelProto& model, std::string_view name) {
  const auto& attributes = model.graph().node(0).attribute();
  return std::ranges::any_of(attributes,
                             [&](const auto& attribute) { return attribute.name() == name; });
}

TEST(WrittenOnnx, AnOpIsWrittenAtAnOpsetThatHasItsForm) {
  const PoolParams close{.window = {.kernel = {2, 2}, .dilations = {1, 1}}};
  const PoolParams dilated{.window = {.kernel = {2, 2}, .dilations = {2, 1}}};
  const onnx::ModelProto plain = Written(OpType::kAveragePool, close);
  EXPECT_EQ(plain.opset_import(0).version(), 17);
  EXPECT_EQ(plain.ir_version(), 8);
  EXPECT_FALSE(HasAttribute(plain, "dilations"));
  const onnx::ModelProto newer = Written(OpType::kAveragePool, dilated);
  EXPECT_EQ(newer.opset_import(0).version(), 19);
  EXPECT_EQ(newer.ir_version(), 9);
  EXPECT_TRUE(HasAttribute(newer, "dilations"));
  EXPECT_EQ(Written(OpType::kMaxPool, dilated).opset_import(0).version(), 17);
  const Tensor pads = Tensor::Indices({0, 0, 1, 1, 0, 0, 1, 1});
  EXPECT_EQ(Written(OpType::kPad, PadParams{}, {pads}).opset_import(0).version(), 17);
  EXPECT_EQ(Written(OpType::kPad, PadParams{PadMode::kWrap}, {pads}).opset_import(0).version(), 19);
  const Tensor zero = Tensor::Scalar(0), last = Tensor::Indices({-1});
  EXPECT_EQ(Written(OpType::kPad, PadParams{}, {Tensor::Indices({1, 1}), zero, last})
                .opset_import(0)
                .version(),
            18);
}

// Where its last window would start in the padding, older readers count it.
TEST(WrittenOnnx, CeilModeIsWrittenWhereItCounts) {
  const PoolParams dropped{.window = {.kernel = {1, 1}, .strides = {5, 5}}, .ceil_mode = true};
  const PoolParams counts{.window = {.kernel = {2, 2}, .strides = {2, 2}}, .ceil_mode = true};
  EXPECT_FALSE(HasAttribute(Written(OpType::kMaxPool, dropped), "ceil_mode"));
  EXPECT_TRUE(HasAttribute(Written(OpType::kMaxPool, counts), "ceil_mode"));
}

TEST(WrittenOnnx, AScalarHasAShape) {
  const onnx::ModelProto model = Written(OpType::kReduceMean, ReduceParams{.keep_dims = false});
  EXPECT_TRUE(model.graph().output(0).type().tensor_type().has_shape());
}

TEST(WrittenOnnx, TrainingFormNamesItsStatistics) {
  const std::vector<Tensor> one(4, Tensor::From<float>({1}, {1.0f}));
  const onnx::ModelProto model =
      Written(OpType::kBatchNormalization, BatchNormParams{.training = true}, one);
  EXPECT_EQ(model.graph().node(0).output_size(), 3);
}

}  // namespace
}  // namespace disco
