// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/stream_link.h"

#include <algorithm>

namespace disco {

Status StreamLink::Post(std::span<const std::byte> header, std::span<const std::byte> payload,
                        Bytes max_pending) {
  SendPending();
  if (pending_.empty()) SendSome(header, payload);
  DISCO_TRY(sending_);
  // However long one message is, it can be sent.
  largest_ = std::max(largest_, header.size() + payload.size());
  if (pending_.size() > static_cast<size_t>(max_pending.value) + largest_) {
    sending_ = Fail(ErrorKind::kPeer,
                    "{} does not read what is sent to it: {} wait, and {} may (max_pending)",
                    description(), ToString(Bytes{static_cast<int64_t>(pending_.size())}),
                    ToString(max_pending));
    return sending_;
  }
  pending_.Append(header);
  pending_.Append(payload);
  return {};
}

void StreamLink::SendPending() {
  auto bytes = pending_.Front();
  std::span<const std::byte> none;
  SendSome(bytes, none);
  pending_.Consume(sending_ ? pending_.size() - bytes.size() : pending_.size());
}

void StreamLink::SendSome(std::span<const std::byte>& first, std::span<const std::byte>& second) {
  while (sending_ && first.size() + second.size() > 0) {
    const Result<size_t> count = peer_.stream->WriteSome(first, second);
    if (!count) {
      sending_ = At(description(), count.error());
      return;
    }
    if (*count == 0) return;
    const size_t of_first = std::min(first.size(), *count);
    first = first.subspan(of_first);
    second = second.subspan(*count - of_first);
  }
}

Result<size_t> StreamLink::ReceiveSome(std::span<std::byte> into) {
  const Result<size_t> count = peer_.stream->ReadSome(into);
  if (!count) return At(description(), count.error());
  return count;
}

}  // namespace disco
