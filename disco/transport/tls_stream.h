// SPDX-License-Identifier: Apache-2.0
// TlsStream: TLS 1.3 over another stream; both sides show a certificate of the same authority.
//
// The first read or write shakes hands, so that has the deadline of whoever waits for it. No host
// names are checked: every member of a cluster may be node or caller, at any address.
// Thread rule: a stream belongs to one thread; keys are safe to share. Errors: those of Stream;
// kUsage, saying what to do, when the other side has keys of another authority, an expired
// certificate, or speaks plain text.
#pragma once

#include <memory>

#include "disco/base/file.h"
#include "disco/transport/stream.h"

namespace disco {

// What a member needs to take part, loaded; none stands for plain text.
class Keys;
using SharedKeys = std::shared_ptr<const Keys>;

// From a folder of `disco keys` (make_keys.h). Errors: kIo, kUsage, naming the file; also when the
// own certificate has expired or is of another authority.
Result<SharedKeys> LoadKeys(const Path& folder);

enum class TlsSide { kCalls, kAccepts };

std::unique_ptr<Stream> MakeTlsStream(std::unique_ptr<Stream> inner, SharedKeys keys, TlsSide side);

// `stream` itself where there are no keys.
std::unique_ptr<Stream> Secured(std::unique_ptr<Stream> stream, const SharedKeys& keys,
                                TlsSide side);

}  // namespace disco
