// SPDX-License-Identifier: Apache-2.0
// That reading takes no more memory than it asks for, whatever the bytes are, and that what passes
// a limit is refused before it is built.
#include "disco/onnx/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/base/allocation_peak_for_test.h"
#include "disco/onnx/model_for_test.h"
#include "disco/onnx/protobuf_bytes_for_test.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/work.h"

namespace disco {
namespace {

using testing::HasSubstr;

// Counts what is asked for, and refuses what is beyond `limit`.
class CountingAccount : public MemoryAccount {
 public:
  explicit CountingAccount(Bytes limit = {int64_t{1} << 40}) : limit_(limit) {}
  Status Take(Bytes size, std::string_view what) override {
    if (taken + size > limit_) return Fail(ErrorKind::kPeer, "{} takes too much", what);
    taken += size;
    most = std::max(most, taken);
    return {};
  }
  void Return(Bytes size) override { taken = taken - size; }
  Bytes taken, most;

 private:
  Bytes limit_;
};

// A network x -> y that is sound but for what is added.
std::string ModelWith(const std::string& in_graph, const std::string& in_model = {}) {
  OnnxModelForTest model(13);
  model.Input("x", {1, 2});
  model.Node("Relu", {"x"}, {"y"});
  model.Output("y");
  const std::string graph = model.model.graph().SerializeAsString();
  model.model.clear_graph();
  return model.model.SerializeAsString() + in_model + Field(7, graph + in_graph);
}

struct Bytewise {
  const char* name;
  std::string bytes;
};

std::string Names(int field, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += Field(field, fmt::format("n{}", i));
  return text;
}

std::string Distinct(int field, size_t count, const std::function<std::string(size_t)>& inside) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += Field(field, inside(i));
  return text;
}

std::vector<Bytewise> Shards() {
  const std::string relu = Field(1, "x") + Field(4, "Relu");
  const auto attribute = [](const std::string& inside) {
    return Field(1, Field(1, "x") + Field(2, "z") + Field(4, "Transpose") +
                        Field(5, Field(1, "perm") + "\xa0\x01\x07" + inside));
  };
  return {
      {"EmptyNodes", ModelWith(Repeated(Field(1, ""), 16000))},
      {"ManyOps", ModelWith(Distinct(1, 16000,
                                     [&](size_t i) {
                                       return Field(1, "x") + Field(4, "Relu") +
                                              Field(2, fmt::format("r{}", i));
                                     }))},
      {"ManyOutputsOfANode", ModelWith(Field(1, relu + Names(2, 100000)))},
      {"ManyInputsOfANode", ModelWith(Field(1, relu + Repeated(Field(1, "x"), 100000)))},
      {"ASumOfMany", ModelWith(Field(1, Repeated(Field(1, "x"), 16000) + Field(4, "Sum") +
                                            Field(2, std::string(1000, 's'))))},
      {"EmptyInitializers", ModelWith(Repeated(Field(5, ""), 60000))},
      {"SmallInitializers", ModelWith(Distinct(5, 50000,
                                               [](size_t i) {
                                                 return Field(8, fmt::format("c{}", i)) +
                                                        "\x10\x01" + Field(9, "abcd");
                                               }))},
      {"OneLargeInitializer", ModelWith(Field(5, Field(8, "c") + "\x10\x02\x08\x80\x80\x80\x08" +
                                                     Field(9, std::string(1 << 24, 'a'))))},
      {"ALargeConstantNode",
       ModelWith(Field(1, Field(2, "c") + Field(4, "Constant") +
                              Field(5, Field(1, "value") + "\xa0\x01\x04" +
                                           Field(5, "\x10\x02\x08\x80\x80\x80\x08" +
                                                        Field(9, std::string(1 << 24, 'a'))))))},
      {"ManyAttributes", ModelWith(Field(1, relu + Repeated(Field(5, ""), 100000)))},
      {"ALongPackedList", ModelWith(attribute(Field(8, std::string(500'000, '\1'))))},
      {"ALongUnpackedList", ModelWith(attribute(Repeated("\x40\x01", 250'000)))},
      {"AListOfFloats", ModelWith(attribute(Field(7, std::string(1'000'000, '\1'))))},
      {"ManyExtents",
       ModelWith(Field(
           11, Field(1, "v") +
                   Field(2, Field(1, "\x08\x01" + Field(2, Repeated(Field(1, ""), 100000))))))},
      {"ManyValueInfos", ModelWith(Repeated(Field(13, ""), 100000))},
      {"Metadata", ModelWith("", Distinct(14, 100000,
                                          [](size_t i) {
                                            return Field(1, fmt::format("k{}", i)) + Field(2, "v");
                                          }))},
      {"EmptyMetadata", ModelWith("", Repeated(Field(14, ""), 250'000))},
      {"Opsets", ModelWith("", Repeated(Field(8, ""), 250'000))},
      {"UnknownFields", ModelWith("", Repeated(Field(99, ""), 250'000))},
      {"UnknownNumbers", ModelWith("", Repeated("\x98\x06\x01", 250'000))},
      {"ExternalDataEntries", ModelWith(Field(5, Repeated(Field(13, ""), 100000)))},
      {"AnUnknownEnumeration", ModelWith(Field(1, Field(5, Repeated("\xa0\x01\x63", 100000))))},
      {"Functions", ModelWith("", Repeated(Field(25, ""), 100000))},
      {"SparseTensors", ModelWith(Repeated(Field(15, ""), 100000))},
  };
}

TEST(OnnxLimits, ReadingTakesNoMoreThanItAsksFor) {
  for (const auto& [name, bytes] : Shards()) {
    CountingAccount account;
    const AllocationPeak peak;
    {
      auto graph = ParseOnnx(std::as_bytes(std::span(bytes)), &account);
      if (graph) {
        static_cast<void>(InferShapes(*graph));
        EXPECT_LE(DistinctConstantBytes(*graph), account.taken) << name << " counts what it holds";
      } else {
        EXPECT_EQ(account.taken, Bytes{}) << name << " returns all after an error";
      }
      RecordProperty(name, fmt::format("{} {}", peak.bytes(), account.most.value));
    }
    constexpr int64_t kAlways = 1 << 16;
    EXPECT_LE(peak.bytes(), account.most.value + kAlways)
        << name << ": " << bytes.size() << " bytes of file";
  }
}

TEST(OnnxLimits, NothingIsBuiltBeyondTheMemoryThereIs) {
  for (const auto& [name, bytes] : Shards()) {
    CountingAccount account(Bytes{1 << 20});
    const AllocationPeak peak;
    EXPECT_FALSE(ParseOnnx(std::as_bytes(std::span(bytes)), &account)) << name;
    EXPECT_EQ(account.taken, Bytes{}) << name;
    EXPECT_LE(peak.bytes(), 2 << 20) << name;
  }
}

TEST(OnnxLimits, WhatPassesALimitIsRefusedByItsName) {
  const std::string relu = Field(1, "x") + Field(4, "Relu");
  const std::pair<std::string, const char*> cases[] = {
      {ModelWith(Repeated(Field(1, ""), 16385)), "more than 16384 nodes"},
      {ModelWith(Repeated(Field(5, ""), 65537)), "more than 65536 tensors"},
      {ModelWith(Field(1, relu + Repeated(Field(1, "x"), 262145))), "more than 262144 inputs"},
      {ModelWith(Field(1, relu + Repeated(Field(5, ""), 131073))), "more than 131072 attributes"},
      {ModelWith(Field(1, relu + Field(2, std::string(1025, 'n')))), "1025 bytes"},
      {ModelWith(Field(1, Field(2, "z") + Field(4, "Sum") + Repeated(Field(1, "x"), 16385))),
       "more than 16384 ops"},
  };
  for (const auto& [bytes, limit] : cases) {
    const auto graph = ParseOnnx(std::as_bytes(std::span(bytes)));
    ASSERT_FALSE(graph) << limit;
    EXPECT_EQ(graph.error().kind, ErrorKind::kUnsupported) << graph.error().message;
    EXPECT_THAT(graph.error().message, HasSubstr(limit));
  }
}

TEST(OnnxLimits, MessagesInMessagesEnd) {
  std::string attribute;  // an attribute of a node of the graph of an attribute...
  for (int i = 0; i < 200; ++i) attribute = Field(6, Field(1, Field(5, attribute)));
  const std::string bytes = ModelWith(Field(1, Field(5, attribute)));
  EXPECT_FALSE(ParseOnnx(std::as_bytes(std::span(bytes))));
}

TEST(OnnxLimits, ConstantsMadeAtLoadAreTakenFirst) {
  OnnxModelForTest model(13);
  model.Constant("n", Tensor::Indices({1 << 10, 1 << 10}));
  model.Node("ConstantOfShape", {"n"}, {"c"});
  model.Node("Transpose", {"c"}, {"d"});
  model.Node("Transpose", {"d"}, {"e"});
  model.Output("e");
  const std::string bytes = model.model.SerializeAsString();
  for (const auto& [limit, fits] : {std::pair(Bytes{11 << 20}, false), {Bytes{13 << 20}, true}}) {
    CountingAccount account(limit);
    const auto graph = ParseOnnx(std::as_bytes(std::span(bytes)), &account);
    EXPECT_EQ(graph.has_value(), fits);
    if (!graph) {
      EXPECT_THAT(graph.error().message, HasSubstr("a constant made at load"));
    }
    EXPECT_EQ(account.taken >= Bytes{4 << 20}, fits) << "of the three, the output stays";
    EXPECT_LE(account.taken, Bytes{5 << 20});
  }
}

}  // namespace
}  // namespace disco
