// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/base/interrupt.h"
#include "disco/base/progress.h"
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/session_options.h"
#include "disco/data/class_names.h"
#include "disco/data/loader.h"
#include "disco/data/task.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

struct EvalCommand {
  std::string network, preprocess;
  DatasetSpec data{.split = "val"};
  SessionFlags session;
  int64_t batch = 1;
  bool json = false;
};

constexpr Task kTask = Task::kClassification;

struct Evaluation {
  std::unique_ptr<Meter> meter = DefOf(kTask).make_meter();
  std::vector<double> batch_ms;
};

// The network's batch is fixed: a last, smaller batch is filled up with nothing.
Tensor Filled(const Tensor& images, const Shape& shape) {
  if (images.shape() == shape) return images;
  Tensor filled(DType::kF32, shape);
  const auto data = images.Data<float>();
  std::copy(data.begin(), data.end(), filled.MutableData<float>().begin());
  return filled;
}

// Scores that the network gives for one picture.
Result<int64_t> CountAnswers(const Graph& graph, int64_t batch) {
  if (graph.outputs.empty())
    return Fail(ErrorKind::kInvalid, "the network has no output; eval needs one of scores");
  const Value& output = graph.value(graph.outputs[0]);
  const Shape& shape = output.shape;
  if (output.dtype != DType::kF32 || shape.rank() < 2 || shape[0] != batch ||
      shape[0] * shape[1] != shape.elements()) {
    return Fail(ErrorKind::kInvalid,
                "output '{}' ({}, of shape {}) does not give one score per class, {} pictures at "
                "a time",
                output.name, Name(output.dtype), ToString(shape), batch);
  }
  return shape[1];
}

Result<Evaluation> Evaluate(const Graph& graph, Session& session, Loader& loader, int64_t images) {
  Evaluation evaluation;
  Progress progress("eval", "images", images);
  const Shape& shape = graph.value(graph.inputs[0]).shape;
  loader.StartEpoch(0);
  while (!Interrupted()) {
    DISCO_ASSIGN(const std::optional<Batch> batch, loader.Next());
    if (!batch) break;
    const Tensor inputs[] = {Filled(batch->images, shape)};
    DISCO_ASSIGN(const std::vector<Tensor> outputs, session.Infer(inputs));
    evaluation.batch_ms.push_back(session.last_duration().count());
    const auto count = static_cast<int64_t>(batch->targets.size());
    std::vector<int64_t> rows(static_cast<size_t>(count));
    for (int64_t row = 0; row < count; ++row) rows[static_cast<size_t>(row)] = row;
    const Tensor scores = outputs[0].Reshaped({shape[0], outputs[0].elements() / shape[0]});
    const Tensor answers[] = {Gather(scores, 0, rows)};
    evaluation.meter->Add(answers, batch->targets);
    progress.Update(evaluation.meter->images(),
                    ToString(DefOf(kTask).metric(), evaluation.meter->Values().front()));
  }
  if (Interrupted())
    return Fail(ErrorKind::kInterrupted, "stopped after {} of {} images",
                evaluation.meter->images(), images);
  return evaluation;
}

// The data set with the classes of the network.
Result<std::shared_ptr<const Dataset>> OpenMatched(const EvalCommand& options, const Graph& graph) {
  DISCO_ASSIGN(const int64_t answers, CountAnswers(graph, options.batch));
  DISCO_ASSIGN(std::shared_ptr<const Dataset> dataset, OpenDataset(options.data));
  return MatchClasses(dataset, {ClassNamesOf(graph), answers},
                      fmt::format("{} ({})", options.data.source, options.data.split));
}

std::vector<std::string> WarningsOf(const Dataset& dataset, const Meter& meter) {
  std::vector<std::string> warnings = dataset.notes();
  if (meter.nan_images() == 0) return warnings;
  warnings.push_back(fmt::format("{} of {} images were answered with NaN, which is never right",
                                 meter.nan_images(), meter.images()));
  return warnings;
}

nlohmann::ordered_json MetricsToJson(const MetricValues& values) {
  const TaskDef& task = DefOf(kTask);
  nlohmann::ordered_json json = {{"task", task.name},
                                 {"metric", task.metric().name},
                                 {"higher_is_better", task.metric().higher_is_better}};
  for (size_t i = 0; i < values.size(); ++i) json[KeyOf(task, i)] = values[i];
  return json;
}

Status Run(EvalCommand& options) {
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network, options.batch));
  if (graph.inputs.size() != 1)
    return Fail(ErrorKind::kUsage, "eval needs a network with one input; this one has {}",
                graph.inputs.size());
  DISCO_ASSIGN(const Preprocessing preprocessing, PreprocessingFor(graph, options.preprocess));
  options.data.decode = DecodeFor(preprocessing);
  DISCO_ASSIGN(const auto dataset, OpenMatched(options, graph));
  CatchInterrupts();
  Loader loader(
      dataset,
      {.preprocessing = preprocessing, .batch_size = options.batch, .on_warning = PrintWarning});
  DISCO_ASSIGN(const auto session, OpenSession(graph, options.session));
  DISCO_ASSIGN(const Evaluation evaluation, Evaluate(graph, *session, loader, dataset->size()));
  const Meter& meter = *evaluation.meter;
  const std::vector<std::string> warnings = WarningsOf(*dataset, meter);
  for (const std::string& warning : warnings) PrintWarning(warning);
  const double median = Median(evaluation.batch_ms);
  if (options.json) {
    nlohmann::ordered_json json = MetricsToJson(meter.Values());
    json.update({{"images", meter.images()},
                 {"batch", options.batch},
                 {"batch_ms_median", median},
                 {"warnings", warnings},
                 {"nodes", NodesToJson(*session)}});
    PrintJson(json);
    return {};
  }
  PrintLine(fmt::format("{}  over {} images, {:.2f} ms per batch of {}",
                        ToString(DefOf(kTask), meter.Values()), meter.images(), median,
                        options.batch));
  PrintNodes(*session);
  return {};
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  AddCommand<EvalCommand>(
      app, action, "eval",
      "Accuracy of a network on a data set, on one node or on all nodes of a plan",
      [](CLI::App& command, EvalCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command
            .add_option("--data", options.data.source,
                        "synthetic, or a folder: images by class, CIFAR binary, IDX")
            ->required();
        command.add_option("--split", options.data.split, "train or val");
        command.add_option("--limit", options.data.limit, "So many images only, drawn by --seed");
        command.add_option("--seed", options.data.seed, "Seed of synthetic data and of --limit")
            ->check(AnySeed());
        command.add_option("--batch", options.batch, "Images at a time")
            ->check(CLI::Range(1, 4096));
        command.add_option("--preprocess", options.preprocess,
                           "How pictures become the input, if the network's file does not say");
        AddJsonFlag(command, options.json);
        AddSessionFlags(command, options.session);
      },
      Run);
}

}  // namespace disco
