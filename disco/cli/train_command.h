// SPDX-License-Identifier: Apache-2.0
// `disco train` and `disco sparsify` run the program disco-train, which alone needs LibTorch, as
// git runs its subcommands: with the rest of the command line, in place of this process.
#pragma once

#include <string_view>

#include "disco/base/result.h"

namespace disco {

inline bool IsTrainCommand(std::string_view name) { return name == "train" || name == "sparsify"; }

// argv of this process. Looks beside this program first, then along PATH. Returns only with an
// error: kUsage when disco-train cannot be started.
Status RunTrainProgram(char** argv);

}  // namespace disco
