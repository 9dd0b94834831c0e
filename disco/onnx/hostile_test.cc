// SPDX-License-Identifier: Apache-2.0
// Files made to hurt: each is an error that says where, never a crash, a hang or a huge allocation.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <numeric>

#include "disco/base/random.h"
#include "disco/onnx/model_for_test.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

constexpr int64_t kHugeNumber = int64_t{1} << 62;

// Reads and infers: what every caller does before anything runs.
Status Load(const OnnxModelForTest& model) {
  DISCO_ASSIGN(Graph graph, model.Read());
  return InferShapes(graph);
}

// Conv of x with w: large enough that every kind of field is in the file.
OnnxModelForTest Sound() {
  OnnxModelForTest model(13);
  AttributeWriter(model.OneOp("Conv", {"w", "b"})).Ints("pads", {1, 1, 1, 1});
  model.Constant("w", Tensor(DType::kF32, {4, 2, 3, 3}));
  model.Constant("b", Tensor(DType::kF32, {4}));
  return model;
}

TEST(HostileOnnx, EveryTruncationIsAnError) {
  const std::string whole = Sound().model.SerializeAsString();
  ASSERT_TRUE(Load(Sound()));
  for (size_t part = 0; part < 16; ++part) {
    const auto bytes = std::as_bytes(std::span(whole)).first(whole.size() * part / 16);
    EXPECT_FALSE(ParseOnnx(bytes)) << part << "/16";
  }
}

TEST(HostileOnnx, FlippedBytesNeverCrash) {
  const std::string whole = Sound().model.SerializeAsString();
  Random random(0);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = whole;
    for (int64_t flips = 1 + random.Below(4); flips > 0; --flips)
      bytes[static_cast<size_t>(random.Below(static_cast<int64_t>(bytes.size())))] =
          static_cast<char>(random.Below(256));
    auto graph = ParseOnnx(std::as_bytes(std::span(bytes)));
    if (graph && InferShapes(*graph)) {
      EXPECT_TRUE(Validate(*graph));
    }
  }
}

struct Attack {
  const char* name;
  std::function<void(OnnxModelForTest&)> apply;
};

onnx::NodeProto& Conv(OnnxModelForTest& model) {
  return *model.model.mutable_graph()->mutable_node(0);
}

Attack Attribute(const char* name, const char* attribute, std::vector<int64_t> values) {
  return {name, [=](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Ints(attribute, values); }};
}

const Attack kAttacks[] = {
    Attribute("HugeStrides", "strides", {kHugeNumber, kHugeNumber}),
    Attribute("NegativeStrides", "strides", {-1, -1}),
    Attribute("ZeroStrides", "strides", {0, 0}),
    Attribute("TooManyStrides", "strides", {1, 1, 1}),
    Attribute("HugeDilations", "dilations", {kHugeNumber, kHugeNumber}),
    Attribute("LargeDilations", "dilations", {int64_t{1} << 36, 1}),
    Attribute("HugeKernel", "kernel_shape", {kHugeNumber, kHugeNumber}),
    {"HugePads",
     [](OnnxModelForTest& m) {
       Conv(m).clear_attribute();
       AttributeWriter(Conv(m)).Ints("pads", {kHugeNumber, kHugeNumber, kHugeNumber, kHugeNumber});
     }},
    {"OddPads",
     [](OnnxModelForTest& m) {
       Conv(m).clear_attribute();
       AttributeWriter(Conv(m)).Ints("pads", {1, 1, 1});
     }},
    {"NoGroup", [](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Int("group", 0); }},
    {"NegativeGroup", [](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Int("group", -1); }},
    {"HugeGroup", [](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Int("group", kHugeNumber); }},
    {"UnknownAutoPad", [](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Text("auto_pad", "?"); }},
    {"NoNetworkOutput", [](OnnxModelForTest& m) { m.model.mutable_graph()->clear_output(); }},
    {"NoInput", [](OnnxModelForTest& m) { Conv(m).clear_input(); }},
    {"AnEmptyInput", [](OnnxModelForTest& m) { Conv(m).set_input(0, ""); }},
    {"OneInput", [](OnnxModelForTest& m) { Conv(m).mutable_input()->DeleteSubrange(1, 2); }},
    {"FourInputs", [](OnnxModelForTest& m) { Conv(m).add_input("x"); }},
    {"NoOutput", [](OnnxModelForTest& m) { Conv(m).clear_output(); }},
    {"AnEmptyOutput", [](OnnxModelForTest& m) { Conv(m).set_output(0, ""); }},
    {"AnEmptyOutputOfAFoldedOp", [](OnnxModelForTest& m) { m.Node("Identity", {"w"}, {""}); }},
    {"TwoOutputsOfAFoldedOp",
     [](OnnxModelForTest& m) {
       m.Node("Identity", {"w"}, {"a", "c"});
       m.Node("Relu", {"c"}, {"d"});
       m.Output("d");
     }},
    {"TwoOutputs", [](OnnxModelForTest& m) { Conv(m).add_output("z"); }},
    {"ARepeatedOutput", [](OnnxModelForTest& m) { m.Output("y"); }},
    {"AnOutputNobodyMakes", [](OnnxModelForTest& m) { m.Output("z"); }},
    {"AnOutputThatIsAnInput", [](OnnxModelForTest& m) { Conv(m).set_output(0, "x"); }},
    {"AnOutputMadeTwice", [](OnnxModelForTest& m) { m.Node("Relu", {"x"}, {"y"}); }},
    {"ACycle", [](OnnxModelForTest& m) { Conv(m).set_input(0, "y"); }},
    {"AnUnsortedOp",
     [](OnnxModelForTest& m) {
       Conv(m).set_input(0, "late");
       m.Node("Relu", {"x"}, {"late"});
     }},
    {"ADuplicateInitializer", [](OnnxModelForTest& m) { m.Constant("w", Tensor::Scalar(1)); }},
    {"ANamelessInput", [](OnnxModelForTest& m) { m.Input("", {1}); }},
    {"AnInputOfNoTensor",
     [](OnnxModelForTest& m) { m.model.mutable_graph()->add_input()->set_name("s"); }},
    {"MoreAxesThanAKernelTakes",
     [](OnnxModelForTest& m) {
       m.Input("deep", std::vector<int64_t>(300'000, 1));
       auto& node = m.Node("Transpose", {"deep"}, {"z"});
       std::vector<int64_t> reversed(300'000);
       std::iota(reversed.rbegin(), reversed.rend(), 0);
       AttributeWriter(node).Ints("perm", reversed);
       m.Output("z");
     }},
    {"AReshapeToAMillionAxes",
     [](OnnxModelForTest& m) {
       m.Constant("n", Tensor::Indices(std::vector<int64_t>(1'000'000, 1)));
       m.Node("Reshape", {"b", "n"}, {"z"});
     }},
    {"APermutationOfAMillionAxes",
     [](OnnxModelForTest& m) {
       auto& node = m.Node("Transpose", {"x"}, {"z"});
       AttributeWriter(node).Ints("perm", std::vector<int64_t>(1'000'000, 1));
     }},
    {"AWindowThatReachesFar",
     [](OnnxModelForTest& m) {
       constexpr int64_t kFar = 1 << 30;
       Conv(m).clear_attribute();
       AttributeWriter(Conv(m)).Ints("pads", {kFar, kFar, kFar, kFar});
       AttributeWriter(Conv(m)).Ints("dilations", {kFar, kFar});
     }},
    {"AWindowOfAllNumbers",
     [](OnnxModelForTest& m) {
       constexpr int64_t kWide = 1 << 30;
       auto& node = m.Node("MaxPool", {"x"}, {"z"});
       AttributeWriter(node).Ints("kernel_shape", {kWide, kWide});
       AttributeWriter(node).Ints("pads", {kWide, kWide, kWide, kWide});
       m.Output("z");
     }},
    {"NegativeExtents",
     [](OnnxModelForTest& m) { m.Constant("n", Tensor::Scalar(1)).add_dims(-1); }},
    {"ExtentsThatMultiplyToZero",
     [](OnnxModelForTest& m) {
       onnx::TensorProto& proto = m.Constant("n", Tensor(DType::kF32, {0}));
       proto.set_dims(0, int64_t{1} << 32);
       proto.add_dims(int64_t{1} << 32);
     }},
    {"MoreElementsThanBytes",
     [](OnnxModelForTest& m) { m.Constant("n", Tensor(DType::kF32, {2})).set_dims(0, 1 << 30); }},
    {"AnUnknownElementType",
     [](OnnxModelForTest& m) { m.Constant("n", Tensor::Scalar(1)).set_data_type(9999); }},
    {"ATruthValueOfTwo",
     [](OnnxModelForTest& m) {
       m.Constant("n", Tensor::From<bool>({1}, {true})).set_raw_data("\2");
     }},
    {"AFillOfGigabytes",
     [](OnnxModelForTest& m) {
       m.Constant("n", Tensor::Indices({1 << 18, 1 << 18}));
       m.Node("ConstantOfShape", {"n"}, {"z"});
     }},
};

class Attacked : public testing::TestWithParam<Attack> {};
TEST_P(Attacked, IsAnError) {
  OnnxModelForTest model = Sound();
  GetParam().apply(model);
  const Status loaded = Load(model);
  ASSERT_FALSE(loaded);
  EXPECT_FALSE(loaded.error().message.empty());
}
INSTANTIATE_TEST_SUITE_P(HostileOnnx, Attacked, testing::ValuesIn(kAttacks),
                         [](const auto& test) { return test.param.name; });

TEST(HostileOnnx, NumbersThatAreNoneHarmNoShape) {
  OnnxModelForTest model(13);
  AttributeWriter(model.OneOp("LeakyRelu")).Float("alpha", std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(Load(model));
}

TEST(HostileOnnx, NamesAreUtf8) {
  const std::string bad = "conv\xff";
  const std::pair<const char*, std::function<void(OnnxModelForTest&)>> cases[] = {
      {"network", [&](OnnxModelForTest& m) { m.model.mutable_graph()->set_name(bad); }},
      {"op", [&](OnnxModelForTest& m) { Conv(m).set_name(bad); }},
      {"type", [&](OnnxModelForTest& m) { Conv(m).set_op_type(bad); }},
      {"domain", [&](OnnxModelForTest& m) { Conv(m).set_domain(bad); }},
      {"attribute", [&](OnnxModelForTest& m) { AttributeWriter(Conv(m)).Int(bad.c_str(), 1); }},
      {"output", [&](OnnxModelForTest& m) { Conv(m).set_output(0, bad); }},
      {"initializer", [&](OnnxModelForTest& m) { m.Constant(bad, Tensor(DType::kF32, {1})); }},
      {"metadata", [&](OnnxModelForTest& m) { m.model.add_metadata_props()->set_key(bad); }}};
  for (const auto& [what, spoil] : cases) {
    OnnxModelForTest model = Sound();
    spoil(model);
    const auto graph = model.Read();
    ASSERT_FALSE(graph) << what;
    EXPECT_NE(graph.error().message.find("UTF-8"), std::string::npos) << graph.error().message;
  }
}

TEST(HostileOnnx, FillsAreExactOrRefused) {
  for (const auto& [value, exact] : {std::pair(int64_t{1} << 53, true), {INT64_MAX, false}}) {
    OnnxModelForTest model(13);
    AttributeWriter writer(model.OneOp("ConstantOfShape"));
    TensorToOnnx(Tensor::From<int64_t>({1}, {value}), *writer.Tensor("value"));
    EXPECT_EQ(model.Read().has_value(), exact) << value;
  }
}

TEST(HostileOnnx, FeaturesOfAReceiveHaveToFitItsShape) {
  for (const auto& [axis, features, dims] : {std::tuple(1, 3, Shape{1, 3}),
                                             {1, 2, {1, 3}},
                                             {2, 3, {1, 3}},
                                             {-1, 3, {1, 3}},
                                             {1, -3, {1, 3}},
                                             {1, 3, {kHugeNumber, 3}}}) {
    OnnxModelForTest model(13);
    onnx::NodeProto& node = model.Node("Receive", {}, {"y"});
    node.set_domain("disco");
    AttributeWriter writer(node);
    writer.Int("axis", axis);
    writer.Ints("shape", dims.dims());
    writer.Ints("from", {1});
    writer.Ints("transfers", {0});
    writer.Ints("features", {features});
    model.Output("y");
    const Status loaded = Load(model);
    EXPECT_EQ(loaded.has_value(), axis == 1 && features == 3 && dims[0] == 1);
    if (!loaded) {
      EXPECT_NE(loaded.error().message.find("node_y"), std::string::npos);
    }
  }
}

TEST(HostileOnnx, FeaturesOfASendAscend) {
  for (const auto& [features, sound] :
       {std::pair(std::vector<int64_t>{0, 1}, true), {{1, 0}, false}, {{0, 0}, false}}) {
    OnnxModelForTest model(13);
    model.OneOp("Relu");
    onnx::NodeProto& node = model.Node("Send", {"y"}, {});
    node.set_domain("disco");
    AttributeWriter writer(node);
    writer.Int("to", 1);
    writer.Int("transfer", 0);
    writer.Int("axis", 1);
    writer.Ints("features", features);
    writer.Ints("stride", {1, 1});
    EXPECT_EQ(Load(model).has_value(), sound);
  }
}

class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(WriteFile(folder_ / "inner" / "w.data", std::string(20, '\0')));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  // A network whose weight of 4 floats is at the place that is given.
  static OnnxModelForTest Model(const std::string& location, const std::string& offset,
                                const std::string& length) {
    OnnxModelForTest model(13);
    model.Input("x", {4});
    model.Node("Add", {"x", "w"}, {"y"});
    model.Output("y");
    onnx::TensorProto& proto = model.Constant("w", Tensor(DType::kF32, {4}));
    proto.clear_raw_data();
    proto.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair("location", location), {"offset", offset}, {"length", length}}) {
      auto* entry = proto.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    return model;
  }
  // Status of reading it from inner/.
  Status With(const std::string& location, const std::string& offset, const std::string& length) {
    DISCO_ASSIGN(Graph graph, Model(location, offset, length).ReadIn(folder_ / "inner"));
    return InferShapes(graph);
  }
  Path folder_ = std::filesystem::temp_directory_path() / fmt::format("disco-hostile-{}", getpid());
};

TEST_F(ExternalData, IsReadWhereItIs) {
  for (const char* offset : {"0", "1", "2", "4"})
    EXPECT_TRUE(With("w.data", offset, "16")) << offset;
  EXPECT_TRUE(With("./w.data", "0", "16"));
}

TEST_F(ExternalData, OutsideTheFolderIsNeverOpened) {
  ASSERT_TRUE(WriteFile(folder_ / "secret", std::string(16, 's')));
  for (const std::string& location :
       {std::string("../secret"), (folder_ / "secret").string(), std::string("a/../../secret"),
        std::string(), std::string(".."), std::string("/dev/zero")}) {
    const Status loaded = With(location, "0", "16");
    ASSERT_FALSE(loaded) << location;
    EXPECT_EQ(loaded.error().kind, ErrorKind::kInvalid) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find("'w'"), std::string::npos) << loaded.error().message;
  }
}

// A shard comes from the network: it must not make a node read the node's own files.
TEST_F(ExternalData, IsRefusedInANetworkThatIsNoFile) {
  for (const std::string& location :
       {(folder_ / "inner" / "w.data").string(), std::string("w.data")}) {
    const auto graph = Model(location, "0", "16").Read();
    ASSERT_FALSE(graph) << location;
    EXPECT_EQ(graph.error().kind, ErrorKind::kUnsupported) << graph.error().message;
  }
}

TEST_F(ExternalData, OutsideTheFileIsAnError) {
  for (const char* offset : {"5", "20", "21", "18446744073709551615", "18446744073709551600", "-1",
                             "x", "", "99999999999999999999"})
    EXPECT_FALSE(With("w.data", offset, "16")) << offset;
  for (const char* length : {"15", "17", "0", "18446744073709551615"})
    EXPECT_FALSE(With("w.data", "0", length)) << length;
  EXPECT_FALSE(With("missing", "0", "16"));
  EXPECT_FALSE(With(".", "0", "16"));
}

}  // namespace
}  // namespace disco
