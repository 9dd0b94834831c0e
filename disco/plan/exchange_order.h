// SPDX-License-Identifier: Apache-2.0
// The order in which nodes run the ops of a network: what others wait for first, what waits last.
//
// The *stage* of an op is the number of exchanges on the longest way to it, an exchange being a
// value of which some node sends features and which the op reads across nodes. Nothing of a stage
// needs what its own values bring, so all of it can run before the next begins. Within a stage
// those ops come first that some message of the stage is made of; the others run while those
// messages travel. Otherwise ops keep their order. All nodes keep to one order, as each link
// delivers in the order in which messages were sent. Private to the module: BoundPlan::order() is
// it. Thread rule: pure.
#pragma once

#include "disco/plan/bound_plan.h"

namespace disco {

// Every op once. Reads who runs what, but neither order nor traffic of `bound`.
std::vector<OpId> ExchangeOrder(const BoundPlan& bound);

}  // namespace disco
