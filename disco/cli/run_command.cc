// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/session_options.h"
#include "disco/data/metrics.h"
#include "disco/graph/fold_constants.h"
#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx.h"
#include "disco/tensor/npy.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct RunCommand {
  std::string network, image, preprocess, out_folder;
  std::vector<std::string> tensors;
  SessionFlags session;
  int repeat = 1;
  bool json = false;
};

struct Loaded {
  Graph graph;
  std::vector<Tensor> inputs;
};

Result<Loaded> LoadWithImage(const RunCommand& options) {
  DISCO_ASSIGN(Graph graph, LoadNetwork(options.network, 1));
  if (graph.inputs.size() != 1) {
    return Fail(ErrorKind::kUsage, "the network has {} inputs; give each with --tensor",
                graph.inputs.size());
  }
  DISCO_ASSIGN(const Preprocessing preprocessing, PreprocessingFor(graph, options.preprocess));
  DISCO_ASSIGN(const Image image, ReadImage(options.image, DecodeFor(preprocessing)));
  const Tensor picture = ToTensor(image, preprocessing);
  const Shape& wanted = graph.value(graph.inputs[0]).shape;
  if (picture.elements() != wanted.elements()) {
    return Fail(ErrorKind::kUsage, "the network reads {}, --preprocess makes {}", ToString(wanted),
                ToString(picture.shape()));
  }
  return Loaded{std::move(graph), {picture.Reshaped(wanted)}};
}

Result<Loaded> LoadWithTensors(const RunCommand& options) {
  DISCO_ASSIGN(Graph graph, ReadOnnx(options.network));
  if (options.tensors.size() != graph.inputs.size()) {
    return Fail(ErrorKind::kUsage, "the network has {} inputs, {} --tensor were given",
                graph.inputs.size(), options.tensors.size());
  }
  std::vector<std::pair<ValueId, Tensor>> given;
  for (size_t i = 0; i < options.tensors.size(); ++i) {
    const Path path = options.tensors[i];
    DISCO_ASSIGN(Tensor tensor, path.extension() == ".pb" ? ReadTensorProto(path) : ReadNpy(path));
    given.emplace_back(graph.inputs[i], std::move(tensor));
  }
  const std::vector<ValueId> parameters = ParameterInputs(graph);
  std::vector<Tensor> inputs;
  for (auto& [input, tensor] : given) {
    if (std::find(parameters.begin(), parameters.end(), input) != parameters.end()) {
      BindInput(graph, input, std::move(tensor));
      continue;
    }
    Value& value = graph.value(input);
    if (tensor.dtype() != value.dtype) {
      return Fail(ErrorKind::kUsage, "input '{}' is {}, the tensor given is {}", value.name,
                  Name(value.dtype), Name(tensor.dtype()));
    }
    value.shape = tensor.shape();
    inputs.push_back(std::move(tensor));
  }
  DISCO_TRY(InferShapes(graph));
  return Loaded{std::move(graph), std::move(inputs)};
}

// The last float output that looks like one row of scores.
const Tensor* Scores(const std::vector<Tensor>& outputs) {
  for (auto output = outputs.rbegin(); output != outputs.rend(); ++output) {
    if (output->dtype() == DType::kF32 && output->elements() > 1 && output->shape().rank() >= 2 &&
        output->shape()[0] == 1 && output->shape()[1] == output->elements()) {
      return &*output;
    }
  }
  return nullptr;
}

Json TopFive(const Graph& graph, const std::vector<Tensor>& outputs) {
  Json top = Json::array();
  const Tensor* scores = Scores(outputs);
  if (scores == nullptr) return top;
  const std::vector<std::string> names = ClassNamesOf(graph);
  for (const auto& [label, score] : TopK(scores->Data<float>(), 5)) {
    Json entry = {{"class", label}, {"score", score}};
    if (static_cast<size_t>(label) < names.size())
      entry["name"] = names[static_cast<size_t>(label)];
    top.push_back(std::move(entry));
  }
  return top;
}

Result<std::vector<std::string>> WriteOutputs(const Graph& graph,
                                              const std::vector<Tensor>& outputs,
                                              const Path& folder) {
  DISCO_TRY(MakeFolder(folder));
  std::vector<std::string> files;
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string name = graph.value(graph.outputs[i]).name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == ':'; }, '_');
    files.push_back((folder / (name + ".npy")).string());
    DISCO_TRY(WriteNpy(outputs[i], files.back()));
  }
  return files;
}

void Print(const Json& result, const Session& session) {
  for (const Json& entry : result["top"]) {
    const std::string name = entry.contains("name") ? " " + entry["name"].get<std::string>() : "";
    PrintLine(fmt::format("class {}{}: {:.4f}", entry["class"].get<int64_t>(), name,
                          entry["score"].get<double>()));
  }
  for (const Json& file : result["files"]) PrintLine("wrote " + file.get<std::string>());
  PrintLine(fmt::format("{:.2f} ms", result["ms"].get<double>()));
  PrintLine(NodesToTable(session));
}

Status Run(RunCommand& options) {
  if (options.image.empty() == options.tensors.empty())
    return Fail(ErrorKind::kUsage, "give either --input PICTURE or --tensor FILE");
  DISCO_ASSIGN(Loaded loaded,
               options.image.empty() ? LoadWithTensors(options) : LoadWithImage(options));
  DISCO_ASSIGN(const auto session, OpenSession(loaded.graph, options.session));
  std::vector<Tensor> outputs;
  std::vector<double> times;
  for (int i = 0; i < options.repeat; ++i) {
    DISCO_ASSIGN(outputs, session->Infer(loaded.inputs));
    times.push_back(session->last_duration().count());
  }
  Json result = {{"top", TopFive(loaded.graph, outputs)},
                 {"ms", Median(times)},
                 {"nodes", NodesToJson(*session)},
                 {"files", Json::array()}};
  if (!options.out_folder.empty()) {
    DISCO_ASSIGN(result["files"], WriteOutputs(loaded.graph, outputs, options.out_folder));
  }
  if (options.json) {
    PrintLine(result.dump(2));
  } else {
    Print(result, *session);
  }
  return {};
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  AddCommand<RunCommand>(
      app, action, "run", "Run a network once, on one node or on all nodes of a plan",
      [](CLI::App& command, RunCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_option("--input", options.image, "A picture (JPEG or PNG)");
        command.add_option("--tensor", options.tensors,
                           "A raw input (.npy or ONNX .pb); once per input of the network");
        command.add_option("--preprocess", options.preprocess,
                           "How the picture becomes the input, like \"3x224x224 resize=256 "
                           "mean=0.485,0.456,0.406 std=0.229,0.224,0.225\"");
        command.add_option("--out-dir", options.out_folder,
                           "Write every output as .npy into this folder");
        command
            .add_option("--repeat", options.repeat,
                        "Run so many times; the median time is reported")
            ->check(CLI::Range(1, 1000000));
        command.add_flag("--json", options.json, "As JSON");
        AddSessionFlags(command, options.session);
      },
      Run);
}

}  // namespace disco
