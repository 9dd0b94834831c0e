// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/limits.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

#include "disco/graph/graph.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using Input = google::protobuf::io::CodedInputStream;

// Bytes that one entry takes at most in the message (objects, their place in a list that doubles,
// the allocator's share) and in the graph. tests/hostile_shards_test.cc measures them.
constexpr int64_t kNumber = 64;    // in a list of the message, in an op's parameters or a shape
constexpr int64_t kText = 128;     // beside its characters
constexpr int64_t kObject = 128;   // beside the size of its class
constexpr int64_t kEdge = 1024;    // a value, its name in tables, its readers
constexpr int64_t kNode = 2048;    // an op
constexpr int64_t kTensor = 1024;  // a constant, as kEdge
// Characters of names stand in the message, the graph and tables of names.
constexpr int64_t kCopies = 5;

constexpr int kDeepest = 64;          // messages in messages; a network has 6
constexpr int kInitializerDepth = 2;  // model, graph, tensor

struct TypeLimit {
  const Descriptor* type;
  int64_t bytes;  // in the graph, beside the message
  int64_t most;
  const char* name;
  int64_t count = 0;
};

class Counter {
 public:
  explicit Counter(std::span<const std::byte> bytes)
      : input_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  Status CountMessage(const Descriptor& type, int depth = 0) {
    if (depth > kDeepest) return Malformed();
    DISCO_TRY(CountObject(type));
    while (const uint32_t tag = input_.ReadTag()) DISCO_TRY(CountField(type, tag, depth));
    return input_.ConsumedEntireMessage() ? Status() : Malformed();
  }

  Bytes memory() const { return {memory_}; }

 private:
  static tl::unexpected<Error> Malformed() {
    return Fail(ErrorKind::kInvalid, "this is not an ONNX network");
  }

  Status CountObject(const Descriptor& type) {
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
    memory_ += static_cast<int64_t>(prototype->SpaceUsedLong()) + kObject;
    for (TypeLimit& limit : limits_) {
      if (limit.type != &type) continue;
      memory_ += limit.bytes;
      if (++limit.count > limit.most) {
        return Fail(ErrorKind::kUnsupported, "the network has more than {} {}", limit.most,
                    limit.name);
      }
    }
    return {};
  }

  Status CountField(const Descriptor& type, uint32_t tag, int depth) {
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
      return CountLengthDelimited(type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag)),
                                  depth);
    // Groups would nest unseen; ONNX has none.
    const bool group = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_START_GROUP;
    memory_ += kNumber;
    return !group && WireFormatLite::SkipField(&input_, tag) ? Status() : Malformed();
  }

  // `field` is null where ONNX has none; protobuf keeps what it does not know.
  Status CountLengthDelimited(const FieldDescriptor* field, int depth) {
    uint32_t size = 0;
    if (!input_.ReadVarint32(&size) || size > static_cast<uint32_t>(INT32_MAX)) return Malformed();
    const bool message = field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (message) return CountInside(*field->message_type(), static_cast<int>(size), depth);
    const bool text = field == nullptr || field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (text) {
      DISCO_TRY(CountText(field, size, depth));
    } else {
      CountPacked(*field, size);
    }
    return input_.Skip(static_cast<int>(size)) ? Status() : Malformed();
  }

  Status CountInside(const Descriptor& type, int size, int depth) {
    const Input::Limit outer = input_.PushLimit(size);
    DISCO_TRY(CountMessage(type, depth + 1));
    input_.PopLimit(outer);
    return {};
  }

  Status CountText(const FieldDescriptor* field, int64_t size, int depth) {
    const bool raw = field != nullptr && field->type() == FieldDescriptor::TYPE_BYTES;
    // Elements of an initializer are taken out of the message, those of an attribute copied.
    const int64_t raw_copies = depth == kInitializerDepth ? 1 : 2;
    memory_ += kText + size * (raw ? raw_copies : kCopies);
    const Descriptor* const type = field == nullptr ? nullptr : field->containing_type();
    const bool names = type == onnx::NodeProto::descriptor() ||
                       type == onnx::TensorProto::descriptor() ||
                       type == onnx::ValueInfoProto::descriptor();
    if (!names || raw || field->name() == "doc_string") return {};
    if (size > static_cast<int64_t>(kLongestName)) {
      return Fail(ErrorKind::kUnsupported, "a name in the network has {} bytes, more than {}", size,
                  kLongestName);
    }
    if (!field->is_repeated()) return {};
    memory_ += kEdge;
    if (++edges_ <= kMostEdges) return {};
    return Fail(ErrorKind::kUnsupported,
                "the nodes of the network have more than {} inputs and outputs", kMostEdges);
  }

  void CountPacked(const FieldDescriptor& field, int64_t size) {
    const bool wide = field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
    const bool fixed = wide || field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
    // Floats stand in the message and in a tensor or an op's parameters; a varint of one byte
    // becomes eight.
    memory_ += fixed ? size * 6 : size * kNumber;
  }

  Input input_;
  int64_t memory_ = 0;
  int64_t edges_ = 0;
  TypeLimit limits_[4] = {
      {onnx::NodeProto::descriptor(), kNode, kMostOps, "nodes"},
      {onnx::TensorProto::descriptor(), kTensor, kMostTensors, "tensors"},
      {onnx::AttributeProto::descriptor(), kText, kMostAttributes, "attributes"},
      {onnx::ValueInfoProto::descriptor(), kEdge, kMostEdges, "inputs, outputs and value infos"}};
};

}  // namespace

Result<Bytes> MemoryToRead(std::span<const std::byte> bytes, const Descriptor& type) {
  Counter counter(bytes);
  DISCO_TRY(counter.CountMessage(type));
  return counter.memory();
}

}  // namespace disco
