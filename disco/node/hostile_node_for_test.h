// SPDX-License-Identifier: Apache-2.0
// HostileNode: listens as a node does and keeps to the protocol, but for one message, in the place
// of which it does what a test says. It computes nothing: its outputs are zeros of the right size.
// Thread rule: made and destroyed by one thread; it talks in another.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "disco/kernel/program.h"
#include "disco/node/patience_for_test.h"
#include "disco/node/protocol.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/transport/channel.h"
#include "disco/transport/socket.h"
#include "disco/transport/tcp_stream.h"

namespace disco {

// What a node says, in the order in which it does.
enum class Said { kHelloReply, kReady, kLinked, kOutput, kReport, kTimeline };

// One message to the caller.
struct Message {
  FrameHeader header;
  std::vector<std::byte> payload;
};

class HostileNode {
 public:
  // Instead of `right`, the message that is due.
  using Fault = std::function<void(Stream& caller, const Message& right)>;

  // With no fault it is only as idle as all of them.
  explicit HostileNode(std::optional<Said> when = std::nullopt, Fault fault = nullptr)
      : when_(when), fault_(std::move(fault)) {
    endpoint_.port = *LocalPort(listener_);
    thread_ = std::jthread([this](const std::stop_token& stop) { Listen(stop); });
  }
  const Endpoint& endpoint() const { return endpoint_; }

  static void Send(Stream& caller, const Message& message) {
    FrameHeader header = message.header;
    header.size = message.payload.size();
    SendRaw(caller, EncodeFrame(header));
    SendRaw(caller, message.payload);
  }
  // The caller may have gone.
  static void SendRaw(Stream& caller, std::span<const std::byte> bytes) {
    static_cast<void>(SendAll(caller, bytes, Patience()));
  }

 private:
  // One caller after the other.
  void Listen(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!WaitReadable(listener_, Deadline::In(Milliseconds(20)))) continue;
      auto caller = Accept(listener_);
      if (!caller || !*caller) continue;
      const auto stream = MakeTcpStream(std::move(**caller));
      Talk(*stream);
      // Not the first to close, unless that is its fault.
      while (!stop.stop_requested() && !stream->HasEnded()) {
        std::vector<std::byte> rest(1 << 16);
        static_cast<void>(ReceiveAll(*stream, rest, Deadline::In(Milliseconds(20))));
      }
    }
  }

  // Until the fault, or the caller goes.
  void Talk(Stream& caller) {
    while (const auto heard = Hear(caller)) {
      std::vector<Said> answers;
      switch (heard->header.kind) {
        case FrameKind::kHello:
          answers = {Said::kHelloReply};
          break;
        case FrameKind::kShard:
          Load(*heard);
          answers = {Said::kReady};
          break;
        case FrameKind::kLink:
          answers = {Said::kLinked};
          break;
        case FrameKind::kQuery:
          answers = {Said::kOutput, Said::kReport};
          if ((heard->header.transfer & kQueryAsksTimeline) != 0)
            answers.push_back(Said::kTimeline);
          break;
        default:
          break;
      }
      for (const Said said : answers) {
        if (!Answer(caller, said, heard->header)) return;
      }
    }
  }

  // False after the fault.
  bool Answer(Stream& caller, Said said, const FrameHeader& heard) const {
    for (const Message& message : Right(said, heard)) {
      if (said == when_) {
        fault_(caller, message);
        return false;
      }
      Send(caller, message);
    }
    return true;
  }

  static Result<Message> Hear(Stream& caller) {
    std::array<std::byte, kFrameSize> frame;
    DISCO_TRY(ReceiveAll(caller, frame, Patience()));
    DISCO_ASSIGN(const FrameHeader header, DecodeFrame(frame));
    std::vector<std::byte> payload(static_cast<size_t>(header.size));
    DISCO_TRY(ReceiveAll(caller, payload, Patience()));
    return Message{header, std::move(payload)};
  }

  void Load(const Message& shard) {
    auto graph = ParseOnnx(shard.payload);
    ASSERT_TRUE(graph) << graph.error().message;
    ASSERT_TRUE(InferShapes(*graph));
    outputs_ = MakeOutputs(*graph);
  }

  // What a node would say; several messages where there are several outputs.
  std::vector<Message> Right(Said said, const FrameHeader& heard) const {
    const auto text = [&](FrameKind kind, const std::string& json) {
      const auto bytes = std::as_bytes(std::span(json));
      return std::vector{
          Message{{.kind = kind, .plan_hash = heard.plan_hash}, {bytes.begin(), bytes.end()}}};
    };
    const auto output = [&](uint32_t transfer, std::span<const std::byte> bytes) {
      return Message{{.kind = FrameKind::kOutput,
                      .plan_hash = heard.plan_hash,
                      .sequence = heard.sequence,
                      .transfer = transfer},
                     {bytes.begin(), bytes.end()}};
    };
    std::vector<Message> messages;
    switch (said) {
      case Said::kHelloReply:
        return text(FrameKind::kHelloReply, ToJson(HelloReply{}));
      case Said::kReady:
        return text(FrameKind::kReady, ToJson(Ready{}));
      case Said::kLinked:
        return text(FrameKind::kLinked, "");
      case Said::kOutput:
        for (const Tensor& each : outputs_)
          messages.push_back(output(static_cast<uint32_t>(messages.size()), each.bytes()));
        return messages;
      case Said::kReport:
        return {output(kReportTransfer, Encode(NodeReport{}))};
      case Said::kTimeline:
        return {output(kTimelineTransfer, {})};
    }
    return messages;
  }

  const std::optional<Said> when_;
  const Fault fault_;
  Socket listener_ = *disco::Listen({"127.0.0.1", 0});
  Endpoint endpoint_{"127.0.0.1", 0};
  std::vector<Tensor> outputs_;
  std::jthread thread_;  // ends before what it uses
};

}  // namespace disco
