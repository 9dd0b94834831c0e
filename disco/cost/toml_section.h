// SPDX-License-Identifier: Apache-2.0
// TomlSection: one table of a TOML file, read key by key, where every key is known and every error
// says in which file and line, and what to write. Private to the room; toml11 stops here.
//
// Thread rule: one thread; the parsed file and the name of the source have to outlive it. Errors:
// kInvalid.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <toml.hpp>
#include <vector>

#include "disco/base/result.h"

namespace disco {

class TomlSection {
 public:
  // `name` as in the file, for errors: "[node.point]".
  TomlSection(const std::string& source, const toml::value& table, std::string name)
      : source_(source), table_(table), name_(std::move(name)) {}

  // "cluster.toml:12".
  std::string place() const { return PlaceOf(table_); }
  const std::string& name() const { return name_; }
  bool Has(const std::string& key) { return known_.insert(key), table_.contains(key); }

  // `like` is an example of what to write behind the key.
  Result<std::string> Text(const std::string& key, std::string_view like);
  Result<int64_t> WholeNumber(const std::string& key, std::string_view like);
  Result<bool> Flag(const std::string& key);
  // The section [key] or [<this>.key].
  Result<TomlSection> Child(const std::string& key, const std::string& child_name);
  // The sections [[key]]; none where there are none.
  Result<std::vector<TomlSection>> Children(const std::string& key);

  // Sets `result` to what `parse` makes of the text.
  template <class T>
  Status Read(const std::string& key, std::string_view like, Result<T> (*parse)(std::string_view),
              T& result) {
    DISCO_ASSIGN(const std::string text, Text(key, like));
    auto parsed = parse(text);
    if (!parsed) return Complaint(key, parsed.error().message);
    result = std::move(*parsed);
    return {};
  }

  // "cluster.toml:12: [node.point]: rate: <message>".
  tl::unexpected<Error> Complaint(const std::string& key, std::string_view message) const;

  // Refuses the first key that was not asked for.
  Status Finish() const;

 private:
  std::string PlaceOf(const toml::value& value) const;
  Result<const toml::value*> Find(const std::string& key, std::string_view like);
  tl::unexpected<Error> WrongType(const std::string& key, std::string_view like) const;

  const std::string& source_;
  const toml::value& table_;
  std::string name_;
  std::set<std::string> known_;  // keys that were asked for
};

}  // namespace disco
