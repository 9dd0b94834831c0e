// SPDX-License-Identifier: Apache-2.0
// ONNX files as other programs write them, built message by message. Only for tests.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "disco/onnx/attributes.h"
#include "disco/onnx/onnx.h"
#include "disco/onnx/tensor.h"

namespace disco {

struct OnnxModelForTest {
  explicit OnnxModelForTest(int64_t opset) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
  }

  onnx::NodeProto& Node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
    onnx::NodeProto& node = *model.mutable_graph()->add_node();
    node.set_op_type(type);
    if (!outputs.empty()) node.set_name("node_" + outputs[0]);
    for (const std::string& input : inputs) node.add_input(input);
    for (const std::string& output : outputs) node.add_output(output);
    return node;
  }
  onnx::TensorShapeProto& Input(const std::string& name, const std::vector<int64_t>& dims) {
    auto& input = *model.mutable_graph()->add_input();
    input.set_name(name);
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t extent : dims) type.mutable_shape()->add_dim()->set_dim_value(extent);
    return *type.mutable_shape();
  }
  onnx::TensorProto& Constant(const std::string& name, const Tensor& tensor) {
    onnx::TensorProto& proto = *model.mutable_graph()->add_initializer();
    proto.set_name(name);
    TensorToOnnx(tensor, proto);
    return proto;
  }
  void Output(const std::string& name) { model.mutable_graph()->add_output()->set_name(name); }

  // x [1, 2, 6, 6] through one op to the output y.
  onnx::NodeProto& OneOp(const std::string& type, std::vector<std::string> more_inputs = {}) {
    Input("x", {1, 2, 6, 6});
    Output("y");
    more_inputs.insert(more_inputs.begin(), "x");
    return Node(type, more_inputs, {"y"});
  }

  Result<Graph> Read() const {
    const std::string bytes = model.SerializeAsString();
    return ParseOnnx(std::as_bytes(std::span(bytes)));
  }
  // From a file in `folder`, where external data is.
  Result<Graph> ReadIn(const Path& folder) const {
    DISCO_TRY(WriteFile(folder / "model.onnx", model.SerializeAsString()));
    return ReadOnnx(folder / "model.onnx");
  }

  onnx::ModelProto model;
};

}  // namespace disco
