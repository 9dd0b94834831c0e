// SPDX-License-Identifier: Apache-2.0
// What reading an ONNX file would build, counted on its bytes before anything is built: two bytes
// of a file can become an object of some hundred. Private to the module.
// Thread rule: pure. Errors: kInvalid when the bytes are no message of this type; kUnsupported
// naming the limit that is passed.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <span>

#include "disco/base/units.h"

namespace disco {

// Far above any network. Of nodes there are kMostOps (graph.h).
inline constexpr int64_t kMostTensors = 65536;      // initializers and constants, 4 per op
inline constexpr int64_t kMostEdges = 262144;       // inputs and outputs of all nodes together
inline constexpr int64_t kMostAttributes = 131072;  // of all nodes together
inline constexpr size_t kLongestName = 1024;        // of a network's values, nodes, types: bytes

// Most memory that a message of type `type` and the graph made of it take together while it is
// read, without what folding makes.
Result<Bytes> MemoryToRead(std::span<const std::byte> bytes,
                           const google::protobuf::Descriptor& type);

}  // namespace disco
