// SPDX-License-Identifier: Apache-2.0
// The ONNX door: graphs in and out of .onnx files. Protobuf stops here.
//
// Read: opsets 7 to 28, weights in the file or beside it (external data). An op this version of
// disco does not know, or knows in an older form only, is refused by name, and so is what passes a
// limit of onnx_limits.h. Written: opset 17, IR version 8, or the oldest newer one that has the
// form of every op. Thread rule: pure functions. Errors: kIo, kInvalid, kUnsupported; the message
// names the file and the op.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "disco/base/file.h"
#include "disco/base/memory_account.h"
#include "disco/graph/graph.h"

namespace disco {

// The file's constants are folded (Constant, ConstantOfShape, Reshape of a weight...); shapes are
// not inferred. A symbolic batch axis, and one of 0 or -1, is read as 1.
Result<Graph> ReadOnnx(const Path& path);

// The same from memory. External data is refused: bytes that came from somewhere else must not name
// files of this machine. Everything that is built of them is taken from `memory` first; what the
// graph holds stays taken. Errors: those of `memory`, too.
Result<Graph> ParseOnnx(std::span<const std::byte> bytes, MemoryAccount* memory = nullptr);

// `path` itself and the files that hold its weights, whether they are there or not; of what is no
// ONNX file, `path` alone.
std::vector<Path> FilesOfNetwork(const Path& path);

// Written are graphs whose shapes are inferred.
struct OnnxWriteOptions {
  // Weights go to "<file>.data" so that a reader can map them. Always so above 1 GB, where protobuf
  // ends.
  bool external_data = false;
};
Status WriteOnnx(const Graph& graph, const Path& path, const OnnxWriteOptions& options = {});

// In one piece, weights inside. Errors: kUnsupported when they are too large for it.
Result<std::string> SerializeOnnx(const Graph& graph);

// A single tensor in ONNX's own form (.pb), as ONNX's test cases store inputs and outputs.
Result<Tensor> ReadTensorProto(const Path& path);

}  // namespace disco
