// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/toml_section.h"

namespace disco {

std::string TomlSection::PlaceOf(const toml::value& value) const {
  return fmt::format("{}:{}", source_, value.location().line());
}

tl::unexpected<Error> TomlSection::Complaint(const std::string& key,
                                             std::string_view message) const {
  const bool there = table_.contains(key);
  return Fail(ErrorKind::kInvalid, "{}: {}: {}: {}", there ? PlaceOf(table_.at(key)) : place(),
              name_, key, message);
}

tl::unexpected<Error> TomlSection::WrongType(const std::string& key, std::string_view like) const {
  return Complaint(key, fmt::format("is of the wrong type; write {} = {}", key, like));
}

Result<const toml::value*> TomlSection::Find(const std::string& key, std::string_view like) {
  if (Has(key)) return &table_.at(key);
  return Complaint(key, fmt::format("is missing; write {} = {}", key, like));
}

Result<std::string> TomlSection::Text(const std::string& key, std::string_view like) {
  DISCO_ASSIGN(const toml::value* value, Find(key, like));
  if (!value->is_string()) return WrongType(key, like);
  return value->as_string().str;
}

Result<int64_t> TomlSection::WholeNumber(const std::string& key, std::string_view like) {
  DISCO_ASSIGN(const toml::value* value, Find(key, like));
  if (!value->is_integer()) return WrongType(key, like);
  return value->as_integer();
}

Result<bool> TomlSection::Flag(const std::string& key) {
  DISCO_ASSIGN(const toml::value* value, Find(key, "true or false"));
  if (!value->is_boolean()) return WrongType(key, "true or false");
  return value->as_boolean();
}

Result<TomlSection> TomlSection::Child(const std::string& key, const std::string& child_name) {
  if (!Has(key)) return Complaint(key, "is missing; add the section " + child_name);
  const toml::value& table = table_.at(key);
  if (!table.is_table()) return Complaint(key, "is no section; write it as " + child_name);
  return TomlSection(source_, table, child_name);
}

Result<std::vector<TomlSection>> TomlSection::Children(const std::string& key) {
  std::vector<TomlSection> children;
  if (!Has(key)) return children;
  const std::string child_name = "[[" + key + "]]";
  const toml::value& list = table_.at(key);
  const auto wrong = [&] { return Complaint(key, "write each as a section " + child_name); };
  if (!list.is_array()) return wrong();
  for (const toml::value& table : list.as_array()) {
    if (!table.is_table()) return wrong();
    children.emplace_back(source_, table, child_name);
  }
  return children;
}

Status TomlSection::Finish() const {
  const std::string* first = nullptr;
  const auto line = [&](const std::string& key) { return table_.at(key).location().line(); };
  for (const auto& [key, value] : table_.as_table()) {
    if (!known_.contains(key) && (first == nullptr || line(key) < line(*first))) first = &key;
  }
  if (first == nullptr) return {};
  std::string keys;
  for (const std::string& key : known_) keys += (keys.empty() ? "" : ", ") + key;
  return Complaint(*first, "there is no such key; the keys are " + keys);
}

}  // namespace disco
