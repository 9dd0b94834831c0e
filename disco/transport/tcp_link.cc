// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/tcp_link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace disco {
namespace {

iovec AsVector(std::span<const std::byte> bytes) {
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

Status TcpLink::Post(std::span<const std::byte> header, std::span<const std::byte> payload,
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

void TcpLink::SendPending() {
  auto bytes = pending_.Front();
  std::span<const std::byte> none;
  SendSome(bytes, none);
  pending_.Consume(sending_ ? pending_.size() - bytes.size() : pending_.size());
}

void TcpLink::SendSome(std::span<const std::byte>& first, std::span<const std::byte>& second) {
  while (sending_ && first.size() + second.size() > 0) {
    std::array<iovec, 2> parts = {AsVector(first), AsVector(second)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t count = sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      const size_t of_first = std::min(first.size(), static_cast<size_t>(count));
      first = first.subspan(of_first);
      second = second.subspan(static_cast<size_t>(count) - of_first);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      sending_ = Broken(errno);
    }
  }
}

Result<size_t> TcpLink::ReceiveSome(std::span<std::byte> into) {
  const ssize_t count = recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  if (count > 0) return static_cast<size_t>(count);
  if (count == 0) return Broken(ECONNRESET);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return Broken(errno);
}

bool TcpLink::HasNews() const {
  std::byte next;
  const ssize_t count = recv(fd(), &next, 1, MSG_DONTWAIT | MSG_PEEK);
  return count >= 0 || (errno != EAGAIN && errno != EINTR);
}

void TcpLink::Shutdown() const { shutdown(fd(), SHUT_RDWR); }

tl::unexpected<Error> TcpLink::Broken(int error) const {
  if (error == ECONNRESET || error == EPIPE) {
    return Fail(ErrorKind::kPeer, "{} closed the connection", description());
  }
  return Fail(ErrorKind::kPeer, "the connection to {} is lost: {}", description(),
              std::strerror(error));
}

}  // namespace disco
