// SPDX-License-Identifier: Apache-2.0
// Acceptor: accepts connections and reads the first message of each, without trusting them.
//
// A connection that has not sent its first message holds one of kMaxWaiting places for at most
// kPatience, and memory for one message of the largest size. When all places are taken, the one
// that has waited longest is closed: a member sends its first message at once. A connection that
// sends something else is told so and closed. Thread rule: one thread. Errors: kIo when the system
// cannot listen or wait.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "disco/transport/channel.h"
#include "disco/transport/message_reader.h"
#include "disco/transport/socket.h"
#include "disco/transport/tls_stream.h"

namespace disco {

// A connection whose first message has been read.
struct Arrival {
  Channel channel;
  std::string address;  // of the other side, for messages
  FrameHeader header;
  std::string text;
};

struct AcceptorOptions {
  FrameKind first = FrameKind::kHello;  // kind of the first message
  uint64_t largest = 0;                 // its size in bytes, which is at least 1
  SharedKeys keys;                      // none: plain text
  bool insecure = false;                // plain text even where other machines can connect
  std::function<void(const std::string&)> on_refusal = [](const std::string&) {};
};

class Acceptor {
 public:
  static constexpr size_t kMaxWaiting = 64;
  static constexpr Milliseconds kPatience{5000};

  // Port 0 takes any free port; port() says which. Errors also: kUsage where other machines can
  // connect, and there are no keys.
  static Result<Acceptor> Listen(const Endpoint& endpoint, AcceptorOptions options);
  uint16_t port() const { return port_; }

  // Waits up to `span` for connections and bytes; returns those whose first message is complete.
  Result<std::vector<Arrival>> Attend(Milliseconds span);

  // Tells the other side why, as far as it listens, and reports it.
  void Refuse(Channel& channel, const std::string& address, const std::string& why) const;

 private:
  struct Waiting {
    Channel channel;
    std::string address;
    MessageReader reader;
    Deadline deadline;
  };
  enum class Progress { kMore, kComplete, kClosed };

  Acceptor(Socket listener, uint16_t port, AcceptorOptions options)
      : listener_(std::move(listener)), port_(port), options_(std::move(options)) {}

  void Accept();
  void Admit(Socket socket);
  void CloseOldest(const std::string& why);
  Progress Read(Waiting& waiting) const;

  Socket listener_;
  uint16_t port_;
  AcceptorOptions options_;
  std::vector<Waiting> waiting_;
  std::vector<pollfd> polls_;  // kept, so that waiting allocates nothing while sessions run
};

}  // namespace disco
