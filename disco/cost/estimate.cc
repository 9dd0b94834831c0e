// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/estimate.h"

#include <algorithm>

#include "disco/op/work.h"

namespace disco {
namespace {

// Sums of the paper's accounting over layers.
struct PaperSums {
  double elements = 0, kept_elements = 0, macs = 0, kept_macs = 0;
};

class Estimator {
 public:
  Estimator(const BoundPlan& bound, const Machine& machine)
      : bound_(bound),
        graph_(bound.graph()),
        plan_(bound.plan()),
        machine_(machine),
        waited_for_(WaitedFor()),
        of_image_(MadeOfImage()) {}

  Result<Estimate> Run() {
    for (const Op& op : graph_.ops) {
      const Bytes waited = waited_for_[static_cast<size_t>(OpIdOf(op))];
      if (MacsOf(graph_, op).value > 0 || waited.value > 0) AddLayer(op);
    }
    estimate_.single_node = machine_.compute.Time(static_cast<double>(MacsOf(graph_).value));
    FinishPaper();
    DISCO_TRY(FinishSent());
    AddReplicated();
    estimate_.partial = FindPartialOps(bound_);
    return std::move(estimate_);
  }

 private:
  OpId OpIdOf(const Op& op) const { return static_cast<OpId>(&op - graph_.ops.data()); }
  double others() const { return static_cast<double>(plan_.nodes - 1) / plan_.nodes; }
  Milliseconds Latency(bool communicates) const {
    return communicates && plan_.nodes > 1 ? machine_.message_latency : Milliseconds(0);
  }

  // An input of the network, or made of inputs and constants alone and whole on every node.
  bool OfImage(ValueId value) const { return of_image_[static_cast<size_t>(value)]; }

  std::vector<bool> MadeOfImage() const {
    std::vector<bool> made(graph_.values.size(), false);
    for (const ValueId input : graph_.inputs) made[static_cast<size_t>(input)] = true;
    const auto fits = [&](ValueId input) {
      return input == kNoValue || graph_.IsConstant(input) || made[static_cast<size_t>(input)];
    };
    for (const Op& op : graph_.ops) {
      if (!std::all_of(op.inputs.begin(), op.inputs.end(), fits)) continue;
      for (const ValueId output : op.outputs) {
        if (output != kNoValue && bound_.part(output) == nullptr)
          made[static_cast<size_t>(output)] = true;
      }
    }
    return made;
  }

  double NominalSparsity(const Op& op) const {
    if (OfImage(op.inputs[0])) return plan_.image_sparsity;
    const ValuePlan* input = bound_.part(op.inputs[0]);
    return input == nullptr ? 0 : input->sparsity;
  }

  static void Add(Times& times, Milliseconds comm, Milliseconds comp) {
    times.serial += comm + comp;
    times.overlap += std::max(comm, comp);
  }

  void AddLayer(const Op& op) {
    LayerEstimate layer{.name = op.name, .macs = MacsOf(graph_, op)};
    AddPaper(op, layer);
    AddSent(op, layer);
    estimate_.layers.push_back(std::move(layer));
  }

  void AddPaper(const Op& op, LayerEstimate& layer) {
    const bool mixing = IsMixing(graph_, op);
    const bool split = !op.outputs.empty() && bound_.part(op.outputs[0]) != nullptr;
    const double macs = static_cast<double>(layer.macs.value);
    if (mixing) {
      layer.elements = graph_.value(op.inputs[0]).shape.elements();
      layer.sparsity = NominalSparsity(op);
    }
    const auto elements = static_cast<double>(layer.elements);
    const double node_macs = split ? macs * (1 - others() * layer.sparsity) / plan_.nodes : macs;
    const double bytes = others() * (1 - layer.sparsity) * elements * sizeof(float);
    layer.comm = machine_.link.Time(bytes) + Latency(bytes > 0);
    layer.comp = machine_.compute.Time(node_macs);
    Add(estimate_.paper.time, layer.comm, layer.comp);
    const double dense_bytes = others() * elements * sizeof(float);
    Add(estimate_.dense, machine_.link.Time(dense_bytes) + Latency(dense_bytes > 0),
        machine_.compute.Time(split ? macs / plan_.nodes : macs));
    const bool reads_image = mixing && split && OfImage(op.inputs[0]);
    estimate_.paper.node_macs += reads_image ? macs / plan_.nodes : node_macs;
    estimate_.paper.bytes_one_way += bytes;
    sums_.elements += elements;
    sums_.kept_elements += elements * (1 - layer.sparsity);
    sums_.macs += macs;
    sums_.kept_macs += macs * (1 - others() * layer.sparsity);
  }

  // Bytes the busiest node waits for before each op: a node waits for a value once, before the
  // first of its ops that reads foreign features of it.
  std::vector<Bytes> WaitedFor() const {
    std::vector<std::vector<Bytes>> waits(graph_.ops.size(),
                                          std::vector<Bytes>(static_cast<size_t>(plan_.nodes)));
    for (const Transfer& transfer : bound_.traffic()) {
      waits[static_cast<size_t>(FirstReader(transfer))][static_cast<size_t>(transfer.to)] +=
          transfer.size;
    }
    std::vector<Bytes> most;
    for (const auto& of_nodes : waits)
      most.push_back(*std::max_element(of_nodes.begin(), of_nodes.end()));
    return most;
  }

  // There is one: a transfer exists because some op of the receiver reads it.
  OpId FirstReader(const Transfer& transfer) const {
    const CrossReaders& readers = bound_.readers(transfer.value);
    auto first = static_cast<OpId>(graph_.ops.size() - 1);
    for (const auto* ops : {&readers.mixing, &readers.replicated}) {
      for (const OpId op : *ops) {
        if (bound_.Runs(op, transfer.to)) first = std::min(first, op);
      }
    }
    return first;
  }

  void AddSent(const Op& op, LayerEstimate& layer) {
    layer.sent_bytes = waited_for_[static_cast<size_t>(OpIdOf(op))];
    estimate_.sent.macs.resize(static_cast<size_t>(plan_.nodes));
    for (NodeId node = 0; node < plan_.nodes; ++node) {
      const Macs macs = NodeMacs(bound_, OpIdOf(op), node);
      layer.sent_macs = std::max(layer.sent_macs, macs);
      estimate_.sent.macs[static_cast<size_t>(node)] += macs;
    }
    layer.sent_comm = machine_.link.Time(static_cast<double>(layer.sent_bytes.value)) +
                      Latency(layer.sent_bytes.value > 0);
    layer.sent_comp = machine_.compute.Time(static_cast<double>(layer.sent_macs.value));
    Add(estimate_.sent.time, layer.sent_comm, layer.sent_comp);
  }

  void FinishPaper() {
    if (sums_.elements > 0) estimate_.paper.s_comm = 1 - sums_.kept_elements / sums_.elements;
    if (sums_.macs > 0) estimate_.paper.s_comp = 1 - sums_.kept_macs / sums_.macs;
    estimate_.paper.elements = static_cast<int64_t>(sums_.elements);
  }

  Status FinishSent() {
    SentAccounting& sent = estimate_.sent;
    Macs all;
    for (NodeId node = 0; node < plan_.nodes; ++node) {
      sent.sent.push_back(SentBytes(bound_.traffic(), node));
      sent.received.push_back(ReceivedBytes(bound_.traffic(), node));
      sent.bytes_one_way = std::max(sent.bytes_one_way, sent.received.back());
      all += sent.macs.empty() ? Macs{} : sent.macs[static_cast<size_t>(node)];
    }
    sent.bytes_total = TotalBytes(bound_.traffic());
    sent.messages = static_cast<int64_t>(bound_.traffic().size());
    DISCO_ASSIGN(const BoundPlan densified, bound_.With(Densified()));
    const Bytes dense = TotalBytes(densified.traffic());
    if (dense.value > 0)
      sent.s_comm =
          1 - static_cast<double>(sent.bytes_total.value) / static_cast<double>(dense.value);
    if (sums_.macs > 0) sent.s_comp = 1 - static_cast<double>(all.value) / sums_.macs;
    return {};
  }

  // The same owners, nothing pruned.
  Plan Densified() const {
    Plan dense = plan_;
    for (auto& [name, value] : dense.values) {
      for (size_t to = 0; to < value.kept.size(); ++to) {
        value.kept[to].clear();
        for (size_t feature = 0; feature < value.owner.size(); ++feature) {
          if (value.owner[feature] != static_cast<NodeId>(to))
            value.kept[to].push_back(static_cast<int64_t>(feature));
        }
      }
    }
    return dense;
  }

  void AddReplicated() {
    for (const ReplicatedOp& replicated : bound_.coupling().replicated) {
      const Op& op = graph_.op(replicated.op);
      ReplicatedCost cost{op.name, replicated.reason, {}};
      for (const Transfer& transfer : bound_.traffic()) {
        if (std::find(op.inputs.begin(), op.inputs.end(), transfer.value) != op.inputs.end())
          cost.gathered += transfer.size;
      }
      estimate_.replicated.push_back(std::move(cost));
    }
  }

  const BoundPlan& bound_;
  const Graph& graph_;
  const Plan& plan_;
  const Machine& machine_;
  std::vector<Bytes> waited_for_;  // by op
  std::vector<bool> of_image_;     // by ValueId
  PaperSums sums_;
  Estimate estimate_;
};

}  // namespace

Result<Estimate> EstimateCost(const BoundPlan& bound, const Machine& machine) {
  return Estimator(bound, machine).Run();
}

}  // namespace disco
