// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "disco/transport/byte_queue.h"
#include "disco/transport/free_by.h"
#include "disco/transport/make_keys.h"

namespace disco {
namespace {

constexpr size_t kRecord = 1 << 14;  // the most plain text in one record
constexpr size_t kBatch = 1 << 16;   // bytes in one system call: several records
constexpr std::byte kAlertRecord{21}, kHandshakeRecord{22};
constexpr std::string_view kMakeKeys =
    "give all members keys of one cluster: disco keys init, then disco keys add";

// "Nov 28 12:00:00 2027 GMT"
std::string TimeText(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, FreeBy<BIO_free>> memory(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(memory.get(), time);
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(memory.get(), &data));
  return {data, size};
}

// Why a certificate was not accepted, and what to do.
std::string Explain(long verdict, const X509* certificate) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("expired on {}; make new ones with: disco keys add",
                         TimeText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("is not valid before {}; set the clocks of all machines",
                         TimeText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("is of another authority; {}", kMakeKeys);
    default:
      return fmt::format("is not valid: {}; {}", X509_verify_cert_error_string(verdict), kMakeKeys);
  }
}

// Why the other side did not accept this side's certificate; none where that is not the reason.
std::optional<std::string> ExplainAlert(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return fmt::format("it is of another authority; {}", kMakeKeys);
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it has expired; make new ones with: disco keys add";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return fmt::format("it is not valid; {}", kMakeKeys);
    default:
      return std::nullopt;
  }
}

std::string_view NextReason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  return reason != nullptr ? reason : "unknown reason";
}

}  // namespace

class Keys {
 public:
  static Result<SharedKeys> Load(const Path& folder);
  SSL_CTX* context() const { return context_.get(); }
  // How OpenSSL reads and writes a TlsStream's inner stream.
  const BIO_METHOD* method() const { return method_.get(); }

 private:
  void Configure();
  Status LoadFiles(const Path& folder) const;
  Status CheckOwn(const Path& folder) const;

  std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> context_{SSL_CTX_new(TLS_method())};
  std::unique_ptr<BIO_METHOD, FreeBy<BIO_meth_free>> method_{
      BIO_meth_new(BIO_TYPE_SOURCE_SINK, "disco stream")};
};

namespace {

class TlsStream : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> inner, SharedKeys keys, TlsSide side)
      : inner_(std::move(inner)), keys_(std::move(keys)), ssl_(SSL_new(keys_->context())) {
    BIO* const bio = BIO_new(keys_->method());
    if (ssl_ == nullptr || bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, OnVerified);
    if (side == TlsSide::kCalls) {
      SSL_set_connect_state(ssl_.get());
    } else {
      SSL_set_accept_state(ssl_.get());
    }
  }

  Result<size_t> WriteSome(std::span<const std::byte> first,
                           std::span<const std::byte> second) override;
  // What TLS has to say for itself goes out by whoever reads; a handshake is answered before more
  // is written.
  pollfd AwaitRead() const override { return Await(!out_.empty() && encrypted_ == 0); }
  pollfd AwaitWrite() const override {
    return Await(SSL_in_init(ssl_.get()) == 0 || !out_.empty());
  }
  Result<size_t> UnderWay() const override;
  void Shutdown() const override { inner_->Shutdown(); }

  static int ReadInner(BIO* bio, char* data, int size);
  static int WriteInner(BIO* bio, const char* data, int size);
  static int OnVerified(int accepted, X509_STORE_CTX* check);
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

 protected:
  Result<size_t> Receive(std::span<std::byte> into) override;

 private:
  pollfd Await(bool write) const { return write ? inner_->AwaitWrite() : inner_->AwaitRead(); }
  // Encrypts up to kBatch bytes of both.
  Status Encrypt(std::span<const std::byte> first, std::span<const std::byte> second);
  std::span<const std::byte> OneRecord(std::span<const std::byte> first,
                                       std::span<const std::byte> second);
  // What the network takes of out_.
  Status Flush();
  Status Failed(int result);
  bool IsPlainText(std::byte first);
  Error ErrorOf(int result);

  const std::unique_ptr<Stream> inner_;
  const SharedKeys keys_;
  const std::unique_ptr<SSL, FreeBy<SSL_free>> ssl_;
  bool heard_ = false;             // a first byte
  ByteQueue out_;                  // encrypted, and not yet taken by the network
  size_t encrypted_ = 0;           // bytes of WriteSome that out_ holds, which are not reported yet
  size_t batch_ = 0;               // what out_ held when they were encrypted
  std::string fault_;              // of the other side's certificate
  Status failure_;                 // stays: after it OpenSSL must not be called again
  Status inner_failure_;           // of the stream inside
  std::vector<std::byte> record_;  // header and payload of a message, joined; kept for its memory
};

Result<size_t> TlsStream::Receive(std::span<std::byte> into) {
  DISCO_TRY(failure_);
  if (into.empty()) return 0;
  ERR_clear_error();
  size_t count = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
  const Status flushed = Flush();  // a handshake's answer
  if (result == 1) return count;
  DISCO_TRY(Failed(result));
  DISCO_TRY(flushed);
  return 0;
}

// Bytes are reported when all records that hold them have left, so that nobody but the caller of
// WriteSome has to see to what is on its way.
Result<size_t> TlsStream::WriteSome(std::span<const std::byte> first,
                                    std::span<const std::byte> second) {
  DISCO_TRY(failure_);
  if (encrypted_ == 0) {
    DISCO_TRY(Encrypt(first, second));
    batch_ = out_.size();
  }
  if (const Status flushed = Flush(); !flushed) {
    // Why the other side closed may have arrived before that.
    std::byte byte;
    static_cast<void>(Receive({&byte, 1}));
    DISCO_TRY(failure_);
    return tl::unexpected(flushed.error());
  }
  if (!out_.empty()) return 0;
  return std::min(std::exchange(encrypted_, 0), first.size() + second.size());
}

// Without what belongs to bytes that are not reported yet: who adds up what was reported counts
// none of them as arrived, and none as missing.
Result<size_t> TlsStream::UnderWay() const {
  DISCO_ASSIGN(const size_t count, inner_->UnderWay());
  const size_t not_reported = encrypted_ == 0 ? 0 : batch_ - out_.size();
  return count - std::min(count, not_reported);
}

Status TlsStream::Encrypt(std::span<const std::byte> first, std::span<const std::byte> second) {
  while (encrypted_ < kBatch && first.size() + second.size() > 0) {
    const auto record = OneRecord(first, second);
    ERR_clear_error();
    size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &count);
    if (result != 1) return Failed(result);
    encrypted_ += count;
    const size_t of_first = std::min(first.size(), count);
    first = first.subspan(of_first);
    second = second.subspan(count - of_first);
  }
  return {};
}

Status TlsStream::Flush() {
  while (!out_.empty()) {
    DISCO_ASSIGN(const size_t count, inner_->WriteSome(out_.Front(), {}));
    if (count == 0) return {};
    out_.Consume(count);
  }
  return {};
}

// Nothing where OpenSSL has to wait.
Status TlsStream::Failed(int result) {
  const int need = SSL_get_error(ssl_.get(), result);
  if (need == SSL_ERROR_WANT_READ) return {};
  failure_ = tl::unexpected(ErrorOf(need));
  static_cast<void>(Flush());  // an alert tells the other side
  return failure_;
}

// What goes into the next record. The same bytes give the same record, as OpenSSL demands of bytes
// that are offered again after a handshake.
std::span<const std::byte> TlsStream::OneRecord(std::span<const std::byte> first,
                                                std::span<const std::byte> second) {
  if (first.empty()) return second.first(std::min(second.size(), kRecord));
  if (second.empty() || first.size() >= kRecord)
    return first.first(std::min(first.size(), kRecord));
  const auto rest = second.first(std::min(second.size(), kRecord - first.size()));
  record_.assign(first.begin(), first.end());
  record_.insert(record_.end(), rest.begin(), rest.end());
  return record_;
}

// An accepting side answers plain text by an alert, by which a plain caller can tell that this is
// TLS (message_reader.cc); OpenSSL would say nothing.
bool TlsStream::IsPlainText(std::byte first) {
  if (std::exchange(heard_, true) || first == kHandshakeRecord || first == kAlertRecord)
    return false;
  if (SSL_is_server(ssl_.get()) == 1) {
    constexpr std::byte kFatal{2}, kUnexpectedMessage{10};
    const std::array alert = {kAlertRecord, std::byte{3}, std::byte{3},      std::byte{0},
                              std::byte{2}, kFatal,       kUnexpectedMessage};
    static_cast<void>(inner_->WriteSome(alert, {}));
  }
  return true;
}

Error TlsStream::ErrorOf(int need) {
  if (!inner_failure_) return inner_failure_.error();
  if (need == SSL_ERROR_ZERO_RETURN)
    return {ErrorKind::kPeer, "the other side closed the connection"};
  if (!fault_.empty()) return {ErrorKind::kUsage, "the certificate of the other side " + fault_};
  if (const auto why = ExplainAlert(ERR_GET_REASON(ERR_peek_error()))) {
    return {ErrorKind::kUsage,
            "the other side does not accept the certificate of this side: " + *why};
  }
  return {ErrorKind::kPeer, fmt::format("TLS failed: {}", NextReason())};
}

int TlsStream::OnVerified(int accepted, X509_STORE_CTX* check) {
  if (accepted == 1) return accepted;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<TlsStream*>(SSL_get_app_data(ssl))->fault_ =
      Explain(X509_STORE_CTX_get_error(check), X509_STORE_CTX_get_current_cert(check));
  return accepted;
}

int TlsStream::ReadInner(BIO* bio, char* data, int size) {
  auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto into = std::as_writable_bytes(std::span(data, static_cast<size_t>(size)));
  const Result<size_t> count = self.inner_->ReadSome(into);
  if (!count) self.inner_failure_ = tl::unexpected(count.error());
  if (count && *count == 0) BIO_set_retry_read(bio);
  if (!count || *count == 0) return -1;
  if (!self.IsPlainText(into[0])) return static_cast<int>(*count);
  self.inner_failure_ =
      Fail(ErrorKind::kUsage,
           "the other side speaks plain text, this side has keys; give it keys, too: --keys DIR");
  return -1;
}

int TlsStream::WriteInner(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto bytes = std::as_bytes(std::span(data, static_cast<size_t>(size)));
  static_cast<TlsStream*>(BIO_get_data(bio))->out_.Append(bytes);
  return size;
}

}  // namespace

Result<SharedKeys> Keys::Load(const Path& folder) {
  auto keys = std::make_shared<Keys>();
  if (keys->context() == nullptr || keys->method() == nullptr)
    return Fail(ErrorKind::kIo, "OpenSSL cannot be used: {}", NextReason());
  keys->Configure();
  DISCO_TRY(keys->LoadFiles(folder));
  DISCO_TRY(keys->CheckOwn(folder));
  return keys;
}

void Keys::Configure() {
  BIO_meth_set_read(method_.get(), TlsStream::ReadInner);
  BIO_meth_set_write(method_.get(), TlsStream::WriteInner);
  BIO_meth_set_ctrl(method_.get(), TlsStream::Control);
  SSL_CTX_set_min_proto_version(context(), TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(
      context(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_session_cache_mode(context(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context(), 0);
  SSL_CTX_set_mode(context(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context(), 1);
  SSL_CTX_set_default_read_buffer_len(context(), kBatch);
  // No question for a passphrase on the terminal.
  SSL_CTX_set_default_passwd_cb(context(), [](char*, int, int, void*) { return 0; });
}

Status Keys::LoadFiles(const Path& folder) const {
  ERR_clear_error();
  const auto load = [&](const char* name, auto&& use) -> Status {
    const Path path = folder / name;
    const auto readable = ReadFile(path);
    if (readable && use(path.c_str()) == 1) return {};
    return Fail(
        ErrorKind::kUsage, "{}; make keys with: disco keys init {}",
        readable ? fmt::format("{}: {}", path.string(), NextReason()) : readable.error().message,
        folder.string());
  };
  DISCO_TRY(load(KeyFiles::kAuthority,
                 [&](const char* path) { return SSL_CTX_load_verify_file(context(), path); }));
  DISCO_TRY(load(KeyFiles::kMember, [&](const char* path) {
    return SSL_CTX_use_certificate_file(context(), path, SSL_FILETYPE_PEM);
  }));
  return load(KeyFiles::kMemberKey, [&](const char* path) {
    return SSL_CTX_use_PrivateKey_file(context(), path, SSL_FILETYPE_PEM);
  });
}

Status Keys::CheckOwn(const Path& folder) const {
  X509* const own = SSL_CTX_get0_certificate(context());
  const std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context()), own, nullptr);
  if (X509_verify_cert(check.get()) == 1) return {};
  return Fail(
      ErrorKind::kUsage, "the certificate {} {}", (folder / KeyFiles::kMember).string(),
      Explain(X509_STORE_CTX_get_error(check.get()), X509_STORE_CTX_get_current_cert(check.get())));
}

Result<SharedKeys> LoadKeys(const Path& folder) { return Keys::Load(folder); }

std::unique_ptr<Stream> MakeTlsStream(std::unique_ptr<Stream> inner, SharedKeys keys,
                                      TlsSide side) {
  return std::make_unique<TlsStream>(std::move(inner), std::move(keys), side);
}

std::unique_ptr<Stream> Secured(std::unique_ptr<Stream> stream, const SharedKeys& keys,
                                TlsSide side) {
  if (keys == nullptr) return stream;
  return MakeTlsStream(std::move(stream), keys, side);
}

}  // namespace disco
