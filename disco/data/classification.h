// SPDX-License-Identifier: Apache-2.0
// Classification: one class for each image, which the best score has to be of. Private to the
// module. Thread rule: pure. Errors: none.
#pragma once

#include "disco/data/task.h"

namespace disco {

TaskDef ClassificationTask();

}  // namespace disco
