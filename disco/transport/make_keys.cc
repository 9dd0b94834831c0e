// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/make_keys.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "disco/transport/free_by.h"

namespace disco {
namespace {

using PrivateKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Memory = std::unique_ptr<BIO, FreeBy<BIO_free>>;

constexpr std::chrono::hours kClocksDiffer{24};           // certificates are valid from yesterday
constexpr std::chrono::hours kAuthorityValid{24 * 3650};  // ten years

struct KeyPair {
  PrivateKey key;
  Certificate certificate;
};

tl::unexpected<Error> Refused(std::string_view what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  return Fail(ErrorKind::kIo, "OpenSSL cannot {}: {}", what, reason.data());
}

bool AddExtension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool AddExtensions(X509* certificate, X509* issuer, bool authority) {
  const auto add = [&](int id, const char* value) {
    return AddExtension(certificate, issuer, id, value);
  };
  const bool role = authority ? add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                                    add(NID_key_usage, "critical,keyCertSign")
                              : add(NID_basic_constraints, "critical,CA:FALSE") &&
                                    add(NID_key_usage, "critical,digitalSignature") &&
                                    add(NID_ext_key_usage, "serverAuth,clientAuth");
  return role && add(NID_subject_key_identifier, "hash") &&
         (authority || add(NID_authority_key_identifier, "keyid"));
}

// Two authorities never have the same name: a verifier finds the issuer by it.
bool SetNames(X509* certificate, const X509* issuer, std::string_view role) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), serial.size()) != 1) return false;
  serial[0] &= 0x7f;  // a positive number
  BIGNUM* const number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  const std::string name = fmt::format("disco {} {:02x}{:02x}{:02x}{:02x}", role, serial[1],
                                       serial[2], serial[3], serial[4]);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text,
                                    static_cast<int>(name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate,
                              X509_get_subject_name(issuer != nullptr ? issuer : certificate)) == 1;
}

// Signed by `issuer`; by itself where there is none.
Result<KeyPair> MakePair(const KeyPair* issuer, std::chrono::seconds valid) {
  const bool authority = issuer == nullptr;
  KeyPair pair{PrivateKey(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* const certificate = pair.certificate.get();
  if (pair.key == nullptr || certificate == nullptr) return Refused("make a key");
  const std::time_t now = std::time(nullptr);
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(kClocksDiffer).count();
  ASN1_TIME_set(X509_getm_notBefore(certificate), now - ago);
  ASN1_TIME_set(X509_getm_notAfter(certificate), now + valid.count());
  X509* const signer = authority ? certificate : issuer->certificate.get();
  EVP_PKEY* const signing_key = authority ? pair.key.get() : issuer->key.get();
  if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
      !SetNames(certificate, authority ? nullptr : signer, authority ? "authority" : "member") ||
      X509_set_pubkey(certificate, pair.key.get()) != 1 ||
      !AddExtensions(certificate, signer, authority) ||
      X509_sign(certificate, signing_key, EVP_sha256()) == 0) {
    return Refused("make a certificate");
  }
  return pair;
}

std::string ContentOf(BIO* memory) {
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(memory, &data));
  return {data, size};
}

Status WriteCertificate(const Path& path, X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(memory.get(), certificate) != 1) return Refused("write a certificate");
  return WriteFile(path, ContentOf(memory.get()));
}

// Nobody else may read it at any moment, so it is not made by WriteFile.
Status WriteKey(const Path& path, EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Refused("write a private key");
  const std::string text = ContentOf(memory.get());
  const int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Fail(ErrorKind::kIo, "{}: {}", path.string(), std::strerror(errno));
  const bool written =
      write(file, text.data(), text.size()) == std::ssize(text) && fsync(file) == 0;
  const int error = errno;
  close(file);
  if (written) return {};
  unlink(path.c_str());
  return Fail(ErrorKind::kIo, "{}: {}", path.string(), std::strerror(error));
}

Status ExpectNone(const Path& folder) {
  for (const char* name :
       {KeyFiles::kAuthority, KeyFiles::kAuthorityKey, KeyFiles::kMember, KeyFiles::kMemberKey}) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder / name, ignored)) continue;
    return Fail(ErrorKind::kUsage,
                "{} exists already and keys are never overwritten; name another folder, or remove "
                "the old keys first",
                (folder / name).string());
  }
  return MakeFolder(folder);
}

Status WriteMember(const Path& folder, const KeyPair& authority, const KeyPair& member) {
  DISCO_TRY(WriteKey(folder / KeyFiles::kMemberKey, member.key.get()));
  DISCO_TRY(WriteCertificate(folder / KeyFiles::kMember, member.certificate.get()));
  return WriteCertificate(folder / KeyFiles::kAuthority, authority.certificate.get());
}

Result<KeyPair> ReadAuthority(const Path& cluster) {
  const Path certificate_path = cluster / KeyFiles::kAuthority;
  const Path key_path = cluster / KeyFiles::kAuthorityKey;
  DISCO_ASSIGN(const std::string certificate, ReadFile(certificate_path));
  DISCO_ASSIGN(const std::string key, ReadFile(key_path));
  const auto memory_of = [](const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  KeyPair pair;
  pair.certificate.reset(
      PEM_read_bio_X509(memory_of(certificate).get(), nullptr, nullptr, nullptr));
  // No question for a passphrase on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  pair.key.reset(PEM_read_bio_PrivateKey(memory_of(key).get(), nullptr, no_passphrase, nullptr));
  if (pair.certificate == nullptr || pair.key == nullptr ||
      X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    return Fail(ErrorKind::kInvalid,
                "{} and {} are not an authority's certificate and its key; make them with: disco "
                "keys init",
                certificate_path.string(), key_path.string());
  }
  return pair;
}

}  // namespace

Status MakeCluster(const Path& folder, std::chrono::seconds valid) {
  DISCO_TRY(ExpectNone(folder));
  DISCO_ASSIGN(const KeyPair authority, MakePair(nullptr, kAuthorityValid));
  DISCO_ASSIGN(const KeyPair member, MakePair(&authority, valid));
  DISCO_TRY(WriteMember(folder, authority, member));
  return WriteKey(folder / KeyFiles::kAuthorityKey, authority.key.get());
}

Status MakeMember(const Path& cluster, const Path& folder, std::chrono::seconds valid) {
  DISCO_ASSIGN(const KeyPair authority, ReadAuthority(cluster));
  DISCO_TRY(ExpectNone(folder));
  DISCO_ASSIGN(const KeyPair member, MakePair(&authority, valid));
  return WriteMember(folder, authority, member);
}

}  // namespace disco
