// SPDX-License-Identifier: Apache-2.0
// BalancedShares: how much of each layer every node should own so that unequal nodes take equally
// long.
//
// A node with share s of the features computes s of a layer's outputs, each from its own features
// and from 1 - S of the others: its work is a share s * (s + (1 - S) * (1 - s)) of the layer's. So
// in proportion to speed only where nothing is pruned (S = 0); at S = 1, in proportion to its
// square root. Private to the module. Thread rule: pure.
#pragma once

#include <vector>

#include "disco/base/units.h"

namespace disco {

// `times`: of the whole network on each node alone, positive. Nodes that differ by less than 3 %
// are equal: no measurement is better. So are all when one takes no time. The shares add up to 1.
std::vector<double> BalancedShares(const std::vector<Milliseconds>& times, double sparsity);

// The same shares in sixteenths, each rounded up or down with the sum kept: the ways to do it, the
// nearest first, then those that round up another node than the last that it does.
// Kernels compute 8 or 16 features at a time, and one that is left over costs as much as a whole
// block: of ResNet-50's layers, 9/16 or 10/16 take less time than 60 % on most machines. Shares
// stay as they are, the only way, where all are equal, where a node's would come to nothing, and
// where there are more than 8 nodes.
std::vector<std::vector<double>> InSixteenths(const std::vector<double>& shares);

}  // namespace disco
