// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/check_fit.h"

#include <map>

namespace disco {
namespace {

// Holds a plan against a network, value by value.
class Fitting {
 public:
  explicit Fitting(const BoundPlan& bound) : bound_(bound) {}

  Status Check() {
    const auto values = static_cast<ValueId>(bound_.graph().values.size());
    for (ValueId value = 0; value < values; ++value) DISCO_TRY(CheckValue(value));
    return {};
  }

 private:
  Status CheckValue(ValueId value) {
    const ValuePlan* part = bound_.part(value);
    if (!bound_.coupling().IsPartitioned(value)) {
      return part == nullptr ? Status()
                             : Misfit(value, "the plan splits it, but it cannot be split");
    }
    if (part == nullptr) return Misfit(value, "the plan does not know it");
    DISCO_TRY(CheckOwners(value, *part));
    return CheckKept(value, *part);
  }

  Status CheckOwners(ValueId value, const ValuePlan& part) {
    const ValueFeatures& features = bound_.coupling().features(value);
    if (part.axis != features.axis || part.owner.size() != features.atoms.size()) {
      return Misfit(
          value, fmt::format("the plan has {} features on axis {}, the network {} on axis {}",
                             part.owner.size(), part.axis, features.atoms.size(), features.axis));
    }
    for (size_t feature = 0; feature < features.atoms.size(); ++feature) {
      const NodeId owner = part.owner[feature];
      if (owner < 0 || owner >= bound_.nodes())
        return Misfit(value, fmt::format("there is no node {}", owner));
      if (owners_.try_emplace(features.atoms[feature], owner).first->second != owner)
        return Misfit(value, fmt::format("feature {} is tied to one of another node", feature));
    }
    return {};
  }

  Status CheckKept(ValueId value, const ValuePlan& part) const {
    const bool is_read = bound_.nodes() > 1 && bound_.readers(value).any();
    if (!is_read && (part.read_foreign || !part.kept.empty()))
      return Misfit(value, "it keeps features that no other node reads");
    if (is_read != part.read_foreign)
      return Misfit(value, "it does not say which features other nodes read");
    if (!is_read) return {};
    if (const Status wire = CheckWire(part.wire, static_cast<int64_t>(part.owner.size())); !wire)
      return Misfit(value, wire.error().message);
    if (static_cast<int>(part.kept.size()) != bound_.nodes())
      return Misfit(value, "it has no list per node");
    for (NodeId to = 0; to < bound_.nodes(); ++to) {
      int64_t last = -1;
      for (const int64_t feature : part.kept[static_cast<size_t>(to)]) {
        if (feature <= last || feature >= static_cast<int64_t>(part.owner.size())) {
          return Misfit(value,
                        fmt::format("feature {} of node {} is out of order or range", feature, to));
        }
        if (part.owner[static_cast<size_t>(feature)] == to)
          return Misfit(value, fmt::format("feature {} is node {}'s own", feature, to));
        last = feature;
      }
    }
    return {};
  }

  tl::unexpected<Error> Misfit(ValueId value, const std::string& what) const {
    const OpId producer = bound_.index().producer(value);
    return Fail(ErrorKind::kInvalid,
                "the plan does not fit op '{}' (value '{}'): {}; make a new plan for this network",
                producer == GraphIndex::kNoOp ? "?" : bound_.graph().op(producer).name,
                bound_.graph().value(value).name, what);
  }

  const BoundPlan& bound_;
  std::map<AtomId, NodeId> owners_;
};

}  // namespace

Status CheckFit(const BoundPlan& bound) {
  if (bound.nodes() < 1 || bound.nodes() > kMaxNodes) {
    return Fail(ErrorKind::kInvalid, "the plan is for {} nodes; between 1 and {} are possible",
                bound.nodes(), kMaxNodes);
  }
  return Fitting(bound).Check();
}

Status CheckNames(const Plan& plan, const std::set<std::string_view>& known) {
  for (const auto& [name, part] : plan.values) {
    if (known.contains(name)) continue;
    return Fail(ErrorKind::kInvalid,
                "the plan splits value '{}', which the network does not have; make a new plan for "
                "this network",
                name);
  }
  return {};
}

}  // namespace disco
