// SPDX-License-Identifier: Apache-2.0
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>

#include "disco/onnx/onnx.h"

namespace disco {
namespace {

void AddLocation(const onnx::TensorProto& tensor, const Path& folder, std::vector<Path>& files) {
  for (const auto& entry : tensor.external_data()) {
    const Path file = folder / entry.value();
    if (entry.key() == "location" && std::ranges::find(files, file) == files.end())
      files.push_back(file);
  }
}

}  // namespace

std::vector<Path> FilesOfNetwork(const Path& path) {
  std::vector<Path> files = {path};
  const auto file = MapFile(path);
  onnx::ModelProto model;
  if (!file || file->size > std::numeric_limits<int>::max() ||
      !model.ParseFromArray(file->data.get(), static_cast<int>(file->size)))
    return files;
  for (const auto& tensor : model.graph().initializer())
    AddLocation(tensor, path.parent_path(), files);
  for (const auto& node : model.graph().node()) {
    for (const auto& attribute : node.attribute())
      AddLocation(attribute.t(), path.parent_path(), files);
  }
  return files;
}

}  // namespace disco
