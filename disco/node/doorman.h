// SPDX-License-Identifier: Apache-2.0
// Doorman: lets connections in and reads their first message, without trusting them.
//
// A stranger can hold one of kMaxWaiting places for kPatience, and as many bytes as a hello has; no
// more. When all places are taken, who has waited longest goes: those who mean it speak at once.
// Who says something that is not a hello is told so, where it speaks disco, and put out. Private to
// the room. Thread rule: one thread; errors: kIo when the system cannot wait.
#pragma once

#include <poll.h>

#include <functional>
#include <string>
#include <vector>

#include "disco/node/protocol.h"
#include "disco/transport/socket.h"

namespace disco {

// A connection whose hello has been read.
struct Visitor {
  Socket socket;
  Hello hello;
};

class Doorman {
 public:
  static constexpr size_t kMaxWaiting = 64;
  static constexpr Milliseconds kPatience{5000};

  Doorman(Socket listener, std::function<void(const std::string&)> on_refusal)
      : listener_(std::move(listener)), on_refusal_(std::move(on_refusal)) {}

  // Waits up to `span` for connections and bytes; returns those who have introduced themselves.
  Result<std::vector<Visitor>> Attend(Milliseconds span);

 private:
  struct Waiting {
    Socket socket;
    std::string from;  // address, for messages
    std::vector<std::byte> bytes;
    size_t wanted = kFrameSize;
    FrameHeader header;
    Deadline deadline;
  };
  enum class Progress { kMore, kDone, kOut };
  void Admit();
  void PutOutOldest(const std::string& why);
  Progress Read(Waiting& waiting, std::vector<Visitor>& visitors);
  Result<bool> ReadFrameHeader(Waiting& waiting);
  void Refuse(Waiting& waiting, const std::string& why);

  Socket listener_;
  std::function<void(const std::string&)> on_refusal_;
  std::vector<Waiting> waiting_;
  std::vector<pollfd> polled_;  // kept, so that waiting allocates nothing while sessions run
};

}  // namespace disco
