// SPDX-License-Identifier: Apache-2.0
#include "disco/train/learner.h"

#include <cmath>
#include <cstdlib>

#include "disco/base/random.h"
#include "disco/train/machine.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

constexpr const char* kAverageUpdates = "average_updates";

// Every tensor of a learner under the name that it has in a checkpoint.
template <class Function>
void ForEachTensor(const TorchNetwork& network, const WeightAverage& average,
                   const Optimizer& optimizer, Function&& function) {
  const std::vector<Weight>& weights = network.weights();
  for (const Weight& weight : weights) function("weight/" + weight.name, weight.tensor.detach());
  for (size_t i = 0; i < average.averages().size(); ++i) {
    function("average/" + weights[i].name, average.averages()[i]);
  }
  for (const auto& [name, tensor] : optimizer.states()) function("optimizer/" + name, tensor);
}

}  // namespace

Result<std::unique_ptr<Learner>> Learner::Make(Graph graph, const TrainRecipe& recipe,
                                               const Objective& objective) {
  DISCO_ASSIGN(const OptimizerKind kind, ParseOptimizerKind(recipe.optimizer));
  if (recipe.bf16) DISCO_TRY(TryBf16());
  const size_t answers = graph.outputs.size();
  const std::vector<ValueId> read = TrainingOf(objective.task).loss_reads(graph);
  graph.outputs.insert(graph.outputs.end(), read.begin(), read.end());
  DISCO_ASSIGN(TorchNetwork network, TorchNetwork::Make(std::move(graph)));
  const OptimizerOptions options{kind, recipe.momentum, recipe.weight_decay};
  std::unique_ptr<Learner> learner(new Learner(std::move(network), recipe, objective, options));
  learner->answers_ = answers;
  return learner;
}

Learner::Learner(TorchNetwork network, const TrainRecipe& recipe, const Objective& objective,
                 const OptimizerOptions& options)
    : recipe_(recipe),
      objective_(objective),
      network_(std::move(network)),
      optimizer_(MakeOptimizer(options, network_.weights())),
      average_(recipe.ema, network_.weights()) {}

void Learner::ZeroGradients() {
  for (const Weight& weight : network_.weights()) {
    at::Tensor gradient = weight.tensor.grad();
    if (gradient.defined()) gradient.zero_();
  }
}

std::vector<at::Tensor> Learner::Tensors() const {
  std::vector<at::Tensor> tensors;
  for (const Weight& weight : network_.weights()) tensors.push_back(weight.tensor);
  return tensors;
}

Result<std::vector<at::Tensor>> Learner::Forward(const Batch& batch) {
  const Autocast autocast(recipe_.bf16);
  DISCO_ASSIGN(auto outputs,
               network_.Forward({ViewAsTorch(batch.images)}, ForwardMode::Training()));
  for (at::Tensor& output : outputs) output = output.to(at::kFloat);
  return outputs;
}

Result<LossInputs> Learner::InputsOf(const std::vector<at::Tensor>& outputs,
                                     const Batch& batch) const {
  LossInputs inputs{.values = {outputs.begin() + static_cast<ptrdiff_t>(answers_), outputs.end()},
                    .targets = batch.targets,
                    .label_smoothing = recipe_.label_smoothing};
  if (objective_.teacher) {
    DISCO_ASSIGN(inputs.teacher, objective_.teacher(batch));
  }
  return inputs;
}

Result<StepResult> Learner::Step(const Batch& batch, int64_t step, double learning_rate) {
  at::manual_seed(Random(static_cast<uint64_t>(recipe_.seed), static_cast<uint64_t>(step))());
  DISCO_ASSIGN(const std::vector<at::Tensor> outputs, Forward(batch));
  DISCO_ASSIGN(const LossInputs inputs, InputsOf(outputs, batch));
  return Guarded([&]() -> Result<StepResult> {
    const at::Tensor loss = objective_.loss(inputs);
    const auto meter = DefOf(objective_.task).make_meter();
    meter->Add(AnswersOf(outputs, answers_), batch.targets);
    const StepResult result{loss.item<double>(), meter->Values().front()};
    if (!std::isfinite(result.loss)) {
      return Fail(ErrorKind::kInvalid, "the loss is {}; {}", result.loss, kDivergedAdvice);
    }
    ZeroGradients();
    loss.backward();
    masks_.ApplyToGradients(network_.weights());
    optimizer_->Step(step, learning_rate);
    masks_.Apply(Tensors());
    average_.Update();
    return result;
  });
}

void Learner::Prune(const BoundPlan& bound) {
  if (average_.on()) network_.SetWeights(average_.averages());
  masks_ = WeightMasks(bound, network_.weights());
  masks_.Apply(Tensors());
  average_.Reset();
}

Result<MetricValues> Learner::Evaluate(Loader& loader, const StopQuestion& stop) {
  const AveragedWeights averaged(average_);
  return disco::Evaluate(network_, loader, {objective_.task, answers_}, stop);
}

Status Learner::Recalibrate(Loader& loader, const Recalibration& recalibration,
                            const StopQuestion& stop) {
  DISCO_TRY(disco::Recalibrate(network_, loader, recalibration, stop));
  average_.Reset();
  return {};
}

Status Learner::WriteBack(Graph& graph) {
  DISCO_TRY(CheckFinite());
  const AveragedWeights averaged(average_);
  network_.WriteBack(graph);
  return {};
}

Status Learner::CheckFinite() const {
  Status status;
  ForEachTensor(network_, average_, *optimizer_, [&](const std::string& name, at::Tensor tensor) {
    if (!status || at::isfinite(tensor).all().item<bool>()) return;
    status = Fail(ErrorKind::kInvalid, "'{}' holds NaN or infinity; {}", name, kDivergedAdvice);
  });
  return status;
}

void Learner::Save(Checkpoint& checkpoint) const {
  ForEachTensor(network_, average_, *optimizer_, [&](const std::string& name, at::Tensor tensor) {
    checkpoint.tensors[name] = FromTorch(tensor);
  });
  checkpoint.texts[kAverageUpdates] = fmt::format("{}", average_.updates());
}

Status Learner::Restore(const Checkpoint& checkpoint) {
  Status status;
  ForEachTensor(network_, average_, *optimizer_, [&](const std::string& name, at::Tensor tensor) {
    const auto found = checkpoint.tensors.find(name);
    if (found == checkpoint.tensors.end() || found->second.shape().dims() != tensor.sizes().vec()) {
      status = Fail(ErrorKind::kInvalid, "the checkpoint has no fitting tensor '{}'", name);
    } else {
      tensor.copy_(ViewAsTorch(found->second));
    }
  });
  const auto updates = checkpoint.texts.find(kAverageUpdates);
  if (updates != checkpoint.texts.end()) average_.set_updates(std::atoll(updates->second.c_str()));
  return status;
}

}  // namespace disco
