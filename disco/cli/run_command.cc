// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/session_options.h"
#include "disco/data/metrics.h"
#include "disco/graph/names.h"
#include "disco/onnx/onnx.h"
#include "disco/op/set_batch.h"
#include "disco/rewrite/fold_constants.h"
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
  Tensor input = picture.Reshaped(graph.value(graph.inputs[0]).shape);
  return Loaded{std::move(graph), {std::move(input)}};
}

bool AreEqualButForBatch(const Shape& a, const Shape& b) {
  return a.rank() == b.rank() && (a == b || std::equal(a.begin() + 1, a.end(), b.begin() + 1));
}

// What `path` holds, if it can be the network's `input`.
Result<Tensor> ReadInput(const Path& path, const Value& input) {
  DISCO_ASSIGN(Tensor tensor, path.extension() == ".pb" ? ReadTensorProto(path) : ReadNpy(path));
  if (tensor.dtype() != input.dtype || !AreEqualButForBatch(tensor.shape(), input.shape)) {
    return Fail(ErrorKind::kUsage, "{} holds {} {}, input '{}' of the network is {} {}",
                path.string(), Name(tensor.dtype()), ToString(tensor.shape()), input.name,
                Name(input.dtype), ToString(input.shape));
  }
  if (tensor.elements() == 0)
    return Fail(ErrorKind::kUsage, "{} holds no elements: {}", path.string(),
                ToString(tensor.shape()));
  if (HoldsNan(tensor))
    PrintWarning(fmt::format(
        "{} holds what is not a number (NaN); kernels that clip make one of it", path.string()));
  return tensor;
}

// Sets the batch of the first input, which the others have to have too.
Status SetBatchFor(const std::vector<Tensor>& inputs, const Path& network, Graph& graph) {
  const bool batched = !inputs.empty() && inputs[0].shape().rank() > 0;
  const int64_t batch = batched ? inputs[0].shape()[0] : BatchOf(graph);
  if (const Status set = SetBatch(graph, batch); !set) return At(network.string(), set.error());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& input = graph.value(graph.inputs[i]);
    if (inputs[i].shape() == input.shape) continue;
    return Fail(ErrorKind::kUsage,
                "--tensor: input '{}' is given as {}, with a batch of {} it has to be {}",
                input.name, ToString(inputs[i].shape()), batch, ToString(input.shape));
  }
  return {};
}

Result<Loaded> LoadWithTensors(const RunCommand& options) {
  DISCO_ASSIGN(Graph graph, ReadNetwork(options.network));
  if (options.tensors.size() != graph.inputs.size()) {
    return Fail(ErrorKind::kUsage, "{} has {} inputs, {} --tensor were given", options.network,
                graph.inputs.size(), options.tensors.size());
  }
  const std::vector<ValueId> all = graph.inputs, parameters = ParameterInputs(graph);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < options.tensors.size(); ++i) {
    DISCO_ASSIGN(Tensor tensor, ReadInput(options.tensors[i], graph.value(all[i])));
    if (std::ranges::find(parameters, all[i]) != parameters.end()) {
      BindInput(graph, all[i], std::move(tensor));
    } else {
      inputs.push_back(std::move(tensor));
    }
  }
  DISCO_TRY(SetBatchFor(inputs, options.network, graph));
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

// The name of a value without what file systems give a meaning to.
std::string FileName(std::string name) {
  const auto special = [](unsigned char c) { return c < ' ' || c == '/' || c == '\\' || c == ':'; };
  std::ranges::replace_if(name, special, '_');
  return name;
}

// One name for each output; those that need no other than their own get it.
std::vector<std::string> FileNames(const Graph& graph) {
  Names names;
  for (const ValueId output : graph.outputs) names.Take(graph.value(output).name);
  std::vector<std::string> files;
  for (const ValueId output : graph.outputs) {
    const std::string& name = graph.value(output).name;
    const std::string file = FileName(name);
    files.push_back((file == name ? file : names.Fresh(file)) + ".npy");
  }
  return files;
}

// One file per output of the network; none without --out-dir.
Result<std::vector<std::string>> OutputFiles(const RunCommand& options, const Graph& graph) {
  std::vector<std::string> files;
  if (options.out_folder.empty()) return files;
  std::vector<Path> inputs = InputFiles(options.network, {options.image, options.session.plan});
  inputs.insert(inputs.end(), options.tensors.begin(), options.tensors.end());
  for (const std::string& name : FileNames(graph)) {
    files.push_back((Path(options.out_folder) / name).string());
    DISCO_TRY(KeepInputs(files.back(), "--out-dir", inputs));
    DISCO_TRY(CheckWritable(files.back()));
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
  PrintNodes(session);
}

Status Run(RunCommand& options) {
  if (options.image.empty() == options.tensors.empty())
    return Fail(ErrorKind::kUsage, "give either --input PICTURE or --tensor FILE");
  DISCO_ASSIGN(Loaded loaded,
               options.image.empty() ? LoadWithTensors(options) : LoadWithImage(options));
  DISCO_ASSIGN(const std::vector<std::string> files, OutputFiles(options, loaded.graph));
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
                 {"files", files}};
  for (size_t i = 0; i < files.size(); ++i) DISCO_TRY(WriteNpy(outputs[i], files[i]));
  if (options.json) {
    PrintJson(std::move(result));
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
        command
            .add_option("--out-dir", options.out_folder,
                        "Write every output as .npy into this folder")
            ->check(NotEmpty);
        command
            .add_option("--repeat", options.repeat,
                        "Run so many times; the median time is reported")
            ->check(CLI::Range(1, 1000000));
        AddJsonFlag(command, options.json);
        AddSessionFlags(command, options.session);
      },
      Run);
}

}  // namespace disco
