// SPDX-License-Identifier: Apache-2.0
// What a network's file says of its data, as metadata of the graph, so that whoever runs it feeds
// it as it was trained and can name its answers. Thread rule: constants. Errors: none.
#pragma once

namespace disco {

// One line of text, see preprocessing.h.
inline constexpr const char* kPreprocessingKey = "disco.preprocessing";
// Class names, one per line.
inline constexpr const char* kClassesKey = "disco.classes";

}  // namespace disco
