// SPDX-License-Identifier: Apache-2.0
// Tensors in NumPy's .npy files: format versions 1 to 3, little-endian, C order (numpy.lib.format).
// Thread rule: pure functions. Errors: kIo, kInvalid, kUnsupported naming the path.
#pragma once

#include "disco/base/file.h"
#include "disco/tensor/tensor.h"

namespace disco {

Result<Tensor> ReadNpy(const Path& path);
Status WriteNpy(const Tensor& tensor, const Path& path);

}  // namespace disco
