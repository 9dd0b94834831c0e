// SPDX-License-Identifier: Apache-2.0
// ONNX's own tests: every node test of an op that disco knows, and the light networks, on both
// kernels, and the networks cut over several nodes.
#include <algorithm>
#include <map>
#include <set>

#include "disco/kernel/kernels_testing.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/make_plan.h"
#include "disco/rewrite/fold_constants.h"
#include "tests/compare.h"
#include "tests/measured_data.h"

namespace disco {
namespace {

// ONNX's own tolerances.
constexpr double kRelative = 1e-3, kAbsolute = 1e-5;

// Identity of what is not a tensor: disco has nothing else.
const std::set<std::string> kOutOfScope = {"test_identity_opt", "test_identity_sequence"};

template <class T>
bool Same(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.Data<T>(), e = expected.Data<T>();
  for (size_t i = 0; i < e.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(e[i]) && std::isnan(a[i])) continue;
      if (!(std::abs(a[i] - e[i]) <= kAbsolute + kRelative * std::abs(e[i]))) return false;
    } else if (a[i] != e[i]) {
      return false;
    }
  }
  return true;
}

testing::AssertionResult SameTensor(const Tensor& actual, const Tensor& expected) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return testing::AssertionFailure()
           << Name(actual.dtype()) << ToString(actual.shape()) << " instead of "
           << Name(expected.dtype()) << ToString(expected.shape());
  }
  const bool same =
      VisitDType(expected.dtype(), [&]<class T>() { return Same<T>(actual, expected); });
  return same ? testing::AssertionSuccess() : testing::AssertionFailure() << "elements differ";
}

std::vector<Tensor> ReadTensors(const Path& folder, const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (int i = 0;; ++i) {
    const Path path = folder / (prefix + std::to_string(i) + ".pb");
    if (!std::filesystem::exists(path)) return tensors;
    auto tensor = ReadTensorProto(path);
    EXPECT_TRUE(tensor) << tensor.error().message;
    tensors.push_back(std::move(*tensor));
  }
}

void RunCase(Graph graph, const Path& data, KernelKind kernel) {
  const std::vector<ValueId> names = graph.inputs, parameters = ParameterInputs(graph);
  std::vector<Tensor> given = ReadTensors(data, "input_"), inputs;
  ASSERT_EQ(given.size(), names.size());
  for (size_t i = 0; i < given.size(); ++i) {
    if (std::find(parameters.begin(), parameters.end(), names[i]) != parameters.end()) {
      BindInput(graph, names[i], given[i]);
    } else {
      graph.value(names[i]).shape = given[i].shape();
      inputs.push_back(given[i]);
    }
  }
  const Status inferred = InferShapes(graph);
  ASSERT_TRUE(inferred) << inferred.error().message;
  auto program = MakeProgram(graph, {.kernel = kernel});
  ASSERT_TRUE(program) << program.error().message;
  std::vector<Tensor> outputs = MakeOutputs(graph);
  const Status ran = (*program)->Run(inputs, outputs, nullptr);
  ASSERT_TRUE(ran) << ran.error().message;
  const std::vector<Tensor> expected = ReadTensors(data, "output_");
  ASSERT_EQ(outputs.size(), expected.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    EXPECT_TRUE(SameTensor(outputs[i], expected[i])) << "output " << i;
}

// A reader that refuses a file because of an op it does not know says so with these words.
bool IsUnknownOp(const Error& error) {
  return error.message.find("which disco does not know") != std::string::npos;
}

class OnnxNodeTests : public testing::TestWithParam<KernelKind> {};

TEST_P(OnnxNodeTests, OfEveryKnownOpPass) {
  DISCO_SKIP_WITHOUT("onnx-tests");
  int passed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DataFolder("onnx-tests/node"))) {
    const std::string name = entry.path().filename();
    if (kOutOfScope.contains(name)) continue;
    SCOPED_TRACE(name);
    const auto graph = ReadOnnx(entry.path() / "model.onnx");
    if (!graph && (IsUnknownOp(graph.error()) || graph.error().kind == ErrorKind::kUnsupported))
      continue;
    ASSERT_TRUE(graph) << graph.error().message;
    RunCase(*graph, entry.path() / "test_data_set_0", GetParam());
    ++passed;
  }
  EXPECT_GE(passed, 180) << "too few tests were recognised as of known ops";
  RecordProperty("cases", passed);
}

// A file refused for another reason than an unknown op would hide a gap.
TEST(OnnxNodeTests, NoKnownOpIsRefused) {
  DISCO_SKIP_WITHOUT("onnx-tests");
  for (const auto& entry : std::filesystem::directory_iterator(DataFolder("onnx-tests/node"))) {
    const auto graph = ReadOnnx(entry.path() / "model.onnx");
    if (graph || IsUnknownOp(graph.error()) || kOutOfScope.contains(entry.path().filename()))
      continue;
    const std::string& message = graph.error().message;
    const bool element_type = message.find("elements of type") != std::string::npos ||
                              message.find("is not a tensor") != std::string::npos;
    const bool symbolic = message.find("no fixed extent") != std::string::npos;
    const bool old = message.find("is older than") != std::string::npos;
    const bool empty = message.find("has the extent 0") != std::string::npos;
    EXPECT_TRUE(element_type || symbolic || old || empty) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, OnnxNodeTests,
                         testing::Values(KernelKind::kReference, KernelKind::kOneDnn),
                         [](const auto& kernel) {
                           return kernel.param == KernelKind::kReference ? "reference" : "onednn";
                         });

struct LightCase {
  const char* name;
  int nodes;
};
class LightNetworks : public testing::TestWithParam<LightCase> {};

// The network with the input of its last op, a Softmax, as a second output.
Graph WithLogits(const Path& path) {
  auto graph = ReadOnnx(path);
  EXPECT_TRUE(graph) << graph.error().message;
  EXPECT_EQ(graph->ops.back().type, OpType::kSoftmax);
  graph->outputs.push_back(graph->ops.back().inputs[0]);
  EXPECT_TRUE(InferShapes(*graph));
  return std::move(*graph);
}

std::vector<Tensor> RunOnNodes(const Graph& graph, int nodes, const Tensor& input) {
  const auto plan = MakePlan(graph, {.nodes = nodes, .method = {Method::kDense, ""}});
  EXPECT_TRUE(plan) << plan.error().message;
  const auto session = Session::OpenLocal(graph, *plan, {.deadline = Milliseconds(120000)});
  EXPECT_TRUE(session) << session.error().message;
  const auto outputs = (*session)->Infer(std::vector<Tensor>{input});
  EXPECT_TRUE(outputs) << outputs.error().message;
  for (const NodeStatistics& node : (*session)->statistics()) {
    EXPECT_EQ(node.sent, node.planned_sent);
    EXPECT_THAT(UnusualWarnings(node.warnings), testing::IsEmpty());
  }
  return *outputs;
}

// All weights are constants, so the 1000 logits are equal, and as large as 4e31: one step of
// float32 rounding between two of them is more than Softmax can show. What the cut network has to
// keep is therefore the logits; on one node the stored probabilities come out as well.
TEST_P(LightNetworks, GiveTheirStoredOutputs) {
  DISCO_SKIP_WITHOUT("onnx-tests");
  const Path folder = DataFolder("onnx-tests/light");
  const Graph graph = WithLogits(folder / fmt::format("light_{}.onnx", GetParam().name));
  Tensor input(DType::kF32, graph.value(graph.inputs[0]).shape);
  const auto elements = input.MutableData<float>();
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = static_cast<float>(i) / static_cast<float>(elements.size());
  const std::vector<Tensor> alone = RunOnNodes(graph, 1, input);
  const auto stored =
      ReadTensorProto(folder / fmt::format("light_{}_output_0.pb", GetParam().name));
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_TRUE(SameTensor(alone[0], *stored));
  const std::vector<Tensor> together = RunOnNodes(graph, GetParam().nodes, input);
  EXPECT_EQ(together[0].shape(), stored->shape());
  EXPECT_LE(RelativeError(together[1], alone[1]), 1e-4);
}

std::vector<LightCase> LightCases() {
  std::vector<LightCase> cases;
  for (const char* name :
       {"resnet50", "vgg19", "inception_v1", "squeezenet", "bvlc_alexnet", "zfnet512"}) {
    for (const int nodes : {2, 3}) cases.push_back({name, nodes});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Networks, LightNetworks, testing::ValuesIn(LightCases()),
                         [](const auto& light) {
                           return fmt::format("{}_on_{}", light.param.name, light.param.nodes);
                         });

}  // namespace
}  // namespace disco
