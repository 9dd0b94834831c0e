// SPDX-License-Identifier: Apache-2.0

#include <map>
#include <unordered_set>

#include "disco/base/text.h"
#include "disco/onnx/attributes.h"
#include "disco/onnx/limits.h"
#include "disco/onnx/onnx.h"
#include "disco/onnx/read_op.h"
#include "disco/onnx/tensor.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/validate.h"
#include "disco/op/work.h"
#include "disco/rewrite/fold_constants.h"

namespace disco {
namespace {

// protobuf refuses messages of 2 GB and more.
constexpr size_t kLargestMessage = (size_t{1} << 31) - 1;

class Reader {
 public:
  Reader(onnx::ModelProto model, ExternalFiles files, MemoryAccount* memory)
      : model_(std::move(model)), files_(std::move(files)), memory_(memory) {}

  Result<Graph> Read() {
    DISCO_TRY(ReadOpset());
    const onnx::GraphProto& proto = model_.graph();
    DISCO_TRY(ReadTexts());
    TakeNames(proto);
    DISCO_TRY(ReadInitializers(*model_.mutable_graph()));
    DISCO_TRY(ReadInputs(proto));
    for (const auto& node : proto.node()) DISCO_TRY(ReadOp(node));
    std::unordered_set<ValueId> returned;
    for (const auto& output : proto.output()) {
      const auto found = ids_.find(output.name());
      if (found == ids_.end())
        return Fail(ErrorKind::kInvalid, "nothing makes output '{}'", output.name());
      if (!returned.insert(found->second).second)
        return Fail(ErrorKind::kInvalid, "output '{}' is listed twice", output.name());
      graph_.outputs.push_back(found->second);
    }
    DISCO_TRY(Validate(graph_));
    DISCO_TRY(FoldConstants(graph_, memory_));
    return std::move(graph_);
  }

 private:
  Status ReadTexts() {
    graph_.name = model_.graph().name();
    for (const auto& entry : model_.metadata_props()) graph_.metadata[entry.key()] = entry.value();
    if (!model_.doc_string().empty()) graph_.metadata["doc_string"] = model_.doc_string();
    DISCO_TRY(CheckText("the network's name", graph_.name));
    for (const auto& [key, value] : graph_.metadata) {
      DISCO_TRY(CheckText("the metadata", key));
      DISCO_TRY(CheckText("the metadata", value));
    }
    return {};
  }

  // Also those that come later in the file.
  void TakeNames(const onnx::GraphProto& proto) {
    for (const auto& initializer : proto.initializer()) names_.Take(initializer.name());
    for (const auto& input : proto.input()) names_.Take(input.name());
    for (const auto& node : proto.node()) {
      for (const std::string& output : node.output()) names_.Take(output);
    }
  }

  // Names go into plans, reports and messages, all of which are UTF-8.
  static Status CheckText(std::string_view what, const std::string& text) {
    if (IsUtf8(text)) return {};
    return Fail(ErrorKind::kInvalid, "{} is not UTF-8 text", what);
  }

  Status ReadOpset() {
    for (const auto& import : model_.opset_import()) {
      if (import.domain().empty() || import.domain() == "ai.onnx") opset_ = import.version();
    }
    if (opset_ < kOldestOpset) {
      return Fail(ErrorKind::kUnsupported,
                  "opset {} is older than {}; convert the network with onnx.version_converter",
                  opset_, kOldestOpset);
    }
    return {};
  }

  Status ReadInitializers(onnx::GraphProto& proto) {
    if (proto.sparse_initializer_size() > 0)
      return Fail(ErrorKind::kUnsupported, "sparse initializers");
    for (auto& initializer : *proto.mutable_initializer()) {
      DISCO_ASSIGN(Tensor tensor, TakeFromOnnx(initializer, files_));
      DISCO_TRY(
          Name(initializer.name(), graph_.AddConstant(initializer.name(), std::move(tensor))));
    }
    return {};
  }

  Status ReadInputs(const onnx::GraphProto& proto) {
    for (const auto& input : proto.input()) {
      if (ids_.contains(input.name())) continue;  // an initializer, listed as older files do
      if (!input.type().has_tensor_type()) {
        return Fail(ErrorKind::kUnsupported, "input '{}' is not a tensor", input.name());
      }
      const auto& type = input.type().tensor_type();
      auto dtype = DTypeFromOnnx(type.elem_type());
      if (!dtype) return At(fmt::format("input '{}'", input.name()), dtype.error());
      DISCO_ASSIGN(Shape shape, ReadShape(input.name(), type.shape()));
      const ValueId id = graph_.AddValue(input.name(), *dtype, std::move(shape));
      DISCO_TRY(Name(input.name(), id));
      graph_.inputs.push_back(id);
    }
    return {};
  }

  // A name, nothing, or what old exporters write: 0 or -1.
  static bool IsAnyBatch(const onnx::TensorShapeProto::Dimension& dim) {
    return !dim.has_dim_value() || dim.dim_value() == 0 || dim.dim_value() == -1;
  }

  static Result<Shape> ReadShape(const std::string& name, const onnx::TensorShapeProto& proto) {
    std::vector<int64_t> dims;
    for (const auto& dim : proto.dim()) {
      if (dims.empty() && IsAnyBatch(dim)) {
        dims.push_back(1);
      } else if (!dim.has_dim_value()) {
        return Fail(
            ErrorKind::kUnsupported,
            "input '{}' has no fixed extent on axis {}; export the network with fixed extents",
            name, dims.size());
      } else if (dim.dim_value() < 1) {
        const bool empty = dim.dim_value() == 0;
        return Fail(empty ? ErrorKind::kUnsupported : ErrorKind::kInvalid,
                    "input '{}' has the extent {} on axis {}; at least 1 is possible, and 0 or -1 "
                    "for any batch on axis 0",
                    name, dim.dim_value(), dims.size());
      } else {
        dims.push_back(dim.dim_value());
      }
    }
    Shape shape(std::move(dims));
    if (const Status fits = CheckShape(shape); !fits)
      return At(fmt::format("input '{}'", name), fits.error());
    return shape;
  }

  Status ReadOp(const onnx::NodeProto& proto) {
    if (proto.op_type() == "Constant" && IsOnnx(proto.domain())) return ReadConstant(proto);
    const bool sum = proto.op_type() == "Sum" && IsOnnx(proto.domain());
    Op op;
    op.name = !proto.name().empty()     ? proto.name()
              : proto.output_size() > 0 ? proto.output(0)
                                        : proto.op_type();
    DISCO_TRY(CheckText("the name of an op", op.name));
    DISCO_TRY(CheckText("the type of an op", proto.op_type()));
    DISCO_TRY(CheckText("the domain of an op", proto.domain()));
    for (const auto& attribute : proto.attribute())
      DISCO_TRY(CheckText("the name of an attribute", attribute.name()));
    const auto type = sum ? OpType::kAdd : FindOpType(proto.op_type());
    const bool of_disco = type && DefOf(*type).domain == kDiscoDomain;
    if (!type || (of_disco ? proto.domain() != kDiscoDomain : !IsOnnx(proto.domain()))) {
      return Fail(ErrorKind::kUnsupported, "op '{}' is a {}{}{}, which disco does not know",
                  op.name, proto.domain(), proto.domain().empty() ? "" : ".", proto.op_type());
    }
    op.type = *type;
    if (opset_ > kNewestOpset && !of_disco) {
      return OpError(op, ErrorKind::kUnsupported,
                     "opset {} may have changed its meaning; export with opset {} or older", opset_,
                     kNewestOpset);
    }
    for (const std::string& input : proto.input()) {
      DISCO_ASSIGN(const ValueId id, Find(op, input));
      op.inputs.push_back(id);
    }
    if (op.inputs.empty() && DefOf(op).arity.least_inputs > 0)
      return OpError(op, ErrorKind::kInvalid, "it has no input");
    return sum ? AddChain(std::move(op), proto) : Append(std::move(op), proto);
  }

  Status Append(Op op, const onnx::NodeProto& proto) {
    for (const std::string& output : proto.output()) {
      op.outputs.push_back(output.empty() ? kNoValue : graph_.AddValue(output));
      if (!output.empty()) DISCO_TRY(Name(output, op.outputs.back()));
    }
    if (op.outputs.empty() && DefOf(op).arity.most_outputs > 0)
      return OpError(op, ErrorKind::kInvalid, "it has no output");
    DISCO_TRY(ReadAttributes(proto, {opset_, graph_, names_}, op));
    graph_.ops.push_back(std::move(op));
    return {};
  }

  // Sum of n inputs = n - 1 Adds; of one input, Identity.
  Status AddChain(Op op, const onnx::NodeProto& proto) {
    if (graph_.ops.size() + op.inputs.size() > kMostOps)
      return OpError(op, ErrorKind::kUnsupported, "with its Adds there are more than {} ops",
                     kMostOps);
    if (op.inputs.size() == 1) op.type = OpType::kIdentity;
    const std::string sum = proto.output_size() > 0 ? proto.output(0) : op.name;
    constexpr int64_t kAddBytes = 4096;  // an op and its output, beside their names
    const int64_t each = kAddBytes + 4 * std::ssize(sum);
    DISCO_TRY(Take(memory_, Bytes{each * std::ssize(op.inputs)}, "the Adds of a Sum"));
    for (size_t i = 1; i + 1 < op.inputs.size(); ++i) {
      op.inputs[i] = graph_.AddOp(OpType::kAdd, names_.Fresh(fmt::format("{}.partial{}", sum, i)),
                                  {op.inputs[i - 1], op.inputs[i]});
    }
    if (op.inputs.size() > 2) op.inputs.erase(op.inputs.begin(), op.inputs.end() - 2);
    return Append(std::move(op), proto);
  }

  Status ReadConstant(const onnx::NodeProto& proto) {
    if (proto.output_size() != 1)
      return Fail(ErrorKind::kInvalid, "op '{}' (Constant): it has to have one output",
                  proto.name());
    DISCO_TRY(CheckText("the name of a value", proto.output(0)));
    const Attributes attributes(proto);
    auto tensor = ReadConstantValue(attributes);
    if (const Status all = attributes.CheckAllRead(); tensor && !all)
      tensor = tl::unexpected(all.error());
    if (!tensor) return At(fmt::format("op '{}' (Constant)", proto.output(0)), tensor.error());
    return Name(proto.output(0), graph_.AddConstant(proto.output(0), std::move(*tensor)));
  }

  Result<Tensor> ReadConstantValue(const Attributes& attributes) {
    if (attributes.Has("value_float")) return Tensor::Scalar(attributes.Float("value_float", 0));
    if (attributes.Has("value_int"))
      return Tensor::From<int64_t>({}, {attributes.Int("value_int", 0)});
    if (attributes.Has("value_ints")) return Tensor::Indices(attributes.Ints("value_ints"));
    if (attributes.Has("value_floats")) {
      const std::vector<float> floats = attributes.Floats("value_floats");
      return Tensor::From<float>({static_cast<int64_t>(floats.size())}, floats);
    }
    if (const auto* value = attributes.Tensor("value"); value != nullptr)
      return TensorFromOnnx(*value, files_);
    DISCO_TRY(attributes.CheckAllRead());
    return Fail(ErrorKind::kUnsupported, "its value is neither a tensor nor numbers");
  }

  Result<ValueId> Find(const Op& op, const std::string& name) const {
    if (name.empty()) return kNoValue;
    const auto found = ids_.find(name);
    if (found == ids_.end())
      return OpError(op, ErrorKind::kInvalid, "input '{}' is read before it is made", name);
    return found->second;
  }

  Status Name(const std::string& name, ValueId id) {
    if (name.empty()) return Fail(ErrorKind::kInvalid, "an input or constant has no name");
    DISCO_TRY(CheckText("the name of a value", name));
    if (!ids_.emplace(name, id).second)
      return Fail(ErrorKind::kInvalid, "two values are called '{}'", name);
    return {};
  }

  static bool IsOnnx(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

  onnx::ModelProto model_;
  ExternalFiles files_;
  MemoryAccount* memory_;
  Graph graph_;
  int64_t opset_ = 0;
  Names names_;
  std::map<std::string, ValueId> ids_;  // no hashes: names can be chosen to have all the same
};

// Counted first, so that nothing is built beyond the limits and `memory`.
template <class Message>
Result<Message> Parse(std::span<const std::byte> bytes, const char* what, MemoryAccount* memory) {
  Message message;
  if (bytes.size() <= kLargestMessage) {
    DISCO_ASSIGN(const Bytes needed, MemoryToRead(bytes, *Message::descriptor()));
    DISCO_TRY(Take(memory, needed, "reading the network"));
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
  }
  return Fail(ErrorKind::kInvalid, "this is not an ONNX {}", what);
}

Result<Graph> ReadFrom(std::span<const std::byte> bytes, ExternalFiles files,
                       MemoryAccount* memory) {
  DISCO_ASSIGN(auto model, Parse<onnx::ModelProto>(bytes, "network", memory));
  if (!model.has_graph()) return Fail(ErrorKind::kInvalid, "this is not an ONNX network");
  return Reader(std::move(model), std::move(files), memory).Read();
}

}  // namespace

Result<Graph> ParseOnnx(std::span<const std::byte> bytes, MemoryAccount* memory) {
  MemoryScope reading(memory);
  auto graph = ReadFrom(bytes, {}, &reading);
  if (graph) reading.Keep(GraphBytes(*graph));
  return graph;
}

Result<Graph> ReadOnnx(const Path& path) {
  DISCO_ASSIGN(const MappedFile file, MapFile(path));
  auto graph = ReadFrom(file.bytes(), ExternalFiles(path.parent_path()), nullptr);
  if (!graph) return At(path.string(), graph.error());
  return graph;
}

Result<Tensor> ReadTensorProto(const Path& path) {
  DISCO_ASSIGN(const MappedFile file, MapFile(path));
  const auto proto = Parse<onnx::TensorProto>(file.bytes(), "tensor", nullptr);
  if (!proto) return At(path.string(), proto.error());
  ExternalFiles files(path.parent_path());
  auto tensor = TensorFromOnnx(*proto, files);
  if (!tensor) return At(path.string(), tensor.error());
  return tensor;
}

}  // namespace disco
