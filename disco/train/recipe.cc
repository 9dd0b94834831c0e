// SPDX-License-Identifier: Apache-2.0
#include "disco/train/recipe.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace disco {
namespace {

template <class Number>
bool ParseWhole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseBool(std::string_view text, bool& value) {
  value = text == "true" || text == "1";
  return value || text == "false" || text == "0";
}

struct Range {
  std::string_view name;
  double value, low, high;
};

nlohmann::ordered_json ToJson(const Recipe& recipe) {
  Recipe copy = recipe;
  nlohmann::ordered_json json;
  for (const RecipeField& field : FieldsOf(copy)) {
    std::visit([&](auto* value) { json[field.section][field.key] = *value; }, field.value);
  }
  return json;
}

}  // namespace

Status SetField(const RecipeField& field, std::string_view text) {
  auto wrong = [&](std::string_view wanted) {
    return Fail(ErrorKind::kUsage, "{} is '{}' where {} is wanted", field.key, text, wanted);
  };
  if (auto* const* words = std::get_if<std::string*>(&field.value)) **words = text;
  if (auto* const* whole = std::get_if<int64_t*>(&field.value)) {
    if (!ParseWhole(text, **whole)) return wrong("a whole number");
  }
  if (auto* const* number = std::get_if<double*>(&field.value)) {
    if (!ParseWhole(text, **number)) return wrong("a number");
  }
  if (auto* const* flag = std::get_if<bool*>(&field.value)) {
    if (!ParseBool(text, **flag)) return wrong("true or false");
  }
  return {};
}

Status CheckRecipe(const Recipe& recipe) {
  constexpr double kMany = 1e9;
  const auto& [network, data, train, sparsify] = recipe;
  const std::vector<Range> ranges = {
      {"network.classes", double(network.classes), 0, 1e6},
      {"data.limit", double(data.limit), 0, 1e12},
      {"data.val_limit", double(data.val_limit), 0, 1e12},
      {"data.pad_crop", double(data.pad_crop), 0, 4096},
      {"data.skip_share", data.skip_share, 0, 1},
      {"data.loader_threads", double(data.loader_threads), 0, 256},
      {"train.epochs", double(train.epochs), 0, kMany},
      {"train.batch", double(train.batch), 1, 65536},
      {"train.lr", train.lr, 0, 1e6},
      {"train.momentum", train.momentum, 0, 0.9999},
      {"train.weight_decay", train.weight_decay, 0, 1e3},
      {"train.label_smoothing", train.label_smoothing, 0, 0.99},
      {"train.warmup_epochs", train.warmup_epochs, 0, kMany},
      {"train.ema", train.ema, 0, 0.999999},
      {"train.threads", double(train.threads), 0, 1024},
      {"sparsify.nodes", double(sparsify.nodes), 1, 64},
      {"sparsify.sparsity", sparsify.sparsity, 0, 1},
      {"sparsify.rounds", double(sparsify.rounds), 1, 1000},
      {"sparsify.epochs", double(sparsify.epochs), 0, kMany},
      {"sparsify.lr", sparsify.lr, 0, 1e6},
      {"sparsify.recalibration_images", double(sparsify.recalibration_images), 0, kMany},
      {"sparsify.calibrate_images", double(sparsify.calibrate_images), 1, kMany},
  };
  for (const Range& range : ranges) {
    if (range.value >= range.low && range.value <= range.high) continue;
    return Fail(ErrorKind::kUsage, "{} is {}; it has to lie between {} and {}", range.name,
                range.value, range.low, range.high);
  }
  return {};
}

std::string RecipeToJson(const Recipe& recipe) {
  return ToJson(recipe).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> DifferingSettings(const std::string& then, const Recipe& now) {
  std::vector<std::string> lines;
  const auto before = nlohmann::ordered_json::parse(then);
  const auto after = nlohmann::ordered_json::parse(RecipeToJson(now));
  for (const auto& [section, entries] : after.items()) {
    for (const auto& [key, value] : entries.items()) {
      if (key == "threads" || key == "loader_threads") continue;
      const auto& old = before.at(section).at(key);
      if (old == value) continue;
      lines.push_back(fmt::format("{}.{} was {}, is {}", section, key, old.dump(), value.dump()));
    }
  }
  return lines;
}

}  // namespace disco
