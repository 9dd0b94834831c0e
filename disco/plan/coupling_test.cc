// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/coupling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Atoms of a value, numbered anew from 0 in the order in which those of `names` first appear.
class Atoms {
 public:
  explicit Atoms(const Graph& graph) : graph_(graph), coupling_(AnalyseCoupling(graph)) {}

  std::vector<int> operator()(const std::string& name) {
    std::vector<int> numbers;
    const ValueId value = IdOf(graph_, name);
    if (!coupling_.IsPartitioned(value)) return numbers;
    for (const AtomId atom : coupling_.features(value).atoms)
      numbers.push_back(seen_.try_emplace(atom, static_cast<int>(seen_.size())).first->second);
    return numbers;
  }
  int Axis(const std::string& name) const { return coupling_.features(IdOf(graph_, name)).axis; }
  std::string WhyWhole(const std::string& op) const {
    for (const ReplicatedOp& replicated : coupling_.replicated) {
      if (graph_.op(replicated.op).name == op) return replicated.reason;
    }
    return "";
  }
  bool NothingReplicated() const { return coupling_.replicated.empty(); }

 private:
  const Graph& graph_;
  Coupling coupling_;
  std::map<AtomId, int> seen_;
};

TEST(Coupling, AConvStartsFreshAtomsAndAnActivationCarriesThem) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 3);
  const Graph graph = sketch.Finish({sketch.Conv("b", sketch.Relu("relu", a), 2)});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("input"), IsEmpty()) << "the image is whole on every node";
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1, 2));
  EXPECT_THAT(atoms("relu"), ElementsAre(0, 1, 2));
  EXPECT_THAT(atoms("b"), ElementsAre(3, 4));
  EXPECT_TRUE(atoms.NothingReplicated());
}

TEST(Coupling, AResidualAddTiesBothOperands) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2);
  const ValueId b = sketch.Conv("b", sketch.Conv("inner", a, 2), 2);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kAdd, "add", {b, a})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("b"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("add"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("inner"), ElementsAre(2, 3));
}

TEST(Coupling, AGatePerFeatureIsTiedToWhatItGates) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2);
  const ValueId pool = sketch.Op(OpType::kGlobalAveragePool, "pool", {a});
  const ValueId gate = sketch.Conv("gate", pool, 2);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kMul, "mul", {a, gate})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("gate"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("mul"), ElementsAre(0, 1));
}

TEST(Coupling, AMapThatBroadcastsOverFeaturesIsGathered) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 3, 4, 4});
  const ValueId a = sketch.Conv("a", input, 4);
  const ValueId attention = sketch.Conv("attention", input, 1);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kMul, "mul", {a, attention})});
  Atoms atoms(graph);
  EXPECT_EQ(atoms.WhyWhole("mul"), "it spreads one feature over all those of its other operand");
  EXPECT_THAT(atoms("mul"), IsEmpty());
}

TEST(Coupling, DepthwiseTiesEachInputToItsOutputs) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2);
  const Graph graph = sketch.Finish({sketch.Conv("wide", a, 4, {.kernel = 3, .group = 2})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("wide"), ElementsAre(0, 0, 1, 1));
}

TEST(Coupling, AGroupIsOneAtom) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 4);
  const Graph graph = sketch.Finish({sketch.Conv("grouped", a, 6, {.group = 2})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(atoms("grouped"), ElementsAre(0, 0, 0, 1, 1, 1));
}

TEST(Coupling, AGroupOverTheImageTiesItsOutputsOnly) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 4, 4, 4});
  const Graph graph = sketch.Finish({sketch.Conv("grouped", input, 4, {.group = 2})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("input"), IsEmpty());
  EXPECT_THAT(atoms("grouped"), ElementsAre(0, 0, 1, 1));
}

TEST(Coupling, ConcatOfPartsCarriesBothAndTheImageIsFree) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 2, 4, 4});
  const ValueId a = sketch.Conv("a", input, 2), b = sketch.Conv("b", input, 1);
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kConcat, "concat", {b, input, a}, AxisParams{-3})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("b"), ElementsAre(2));
  EXPECT_THAT(atoms("concat"), ElementsAre(2, 3, 4, 0, 1));
}

TEST(Coupling, ConcatOverPositionsTiesEqualFeatures) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 2, 4, 4});
  const ValueId a = sketch.Conv("a", input, 2), b = sketch.Conv("b", input, 2);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kConcat, "concat", {a, b}, AxisParams{2})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("b"), ElementsAre(0, 1));
}

TEST(Coupling, FlattenRepeatsAFeatureForEachPosition) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 1, 2}), 3);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kFlatten, "flat", {a}, AxisParams{1})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1, 2));
  EXPECT_THAT(atoms("flat"), ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST(Coupling, ReshapeIntoGroupsTiesWhatFallsTogether) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 4);
  const ValueId shape = sketch.Indices("shape", {0, 2, 2, 2, 2});
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kReshape, "groups", {a, shape}, ReshapeParams{})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(atoms("groups"), ElementsAre(0, 1));
}

TEST(Coupling, UnsqueezeAndSqueezeCarryFeaturesOneToOne) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 4);
  const ValueId axes = sketch.Indices("axes", {1});
  const ValueId wide = sketch.Op(OpType::kUnsqueeze, "wide", {a, axes});
  const ValueId back = sketch.Op(OpType::kSqueeze, "back", {wide, axes});
  const Graph graph = sketch.Finish({sketch.Conv("b", back, 2)});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(atoms.Axis("wide"), 2);
  EXPECT_THAT(atoms("wide"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(atoms.Axis("back"), 1);
  EXPECT_THAT(atoms("back"), ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(atoms.NothingReplicated());
}

TEST(Coupling, TransposeMovesTheAxisAndGatherReordersFeatures) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 3);
  const ValueId last = sketch.Op(OpType::kTranspose, "last", {a}, TransposeParams{{0, 2, 3, 1}});
  const ValueId order = sketch.Indices("order", {2, 0, 0});
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kGather, "gather", {last, order}, AxisParams{-1})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1, 2));
  EXPECT_EQ(atoms.Axis("last"), 3);
  EXPECT_EQ(atoms.Axis("gather"), 3);
  EXPECT_THAT(atoms("gather"), ElementsAre(2, 0, 0));
}

TEST(Coupling, GatherOfPositionsKeepsFeatures) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2);
  const ValueId rows = sketch.Indices("rows", {0, 3});
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kGather, "gather", {a, rows}, AxisParams{2})});
  Atoms atoms(graph);
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1));
  EXPECT_THAT(atoms("gather"), ElementsAre(0, 1));
}

// What has no rule is gathered, says why, and gives a whole output.
struct Whole {
  const char* reason;
  ValueId (*append)(Sketch&, ValueId);  // appends op "op" to a map [1, 4, 4, 4]
};
void PrintTo(const Whole& whole, std::ostream* out) { *out << whole.reason; }

class WholeOps : public testing::TestWithParam<Whole> {};

TEST_P(WholeOps, GiveTheirReason) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({2, 3, 4, 4}), 4);
  const Graph graph = sketch.Finish({GetParam().append(sketch, a)});
  Atoms atoms(graph);
  EXPECT_EQ(atoms.WhyWhole("op"), GetParam().reason);
  EXPECT_THAT(atoms("op"), IsEmpty());
  EXPECT_THAT(atoms("a"), ElementsAre(0, 1, 2, 3));
}

INSTANTIATE_TEST_SUITE_P(
    All, WholeOps,
    testing::Values(
        Whole{"it normalises over neighbouring features",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kLrn, "op", {x}, LrnParams{.size = 3});
              }},
        Whole{"it normalises over all features",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kSoftmax, "op", {x}, SoftmaxParams{-3});
              }},
        Whole{"it normalises over all features",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kSoftmax, "op", {x}, SoftmaxParams{1, true});
              }},
        Whole{"its bias is not constant",
              [](Sketch& sketch, ValueId x) {
                const ValueId bias = sketch.Input({3}, "bias");
                const ValueId flat = sketch.Op(OpType::kFlatten, "flat", {x}, AxisParams{1});
                return sketch.Op(OpType::kGemm, "op", {flat, sketch.Constant("w", {64, 3}), bias},
                                 GemmParams{});
              }},
        Whole{"its weights are not constant",
              [](Sketch& sketch, ValueId x) {
                const ValueId weights = sketch.Input({4, 2, 1, 1}, "weights");
                return sketch.Op(OpType::kConv, "op", {x, weights}, ConvParams{.group = 2});
              }},
        Whole{"its bias is not constant",
              [](Sketch& sketch, ValueId x) {
                const ValueId bias = sketch.Input({4}, "bias");
                const ValueId weights = sketch.Constant("w", {4, 2, 1, 1});
                return sketch.Op(OpType::kConv, "op", {x, weights, bias}, ConvParams{.group = 2});
              }},
        Whole{"its features are not channels",
              [](Sketch& sketch, ValueId x) {
                const ValueId last =
                    sketch.Op(OpType::kTranspose, "last", {x}, TransposeParams{{0, 2, 3, 1}});
                return sketch.Conv("op", last, 4, {.group = 2});
              }},
        Whole{"its operands carry features on different axes",
              [](Sketch& sketch, ValueId x) {
                const ValueId last =
                    sketch.Op(OpType::kTranspose, "last", {x}, TransposeParams{{0, 2, 3, 1}});
                return sketch.Op(OpType::kAdd, "op", {x, last});
              }},
        Whole{"it pads features",
              [](Sketch& sketch, ValueId x) {
                const ValueId pads = sketch.Indices("pads", {0, 0, 0, 0, 0, 4, 0, 0});
                return sketch.Op(OpType::kPad, "op", {x, pads}, PadParams{});
              }},
        Whole{"it averages over features",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kReduceMean, "op", {x, sketch.Indices("axes", {1})},
                                 ReduceParams{});
              }},
        Whole{"it averages over the batch",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kReduceMean, "op", {x, sketch.Indices("axes", {0})},
                                 ReduceParams{});
              }},
        Whole{"it moves the batch axis",
              [](Sketch& sketch, ValueId x) {
                return sketch.Op(OpType::kTranspose, "op", {x}, TransposeParams{{1, 0, 2, 3}});
              }},
        Whole{"its output has no batch axis",
              [](Sketch& sketch, ValueId x) {
                const ValueId shape = sketch.Indices("shape", {4, 32});
                return sketch.Op(OpType::kReshape, "op", {x, shape}, ReshapeParams{});
              }},
        Whole{"it mixes features with positions", [](Sketch& sketch, ValueId x) {
                const ValueId last =
                    sketch.Op(OpType::kTranspose, "last", {x}, TransposeParams{{0, 2, 3, 1}});
                const ValueId shape = sketch.Indices("shape", {2, 32, 2});
                return sketch.Op(OpType::kReshape, "op", {last, shape}, ReshapeParams{});
              }}));

}  // namespace
}  // namespace disco
