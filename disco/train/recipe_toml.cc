// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <toml.hpp>

#include "disco/base/toml_depth.h"
#include "disco/train/recipe.h"

namespace disco {
namespace {

std::string Place(const Path& path, const toml::value& value) {
  return fmt::format("{}:{}", path.string(), value.location().line());
}

// The text a flag would have; empty when the value is of no such type.
std::string TextOf(const toml::value& value) {
  if (value.is_string()) return value.as_string().str;
  if (value.is_integer()) return fmt::format("{}", value.as_integer());
  if (value.is_floating()) return fmt::format("{}", value.as_floating());
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  return {};
}

Status SetFromToml(const RecipeField& field, const toml::value& value) {
  const bool scalar =
      value.is_string() || value.is_integer() || value.is_floating() || value.is_boolean();
  const bool words = std::holds_alternative<std::string*>(field.value);
  if (!scalar || (value.is_string() && !words)) {
    return Fail(ErrorKind::kInvalid, "{} is of the wrong type", field.key);
  }
  return SetField(field, TextOf(value));
}

const RecipeField* Find(const std::vector<RecipeField>& fields, const std::string& section,
                        const std::string& key) {
  for (const RecipeField& field : fields) {
    if (field.section == section && field.key == key) return &field;
  }
  return nullptr;
}

Status ReadSection(const Path& path, const std::string& section, const toml::value& table,
                   const std::vector<RecipeField>& fields) {
  const bool known = std::any_of(fields.begin(), fields.end(), [&](const RecipeField& field) {
    return field.section == section;
  });
  if (!known || !table.is_table()) {
    return Fail(ErrorKind::kInvalid,
                "{}: no section '{}'; there are [network], [data], [train] and [sparsify]",
                Place(path, table), section);
  }
  for (const auto& [key, value] : table.as_table()) {
    const RecipeField* field = Find(fields, section, key);
    if (field == nullptr) {
      return Fail(ErrorKind::kInvalid, "{}: no key '{}' in [{}]", Place(path, value), key, section);
    }
    if (auto status = SetFromToml(*field, value); !status) {
      return At(Place(path, value), status.error());
    }
  }
  return {};
}

}  // namespace

Status ReadRecipe(const Path& path, Recipe& recipe) {
  DISCO_ASSIGN(const std::string text, ReadFile(path));
  if (const Status flat = CheckTomlDepth(text); !flat) return At(path.string(), flat.error());
  try {
    std::istringstream stream(text);
    const toml::value root = toml::parse(stream, path.string());
    const std::vector<RecipeField> fields = FieldsOf(recipe);
    for (const auto& [section, table] : root.as_table()) {
      DISCO_TRY(ReadSection(path, section, table, fields));
    }
    return {};
  } catch (const std::exception& error) {  // toml11 says file and line itself
    return Fail(ErrorKind::kInvalid, "{}", error.what());
  }
}

}  // namespace disco
