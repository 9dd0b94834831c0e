// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace disco {
namespace {

using std::string_literals::operator""s;

class Npy : public testing::Test {
 protected:
  ~Npy() override { std::filesystem::remove(path_); }
  Result<Tensor> Read(const std::string& bytes) {
    EXPECT_TRUE(WriteFile(path_, bytes));
    return ReadNpy(path_);
  }
  void ExpectRefused(const std::string& bytes, ErrorKind kind, std::string_view what) {
    const auto tensor = Read(bytes);
    ASSERT_FALSE(tensor) << what;
    EXPECT_EQ(tensor.error().kind, kind) << tensor.error().message;
    EXPECT_NE(tensor.error().message.find(path_.string()), std::string::npos)
        << tensor.error().message;
  }
  Path path_ = std::filesystem::temp_directory_path() / fmt::format("disco-npy-{}.npy", getpid());
};

// A file of version 1 or 2, as NumPy would write it but for the alignment.
std::string File(std::string_view header, const std::string& elements, char version = 1) {
  std::string file = "\x93NUMPY"s + version + '\0';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  if (version > 1) file += "\0\0"s;
  return file + std::string(header) + elements;
}

std::string Header(std::string_view type, std::string_view shape,
                   std::string_view order = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", type, order, shape);
}

TEST_F(Npy, EveryTypeAndRankComesBack) {
  for (const DType dtype :
       {DType::kF32, DType::kF64, DType::kI8, DType::kI16, DType::kI32, DType::kI64, DType::kU8,
        DType::kU16, DType::kU32, DType::kU64, DType::kBool}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{0}, Shape{2, 3}, Shape{2, 1, 2, 3}}) {
      Tensor tensor(dtype, shape);
      int next = 0;
      for (std::byte& byte : tensor.MutableBytes())
        byte = static_cast<std::byte>(dtype == DType::kBool ? next++ % 2 : next++);
      ASSERT_TRUE(WriteNpy(tensor, path_));
      const auto read = ReadNpy(path_);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(read->dtype(), dtype);
      EXPECT_EQ(read->shape(), shape);
      EXPECT_TRUE(std::ranges::equal(read->bytes(), tensor.bytes())) << Name(dtype);
    }
  }
}

TEST_F(Npy, ElementsStartWhereNumPyAlignsThem) {
  ASSERT_TRUE(WriteNpy(Tensor(DType::kF32, {3}), path_));
  const std::string file = *ReadFile(path_);
  EXPECT_EQ(file.size() % 64, 12u);
  EXPECT_EQ(file[file.size() - 13], '\n');
  EXPECT_NE(file.find("'shape': (3,)"), std::string::npos);
}

TEST_F(Npy, FilesWrittenByHandAreRead) {
  const std::string elements = "\x01\0\xff\xff"s;  // 1, -1 of int16
  for (const char version : {1, 2, 3}) {
    const auto tensor = Read(File(Header("<i2", "(2, 1)"), elements, version));
    ASSERT_TRUE(tensor) << tensor.error().message;
    EXPECT_EQ(tensor->shape(), (Shape{2, 1}));
    EXPECT_EQ(tensor->Data<int16_t>()[0], 1);
    EXPECT_EQ(tensor->Data<int16_t>()[1], -1);
  }
  const auto tight = Read(File("{'shape':(),'fortran_order':False,'descr':'|u1'}", "\x07"));
  ASSERT_TRUE(tight) << tight.error().message;
  EXPECT_EQ(tight->Data<uint8_t>()[0], 7);
}

TEST_F(Npy, EveryTruncationIsAnError) {
  const std::string whole = File(Header("<f4", "(2, 2)"), std::string(16, '\1'));
  ASSERT_TRUE(Read(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto tensor = Read(whole.substr(0, size));
    ASSERT_FALSE(tensor) << size << " bytes";
  }
  EXPECT_FALSE(Read(whole + '\0')) << "a byte too many";
}

TEST_F(Npy, LyingHeadersAreRefused) {
  const std::string four(4, '\0');
  for (const char* shape :
       {"(2,)", "(-1,)", "(-1, -1)", "(99999999999999999999,)", "(4294967296, 4294967296)",
        "(68719476737,)", "(0, 9223372036854775807)", "(1.5,)", "(x,)", "[1]", "1", "", "(,)"})
    ExpectRefused(File(Header("<f4", shape), four), ErrorKind::kInvalid, shape);
  for (const char* header : {"", "{}", "'descr':", "{'descr': '<f4', 'fortran_order': False}"})
    EXPECT_FALSE(Read(File(header, four))) << header;
  ExpectRefused(File(Header("|b1", "(1,)"), "\x02"), ErrorKind::kInvalid, "no truth value");
}

TEST_F(Npy, WhatDiscoCannotReadSaysSo) {
  const std::string eight(8, '\0');
  ExpectRefused(File(Header("<f4", "(1, 2)", "True"), eight), ErrorKind::kUnsupported, "Fortran");
  for (const char* type : {">f4", "<f2", "|O", "<c8", "<U2", ""})
    ExpectRefused(File(Header(type, "(2,)"), eight), ErrorKind::kUnsupported, type);
  for (const char version : {'\0', '\4', '\xff'})
    ExpectRefused(File(Header("<f4", "(2,)"), eight, version), ErrorKind::kUnsupported, "version");
  ExpectRefused("not a file of NumPy", ErrorKind::kInvalid, "magic");
}

TEST_F(Npy, AMissingFileIsNamed) {
  const auto tensor = ReadNpy(path_);
  ASSERT_FALSE(tensor);
  EXPECT_EQ(tensor.error().kind, ErrorKind::kIo);
}

}  // namespace
}  // namespace disco
