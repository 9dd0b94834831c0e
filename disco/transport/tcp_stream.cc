// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/tcp_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace disco {
namespace {

iovec AsVector(std::span<const std::byte> bytes) {
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

tl::unexpected<Error> Broken(int error) {
  if (error == EPIPE || error == ECONNRESET) {
    return Fail(ErrorKind::kPeer, "the other side closed the connection");
  }
  return Fail(ErrorKind::kPeer, "the connection is lost: {}", std::strerror(error));
}

class TcpStream : public Stream {
 public:
  explicit TcpStream(Socket socket) : socket_(std::move(socket)) {}

  Result<size_t> WriteSome(std::span<const std::byte> first,
                           std::span<const std::byte> second) override {
    std::array<iovec, 2> parts = {AsVector(first), AsVector(second)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t count = sendmsg(socket_.fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN || errno == EINTR) return 0;
    return Broken(errno);
  }

  pollfd AwaitRead() const override { return {socket_.fd(), POLLIN, 0}; }
  pollfd AwaitWrite() const override { return {socket_.fd(), POLLOUT, 0}; }

  Result<size_t> UnderWay() const override {
    int count = 0;
    if (ioctl(socket_.fd(), SIOCOUTQ, &count) == 0) return static_cast<size_t>(count);
    return Fail(ErrorKind::kIo, "cannot tell what was sent: {}", std::strerror(errno));
  }

  void Shutdown() const override { socket_.Shutdown(); }

 protected:
  Result<size_t> Receive(std::span<std::byte> into) override {
    if (into.empty()) return 0;
    const ssize_t count = recv(socket_.fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (count > 0) return static_cast<size_t>(count);
    if (count == 0) return Broken(ECONNRESET);
    if (errno == EAGAIN || errno == EINTR) return 0;
    return Broken(errno);
  }

 private:
  const Socket socket_;
};

}  // namespace

std::unique_ptr<Stream> MakeTcpStream(Socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace disco
