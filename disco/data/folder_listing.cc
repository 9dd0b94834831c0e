// SPDX-License-Identifier: Apache-2.0
#include "disco/data/folder_listing.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace disco {
namespace {

bool IsPicture(const std::filesystem::directory_entry& entry) {
  std::string extension = entry.path().extension().string();
  for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
  std::error_code ignored;
  return (extension == ".jpg" || extension == ".jpeg" || extension == ".png") &&
         entry.is_regular_file(ignored);
}

bool IsFolder(const std::filesystem::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

}  // namespace

Result<FolderListing> ListFolder(const Path& folder) {
  FolderListing listing;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    auto& kind = IsPicture(*entry)  ? listing.pictures
                 : IsFolder(*entry) ? listing.folders
                                    : listing.others;
    kind.push_back(std::move(name));
  }
  if (error) return Fail(ErrorKind::kIo, "cannot list {}: {}", folder.string(), error.message());
  for (auto* kind : {&listing.pictures, &listing.folders, &listing.others})
    std::ranges::sort(*kind);
  return listing;
}

void LeftOut::Add(const std::string& kind, const Path& folder,
                  const std::vector<std::string>& names) {
  if (names.empty()) return;
  Entry& entry = entries_[kind];
  if (entry.count == 0) entry.example = (folder / names.front()).string();
  entry.count += names.size();
}

std::vector<std::string> LeftOut::Notes(const Path& root) const {
  std::vector<std::string> parts;
  for (const auto& [kind, entry] : entries_)
    parts.push_back(fmt::format("{} {} ({})", entry.count, kind, entry.example));
  if (parts.empty()) return {};
  return {fmt::format("{}: left out: {}", root.string(), fmt::join(parts, ", "))};
}

}  // namespace disco
