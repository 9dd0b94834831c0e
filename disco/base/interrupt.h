// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a question that long work asks between two steps: "should I save and stop?".
#pragma once

namespace disco {

// From now on SIGINT and SIGTERM set a flag instead of ending the process; a second one ends it at
// once.
void CatchInterrupts();

// Whether one has come. Safe from any thread.
bool Interrupted();

}  // namespace disco
