// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_speed.h"

#include <cmath>
#include <optional>

namespace disco {
namespace {

constexpr size_t kTerms = 4;  // overhead, macs, weight bytes, activation bytes
using Terms = std::array<double, kTerms>;

// One measurement divided by its time, so that the model should come to 1.
Terms RowOf(const OpMeasurement& measurement) {
  const double time = measurement.milliseconds.count();
  if (measurement.kind == OpKind::kMove)
    return {1 / time, 0, 0, static_cast<double>(measurement.activation_bytes.value) / time};
  return {1 / time, static_cast<double>(measurement.macs.value) / time,
          static_cast<double>(measurement.weight_bytes.value) / time,
          static_cast<double>(measurement.activation_bytes.value) / time};
}

// The normal equations of least squares: sums of products of columns, and of columns.
struct Normal {
  std::array<Terms, kTerms> products{};
  Terms sums{};
};

// Each column divided by its `scale`.
Normal NormalEquations(const std::vector<Terms>& rows, const Terms& scale) {
  Normal normal;
  for (const Terms& row : rows) {
    for (size_t i = 0; i < kTerms; ++i) {
      normal.sums[i] += row[i] / scale[i];
      for (size_t j = 0; j < kTerms; ++j)
        normal.products[i][j] += row[i] / scale[i] * row[j] / scale[j];
    }
  }
  return normal;
}

// Solves for the terms in `used`, the others 0, by Gauss's elimination, which needs no pivoting in
// a positive definite matrix. Nothing when the columns depend on one another.
std::optional<Terms> Solve(Normal normal, const std::array<bool, kTerms>& used) {
  constexpr double kDependent = 1e-13;  // of the original diagonal
  const Normal original = normal;
  for (size_t k = 0; k < kTerms; ++k) {
    if (!used[k]) continue;
    if (normal.products[k][k] <= kDependent * original.products[k][k]) return std::nullopt;
    for (size_t i = k + 1; i < kTerms; ++i) {
      const double factor = normal.products[i][k] / normal.products[k][k];
      for (size_t j = k; j < kTerms; ++j) normal.products[i][j] -= factor * normal.products[k][j];
      normal.sums[i] -= factor * normal.sums[k];
    }
  }
  Terms solution{};
  for (size_t k = kTerms; k-- > 0;) {
    if (!used[k]) continue;
    double rest = normal.sums[k];
    for (size_t j = k + 1; j < kTerms; ++j) rest -= normal.products[k][j] * solution[j];
    solution[k] = rest / normal.products[k][k];
  }
  return solution;
}

double SquaredError(const std::vector<Terms>& rows, const Terms& scale, const Terms& solution) {
  double sum = 0;
  for (const Terms& row : rows) {
    double predicted = 0;
    for (size_t i = 0; i < kTerms; ++i) predicted += row[i] / scale[i] * solution[i];
    sum += (predicted - 1) * (predicted - 1);
  }
  return sum;
}

// Non-negative least squares by its definition: the best is the free solution over the terms that
// are not 0, and there are only 15 choices of those.
Terms FitTerms(const std::vector<Terms>& rows) {
  Terms scale{};
  for (const Terms& row : rows) {
    for (size_t i = 0; i < kTerms; ++i) scale[i] = std::max(scale[i], row[i]);
  }
  for (double& column : scale) column = column > 0 ? column : 1;
  const Normal normal = NormalEquations(rows, scale);
  Terms best{};
  double least = SquaredError(rows, scale, best);
  for (unsigned choice = 1; choice < 1u << kTerms; ++choice) {
    std::array<bool, kTerms> used{};
    for (size_t i = 0; i < kTerms; ++i) used[i] = (choice >> i & 1u) != 0;
    const auto solution = Solve(normal, used);
    if (!solution) continue;
    bool possible = true;
    for (const double term : *solution) possible = possible && term >= 0;
    if (!possible) continue;
    const double error = SquaredError(rows, scale, *solution);
    if (error < least) {
      least = error;
      best = *solution;
    }
  }
  for (size_t i = 0; i < kTerms; ++i) best[i] /= scale[i];
  return best;
}

KindSpeed SpeedOf(const Terms& terms) {
  // Terms are milliseconds per unit.
  const auto per_second = [](double term) { return term > 0 ? 1e3 / term : kUnlimited; };
  return {.overhead = Milliseconds(terms[0]),
          .rate = {per_second(terms[1])},
          .weights = {per_second(terms[2])},
          .activations = {per_second(terms[3])}};
}

}  // namespace

Result<NodeSpeed> FitSpeed(const std::vector<OpMeasurement>& measurements) {
  std::array<std::vector<Terms>, kOpKinds.size()> rows;
  for (const OpMeasurement& measurement : measurements) {
    const double time = measurement.milliseconds.count();
    if (!(time > 0) || !std::isfinite(time)) {
      return Fail(ErrorKind::kInvalid, "an op of kind {} took {} ms; measure it again, repeated",
                  Name(measurement.kind), time);
    }
    rows[static_cast<size_t>(measurement.kind)].push_back(RowOf(measurement));
  }
  NodeSpeed speed;
  for (const OpKind kind : kOpKinds) {
    const auto& of_kind = rows[static_cast<size_t>(kind)];
    if (of_kind.empty())
      return Fail(ErrorKind::kInvalid, "no op of kind {} was measured; add some", Name(kind));
    speed.of(kind) = SpeedOf(FitTerms(of_kind));
  }
  return speed;
}

}  // namespace disco
