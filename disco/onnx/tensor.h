// SPDX-License-Identifier: Apache-2.0
// Tensors between ONNX's TensorProto and ours. Private to the room.
//
// Sizes are checked against the bytes that are there before anything is allocated.
// Errors: kInvalid, kUnsupported, kIo naming the tensor.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <optional>

#include "disco/base/file.h"
#include "disco/tensor/tensor.h"

namespace disco {

// Files with external data, each mapped once. Without a folder there are none.
class ExternalFiles {
 public:
  ExternalFiles() = default;
  explicit ExternalFiles(Path folder) : folder_(std::move(folder)) {}
  // `location` is a path below the folder. A link there is followed, wherever it leads: caches of
  // downloaded networks are made of links.
  Result<MappedFile> Open(const std::string& location);

 private:
  std::optional<Path> folder_;
  std::map<std::string, MappedFile> files_;
};

Result<DType> DTypeFromOnnx(int type);
int OnnxFromDType(DType dtype);

Result<Tensor> TensorFromOnnx(const onnx::TensorProto& proto, ExternalFiles& files);
// The same; takes the elements out of the message where it can, so that weights are there once.
Result<Tensor> TakeFromOnnx(onnx::TensorProto& proto, ExternalFiles& files);
// With the elements as raw bytes.
void TensorToOnnx(const Tensor& tensor, onnx::TensorProto& proto);

}  // namespace disco
