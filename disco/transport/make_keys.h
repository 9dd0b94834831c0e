// SPDX-License-Identifier: Apache-2.0
// Keys of a cluster, as files: one authority, and for each member a certificate that the authority
// signed. A member is a node or a caller.
//
//   authority.pem   the authority's certificate: every member needs it
//   authority.key   its private key: who has it makes members; no node needs it
//   node.pem        a member's certificate
//   node.key        its private key
//
// Private keys are readable by their owner alone. Nothing is overwritten. Thread rule: pure.
// Errors: kUsage when a file exists already; kIo, kInvalid naming the file.
#pragma once

#include <chrono>

#include "disco/base/file.h"

namespace disco {

struct KeyFiles {
  static constexpr const char* kAuthority = "authority.pem";
  static constexpr const char* kAuthorityKey = "authority.key";
  static constexpr const char* kMember = "node.pem";
  static constexpr const char* kMemberKey = "node.key";
};

// A new authority and one member: all four files in `folder`.
Status MakeCluster(const Path& folder, std::chrono::seconds valid);

// One more member of the authority in `cluster`: three files in `folder`, without authority.key.
Status MakeMember(const Path& cluster, const Path& folder, std::chrono::seconds valid);

}  // namespace disco
