// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or an Error that says what went wrong and what to do about it.
//
// Everything the world can do wrong (a file, a network, a peer, a request) crosses rooms as a
// Result; its message names the file, op, node or link concerned. Exceptions of libraries stop at
// the door of the room that uses the library. Thread rule: plain values.
#pragma once

#include <fmt/core.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace disco {

enum class ErrorKind {
  kUsage,        // the command line is wrong
  kInvalid,      // a file, plan or tensor does not make sense
  kUnsupported,  // it makes sense, but disco cannot do it
  kIo,           // the operating system refused a file
  kPeer,         // a node or link failed or broke the protocol
  kDeadline,     // a wait reached its deadline
  kInterrupted,  // the user asked to stop
};

struct Error {
  ErrorKind kind;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Fail(ErrorKind::kInvalid, "op '{}' has no input", name) converts to any Result<T>.
template <class... Args>
tl::unexpected<Error> Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

// The same error with the place where it happened in front: "plan.json: value 'x' ...".
inline tl::unexpected<Error> At(std::string_view place, Error error) {
  return tl::unexpected(Error{error.kind, fmt::format("{}: {}", place, error.message)});
}

}  // namespace disco

#define DISCO_CONCAT_INNER(a, b) a##b
#define DISCO_CONCAT(a, b) DISCO_CONCAT_INNER(a, b)

// Returns the error of `expression` from the enclosing function, if it has one. A macro because
// only a macro can return for its caller.
#define DISCO_TRY(expression)                                                                    \
  do {                                                                                           \
    if (auto status = (expression); !status) return ::tl::unexpected(std::move(status).error()); \
  } while (false)

// DISCO_ASSIGN(const Graph graph, ReadOnnx(path)): declares (or sets) from a Result, or returns its
// error.
#define DISCO_ASSIGN(target, expression)                                         \
  auto DISCO_CONCAT(result_, __LINE__) = (expression);                           \
  if (!DISCO_CONCAT(result_, __LINE__))                                          \
    return ::tl::unexpected(std::move(DISCO_CONCAT(result_, __LINE__)).error()); \
  target = std::move(*DISCO_CONCAT(result_, __LINE__))
