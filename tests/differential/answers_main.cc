// SPDX-License-Identifier: Apache-2.0
// What disco answers to the cases of generate.py: every plan of a case on both kernels, in memory
// and over TCP.
//
// Reads paths of case folders from standard input, one a line. Into each folder go, for plan P,
// plan-P.json, masked-P.onnx (the network with the plan's mask, as disco writes it) and, for nodes
// in memory with either kernel and nodes behind TCP, P-PART.bin: the outputs one after another.
// Prints one line of JSON before and after each run, so that whoever reads them knows what was
// running when the program ends early.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "disco/base/random.h"
#include "disco/node/loopback_nodes.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/set_batch.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"
#include "disco/tensor/npy.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

constexpr Milliseconds kPatience{60000};  // no verdict depends on it
constexpr size_t kMostNodes = 3;          // of generate.py's plans

struct Case {
  Path folder;
  Graph graph;
  std::vector<Tensor> inputs;
  Json plans;
};

// Files that are read once and thrown away: written without the flush to disk of WriteFile.
void WriteQuickly(const Path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

void Print(const Json& line) { std::cout << line.dump() << std::endl; }

Result<Case> ReadCase(const Path& folder) {
  Case read{.folder = folder};
  DISCO_ASSIGN(read.graph, ReadOnnx(folder / "network.onnx"));
  DISCO_ASSIGN(const std::string text, ReadFile(folder / "case.json"));
  read.plans = Json::parse(text).at("plans");
  bool as_in_file = true;
  for (size_t i = 0; i < read.graph.inputs.size(); ++i) {
    DISCO_ASSIGN(Tensor input, ReadNpy(folder / fmt::format("input{}.npy", i)));
    as_in_file &= input.shape() == read.graph.value(read.graph.inputs[i]).shape;
    read.inputs.push_back(std::move(input));
  }
  DISCO_TRY(as_in_file ? InferShapes(read.graph)
                       : SetBatch(read.graph, read.inputs.at(0).shape()[0]));
  return read;
}

Result<Plan> PlanFor(const Graph& graph, const Json& drawn) {
  DISCO_ASSIGN(const MethodChoice method, ParseMethod(drawn.at("method").get<std::string>()));
  const PlanOptions options{.nodes = drawn.at("nodes"),
                            .shares = drawn.at("shares"),
                            .method = method,
                            .sparsity = drawn.at("sparsity"),
                            .allow_empty = drawn.at("allow_empty"),
                            .seed = drawn.at("seed")};
  DISCO_ASSIGN(Plan plan, MakePlan(graph, options));
  Random random(options.seed, 1);
  for (auto& [name, value] : plan.values) {
    const bool split =
        drawn.at("call") == "mixed" ? random.Uniform() < 0.5 : drawn.at("call") == "split";
    value.call = split ? MixingCall::kSplit : MixingCall::kFused;
    value.with_next = value.read_foreign && random.Uniform() < 0.5;
  }
  return plan;
}

Json Described(const std::vector<Tensor>& tensors) {
  Json described = Json::array();
  for (const Tensor& tensor : tensors)
    described.push_back({{"dtype", Name(tensor.dtype())}, {"shape", tensor.shape().dims()}});
  return described;
}

// The op in which a node says that a number overflowed or a NaN may have been clipped, if one does.
std::optional<std::string> OverflowOf(const Session& session) {
  for (const NodeStatistics& node : session.statistics()) {
    if (node.overflows > 0) return node.overflow_op;
  }
  return std::nullopt;
}

// The second answer: a step that spoils what the next inference reads shows in it.
Result<Json> Answer(const Case& read, Result<std::unique_ptr<Session>> session, const Path& file) {
  DISCO_TRY(session.map([](const auto&) {}));
  DISCO_TRY((*session)->Infer(read.inputs).map([](const std::vector<Tensor>&) {}));
  DISCO_ASSIGN(const std::vector<Tensor> outputs, (*session)->Infer(read.inputs));
  std::string bytes;
  for (const Tensor& tensor : outputs)
    bytes.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.size_bytes());
  WriteQuickly(read.folder / file, bytes);
  Json answer{{"outputs", Described(outputs)}};
  if (const auto op = OverflowOf(**session)) answer["overflow"] = *op;
  return answer;
}

Result<Json> WritePlanned(const Case& read, const Plan& plan, size_t number) {
  WriteQuickly(read.folder / fmt::format("plan-{}.json", number), PlanToJson(plan));
  Graph masked = read.graph;
  ApplyMask(masked, plan);
  DISCO_ASSIGN(const std::string file, SerializeOnnx(masked));
  WriteQuickly(read.folder / fmt::format("masked-{}.onnx", number), file);
  return Json::object();
}

// Runs `step` between two lines that name it.
template <class Step>
void Tell(Json what, Step&& step) {
  Print({{"begins", what}});
  const Result<Json> result = step();
  if (result) {
    what.update(*result);
  } else {
    what["error"] = result.error().message;
    what["unsupported"] = result.error().kind == ErrorKind::kUnsupported;
  }
  Print({{"ends", what}});
}

void RunPlan(const Case& read, size_t number, const std::vector<Endpoint>& nodes) {
  const Result<Plan> plan = PlanFor(read.graph, read.plans[number]);
  const auto tell = [&](std::string_view part, auto&& step) {
    Tell({{"case", read.folder.filename()}, {"plan", number}, {"part", part}}, step);
  };
  const auto answer = [&](std::string_view part, auto&& open) {
    tell(part, [&] { return Answer(read, open(), fmt::format("{}-{}.bin", number, part)); });
  };
  tell("plan", [&] { return plan.map([](const Plan&) { return Json::object(); }); });
  if (!plan) return;
  tell("written", [&] { return WritePlanned(read, *plan, number); });
  const SessionOptions fast{.program = {.kernel = KernelKind::kOneDnn}, .deadline = kPatience};
  const SessionOptions plain{.program = {.kernel = KernelKind::kReference}, .deadline = kPatience};
  answer("reference", [&] { return Session::OpenLocal(read.graph, *plan, plain); });
  answer("onednn", [&] { return Session::OpenLocal(read.graph, *plan, fast); });
  // Here the shards are files that a node reads.
  const std::vector<Endpoint> some(nodes.begin(), nodes.begin() + plan->nodes);
  answer("tcp",
         [&] { return Session::Connect(read.graph, *plan, some, number % 2 == 0 ? plain : fast); });
}

void RunCase(const Path& folder, const std::vector<Endpoint>& nodes) {
  Result<Case> read = Case{};
  Tell({{"case", folder.filename()}, {"part", "read"}}, [&]() -> Result<Json> {
    read = ReadCase(folder);
    return read.map([](const Case&) { return Json::object(); });
  });
  if (!read) return;
  for (size_t number = 0; number < read->plans.size(); ++number) RunPlan(*read, number, nodes);
}

Status RunAll() {
  DISCO_ASSIGN(const auto nodes,
               LoopbackNodes::Start(std::vector<NodeLimits>(kMostNodes, {.patience = kPatience})));
  for (std::string folder; std::getline(std::cin, folder);) RunCase(folder, nodes->endpoints());
  return {};
}

}  // namespace
}  // namespace disco

int main() {
  const disco::Status ran = disco::RunAll();
  if (!ran) std::cerr << ran.error().message << '\n';
  return ran ? 0 : 1;
}
