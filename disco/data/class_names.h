// SPDX-License-Identifier: Apache-2.0
// Which class of a network each class of a data set is.
//
// Classes are matched by name, in any order; folders called "3" and "7" have these names. Where the
// network has no names or only numbers, or the data set is of a kind that only numbers its classes,
// class i of the one is class i of the other, and both must have as many. Thread rule: pure
// functions. Errors: kInvalid, naming the data set, the class and the classes of the network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "disco/data/dataset.h"

namespace disco {

// Class names as a network's metadata has them (see network_metadata.h), one per line.
std::vector<std::string> ParseClassNames(std::string_view text);
// Errors: kInvalid for a name that has a line break.
Result<std::string> ClassNamesText(const std::vector<std::string>& names);

struct NetworkClasses {
  std::vector<std::string> names;  // empty: it has none
  int64_t answers = 0;             // scores that it gives
};

// `dataset` with the labels and class names of the network; one without names keeps those of the
// data set. Its notes say which classes of the network have no picture, and whether classes were
// matched by place. `name` is that of the data set, for messages. A class without a picture need
// not be known to the network.
Result<std::shared_ptr<const Dataset>> MatchClasses(std::shared_ptr<const Dataset> dataset,
                                                    const NetworkClasses& network,
                                                    std::string_view name);

}  // namespace disco
