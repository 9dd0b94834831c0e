// SPDX-License-Identifier: Apache-2.0
// Checkpoint: an unfinished run in one file, so that it can go on to the same result.
//
// The file is of the safetensors format: 8 bytes of header length, a JSON header that gives type,
// shape and place of each tensor, the tensors. Texts are the format's "__metadata__". Private to
// the module. Thread rule: pure functions and plain values. Errors: kIo, or kInvalid for a file
// that is cut or inconsistent, naming it. Nothing is allocated before the sizes are checked against
// the file.
#pragma once

#include <map>
#include <string>

#include "disco/base/file.h"
#include "disco/tensor/tensor.h"

namespace disco {

struct Checkpoint {
  std::map<std::string, Tensor> tensors;  // float
  std::map<std::string, std::string> texts;
};

// Atomic: an interrupted write leaves the file that was there, and so does a tensor that is not
// finite, which is kInvalid.
Status WriteCheckpoint(const Checkpoint& checkpoint, const Path& path);
Result<Checkpoint> ReadCheckpoint(const Path& path);

}  // namespace disco
