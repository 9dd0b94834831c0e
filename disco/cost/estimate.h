// SPDX-License-Identifier: Apache-2.0
// Estimate: what a plan costs on equal nodes and equal links, by closed formulas, before anything
// runs.
//
// Two accountings of the same plan:
//
// paper: as in DISCO (WACV 2024). A layer's communication is its whole input, I * H * W elements,
// of which each node receives the (N-1)/N * (1-S) foreign ones; its computation is
// MACs * (1 - (N-1)/N * S) / N, with S the nominal sparsity of the layer's input. Every mixing op
// counts, also two that read one value, also those that read the image or what is made of it alone.
// L_comm = bytes / link, L_comp = MACs / compute.
//
// sent: what disco's nodes do: the transfers of BoundPlan::traffic, and the MACs of each node's
// shard.
//
// serial: sum of L_comm + L_comp over layers. overlap: sum of max(L_comm, L_comp). A layer that
// communicates pays `message_latency` once. Units: elements, bytes one way, milliseconds. Thread
// rule: pure.
#pragma once

#include <string>
#include <vector>

#include "disco/base/units.h"
#include "disco/plan/bound_plan.h"

namespace disco {

struct Machine {
  Bandwidth link;        // into each node, one direction
  ComputeSpeed compute;  // of each node
  Milliseconds message_latency{0};
};

struct Times {
  Milliseconds serial{0}, overlap{0};
};

struct LayerEstimate {
  std::string name;
  Macs macs;                      // of the whole layer on one machine
  int64_t elements = 0;           // paper: of its input; 0 where no feature could be foreign
  double sparsity = 0;            // paper: nominal S of its input
  Milliseconds comm{0}, comp{0};  // paper
  Bytes sent_bytes;               // sent: received by the busiest node before it can run
  Macs sent_macs;                 // sent: of the busiest node
  Milliseconds sent_comm{0}, sent_comp{0};  // sent
};

struct PaperAccounting {
  Times time;
  double s_comm = 0, s_comp = 0;
  int64_t elements = 0;      // of all layers' inputs, each counted
  double bytes_one_way = 0;  // received by one node
  // Of one node; the image is on every node, so that its readers save nothing by S.
  double node_macs = 0;
};

struct SentAccounting {
  Times time;
  double s_comm = 0;    // 1 - bytes / bytes of the dense plan
  double s_comp = 0;    // 1 - MACs of all nodes / MACs of the network
  Bytes bytes_one_way;  // received by the busiest node
  Bytes bytes_total;
  int64_t messages = 0;
  std::vector<Bytes> sent, received;  // by node
  std::vector<Macs> macs;             // by node
};

struct ReplicatedCost {
  std::string op, reason;
  Bytes gathered;  // by all nodes, because of this op
};

// An op with MACs of whose output not every node owns features.
struct PartialOp {
  std::string op, reason;  // "its 12 features are tied into 3 parts"
  int nodes = 0;           // how many compute it
};

struct Estimate {
  std::vector<LayerEstimate> layers;
  Milliseconds single_node{0};  // the whole network on one node
  Times dense;                  // paper accounting at S = 0
  PaperAccounting paper;
  SentAccounting sent;
  std::vector<ReplicatedCost> replicated;
  std::vector<PartialOp> partial;
};

// In the order of the ops.
std::vector<PartialOp> FindPartialOps(const BoundPlan& bound);

Result<Estimate> EstimateCost(const BoundPlan& bound, const Machine& machine);

// MACs of the part of op `op` that `node` computes.
Macs NodeMacs(const BoundPlan& bound, OpId op, NodeId node);

}  // namespace disco
