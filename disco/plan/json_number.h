// SPDX-License-Identifier: Apache-2.0
// Numbers out of JSON from outside, exactly: nlohmann's own conversions round fractions, wrap large
// numbers and take `true` for 1. Thread rule: pure. Errors: kInvalid, naming the field and what
// stands there.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "disco/base/result.h"

namespace disco {

template <class T>
struct NumberRange {
  T least = std::numeric_limits<T>::lowest(), most = std::numeric_limits<T>::max();
};

// What stands there, for a message; what has members only by its type.
inline std::string Excerpt(const nlohmann::json& json) {
  return json.is_structured() ? json.type_name() : json.dump().substr(0, 40);
}

inline Result<int64_t> WholeNumber(const nlohmann::json& json, std::string_view field,
                                   const NumberRange<int64_t>& range) {
  const bool fits = json.is_number_integer() &&
                    (!json.is_number_unsigned() ||
                     json.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  const int64_t number = fits ? json.get<int64_t>() : 0;
  if (!fits || number < range.least || number > range.most) {
    return Fail(ErrorKind::kInvalid, "{} is {}, not a whole number from {} to {}", field,
                Excerpt(json), range.least, range.most);
  }
  return number;
}

inline Result<double> RealNumber(const nlohmann::json& json, std::string_view field,
                                 const NumberRange<double>& range) {
  const double number = json.is_number() ? json.get<double>() : range.most;
  if (!json.is_number() || !(number >= range.least && number <= range.most)) {
    return Fail(ErrorKind::kInvalid, "{} is {}, not a number from {} to {}", field, Excerpt(json),
                range.least, range.most);
  }
  return number;
}

}  // namespace disco
