// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string_view>
#include <unordered_set>

#include "disco/base/units.h"
#include "disco/graph/names.h"
#include "disco/onnx/onnx.h"
#include "disco/onnx/tensor.h"
#include "disco/onnx/write_op.h"
#include "disco/op/op_def.h"

namespace disco {
namespace {

// The one that came with the opset.
constexpr int64_t IrVersionFor(int64_t opset) { return opset < 19 ? 8 : 9; }
constexpr int64_t kLargestInline = 1
                                   << 30;  // bytes of weights inside a file; protobuf ends at 2 GB
constexpr size_t kExternalAlignment = 64;

// Where weights go: into the message, or to the end of a growing block of external data.
struct ExternalBlock {
  std::string file_name;  // empty: into the message
  std::string bytes;
};

void WriteWeight(const Tensor& tensor, ExternalBlock& block, onnx::TensorProto& proto) {
  if (block.file_name.empty()) return TensorToOnnx(tensor, proto);
  proto.set_data_type(OnnxFromDType(tensor.dtype()));
  for (const int64_t extent : tensor.shape()) proto.add_dims(extent);
  block.bytes.resize((block.bytes.size() + kExternalAlignment - 1) / kExternalAlignment *
                     kExternalAlignment);
  proto.set_data_location(onnx::TensorProto::EXTERNAL);
  auto add = [&proto](const char* key, std::string text) {
    auto* entry = proto.add_external_data();
    entry->set_key(key);
    entry->set_value(std::move(text));
  };
  add("location", block.file_name);
  add("offset", std::to_string(block.bytes.size()));
  add("length", std::to_string(tensor.size_bytes()));
  block.bytes.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.size_bytes());
}

void WriteValueInfo(const Value& value, onnx::ValueInfoProto& proto) {
  proto.set_name(value.name);
  auto* type = proto.mutable_type()->mutable_tensor_type();
  type->set_elem_type(OnnxFromDType(value.dtype));
  auto* shape = type->mutable_shape();  // of a scalar too
  for (const int64_t extent : value.shape) shape->add_dim()->set_dim_value(extent);
}

// Weights that the written ops read or the network returns; parameters that became attributes are
// left out, so that a reader can make them anew.
std::unordered_set<std::string_view> NamesRead(const Graph& graph, const onnx::GraphProto& proto) {
  std::unordered_set<std::string_view> names;
  for (const auto& node : proto.node()) names.insert(node.input().begin(), node.input().end());
  for (const ValueId output : graph.outputs) names.insert(graph.value(output).name);
  return names;
}

Status Fill(const Graph& graph, ExternalBlock& block, onnx::ModelProto& model) {
  const int64_t opset = OpsetFor(graph);
  model.set_ir_version(IrVersionFor(opset));
  model.set_producer_name("disco");
  model.add_opset_import()->set_version(opset);
  auto* proto = model.mutable_graph();
  proto->set_name(graph.name.empty() ? "network" : graph.name);
  bool has_disco_ops = false;
  Names names(graph);
  for (const Op& op : graph.ops) {
    DISCO_TRY(WriteOp({graph, opset, names}, op, *proto->add_node()));
    has_disco_ops = has_disco_ops || DefOf(op).domain == kDiscoDomain;
  }
  if (has_disco_ops) {
    auto* import = model.add_opset_import();
    import->set_domain(std::string(kDiscoDomain));
    import->set_version(1);
  }
  const auto read = NamesRead(graph, *proto);
  for (const Value& value : graph.values) {
    if (!value.constant || !read.contains(value.name)) continue;
    auto* initializer = proto->add_initializer();
    initializer->set_name(value.name);
    WriteWeight(*value.constant, block, *initializer);
  }
  for (const ValueId id : graph.inputs) WriteValueInfo(graph.value(id), *proto->add_input());
  for (const ValueId id : graph.outputs) WriteValueInfo(graph.value(id), *proto->add_output());
  for (const auto& [key, text] : graph.metadata) {
    if (key == "doc_string") {
      model.set_doc_string(text);
      continue;
    }
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(text);
  }
  return {};
}

int64_t ConstantBytes(const Graph& graph) {
  int64_t total = 0;
  for (const Value& value : graph.values) {
    if (value.constant) total += static_cast<int64_t>(value.constant->size_bytes());
  }
  return total;
}

// The same graph always gives the same bytes, so that a shard can be known by its hash.
Result<std::string> Serialize(const Graph& graph, ExternalBlock& block) {
  DISCO_TRY(CheckNumbers(graph));
  onnx::ModelProto model;
  DISCO_TRY(Fill(graph, block, model));
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  if (!model.SerializeToCodedStream(&coded))
    return Fail(ErrorKind::kInvalid, "the network cannot be written");
  coded.Trim();
  return bytes;
}

}  // namespace

Result<std::string> SerializeOnnx(const Graph& graph) {
  if (const int64_t size = ConstantBytes(graph); size > kLargestInline) {
    return Fail(ErrorKind::kUnsupported,
                "{} of weights are too much for one ONNX message; at most {}",
                ToString(Bytes{size}), ToString(Bytes{kLargestInline}));
  }
  ExternalBlock none;
  return Serialize(graph, none);
}

Status WriteOnnx(const Graph& graph, const Path& path, const OnnxWriteOptions& options) {
  ExternalBlock block;
  if (options.external_data || ConstantBytes(graph) > kLargestInline)
    block.file_name = path.filename().string() + ".data";
  auto bytes = Serialize(graph, block);
  if (!bytes) return At(path.string(), bytes.error());
  std::vector<FileContent> files = {{path, *bytes}};
  if (!block.file_name.empty())
    files.insert(files.begin(), {path.parent_path() / block.file_name, block.bytes});
  return WriteFiles(files);
}

}  // namespace disco
