// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/channel.h"

#include "disco/transport/message_reader.h"
#include "disco/transport/wait.h"

namespace disco {
namespace {

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

// The header, or the next block.
Status ReceiveBlock(Stream& stream, MessageReader& reader, Deadline deadline) {
  for (size_t left = reader.missing().size(); left > 0;) {
    DISCO_ASSIGN(const size_t count, stream.ReadSome(reader.missing()));
    if (count == 0) {
      DISCO_TRY(Wait(stream.AwaitRead(), deadline));
      continue;
    }
    DISCO_TRY(reader.Filled(count));
    left -= count;
  }
  return {};
}

}  // namespace

Status Channel::Send(FrameHeader header, std::string_view payload, Deadline deadline) {
  header.size = payload.size();
  return SendAll(*stream_, EncodeFrame(header), BytesOf(payload), deadline);
}

Status Channel::Send(FrameHeader header, std::string_view payload, Milliseconds patience) {
  header.size = payload.size();
  DISCO_TRY(SendAll(*stream_, EncodeFrame(header), Deadline::In(patience)));
  return SendSteadily(*stream_, BytesOf(payload), {patience, kMessageBlock});
}

void Channel::Refuse(std::string_view why) {
  const std::string_view text = why.substr(0, kMaxErrorText);
  const auto frame = EncodeFrame({.kind = FrameKind::kError, .size = text.size()});
  static_cast<void>(stream_->WriteSome(frame, BytesOf(text)));
}

Result<std::string> Channel::Receive(const FrameHeader& expected, Deadline deadline) {
  return ReceivePaced(expected, [deadline] { return deadline; });
}

Result<std::string> Channel::Receive(const FrameHeader& expected, Milliseconds patience,
                                     const std::function<void()>& on_block) {
  return ReceivePaced(expected, [&] {
    on_block();
    return Deadline::In(patience);
  });
}

Result<std::string> Channel::ReceivePaced(const FrameHeader& expected, const NextDeadline& next) {
  MessageReader reader(
      {.kind = expected.kind, .most = expected.size, .plan_hash = expected.plan_hash});
  while (!reader.done()) DISCO_TRY(ReceiveBlock(*stream_, reader, next()));
  return reader.TakeText();
}

}  // namespace disco
