// Ops that work element by element, by libm in float64: a reference that no kernel shares, which a
// machine with one instruction set would lack.
#pragma once
#include <cmath>
#include <cstring>

namespace fastnn::test {

struct Formula {
  const char* name;  // of the case
  double (*of)(double a, double b);
};

inline double gelu(double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2))); }
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double selu(double x) {
  constexpr double kScale = 1.0507009873554805, kAlpha = 1.6732632423543772;
  return kScale * (x > 0 ? x : kAlpha * std::expm1(x));
}

const Formula kFormulas[] = {
    {"abs", [](double x, double) { return std::fabs(x); }},
    {"elu", [](double x, double) { return x > 0 ? x : std::expm1(x); }},
    {"erf", [](double x, double) { return std::erf(x); }},
    {"exp", [](double x, double) { return std::exp(x); }},
    {"gelu", [](double x, double) { return gelu(x); }},
    {"gelu.tanh",
     [](double x, double) {
       return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     }},
    {"hard_sigmoid", [](double x, double) { return std::fmin(1, std::fmax(0, x / 6 + 0.5)); }},
    {"leaky_relu", [](double x, double) { return x > 0 ? x : 0.01 * x; }},
    {"log", [](double x, double) { return std::log(x); }},
    {"negative", [](double x, double) { return -x; }},
    {"reciprocal", [](double x, double) { return 1 / x; }},
    {"relu", [](double x, double) { return x > 0 ? x : 0; }},
    {"selu", [](double x, double) { return selu(x); }},
    {"sigmoid", [](double x, double) { return sigmoid(x); }},
    {"silu", [](double x, double) { return x * sigmoid(x); }},
    {"softplus", [](double x, double) { return std::log1p(std::exp(x)); }},
    {"sqrt", [](double x, double) { return std::sqrt(x); }},
    {"square", [](double x, double) { return x * x; }},
    {"step", [](double x, double) { return x > 0 ? 1.0 : 0.0; }},
    {"tanh", [](double x, double) { return std::tanh(x); }},
    {"add", [](double a, double b) { return a + b; }},
    {"divide", [](double a, double b) { return a / b; }},
    {"maximum", [](double a, double b) { return std::fmax(a, b); }},
    {"minimum", [](double a, double b) { return std::fmin(a, b); }},
    {"multiply", [](double a, double b) { return a * b; }},
    {"power", [](double a, double b) { return std::pow(a, b); }},
    {"subtract", [](double a, double b) { return a - b; }},
};

inline const Formula* formula_of(const char* name) {
  for (const Formula& formula : kFormulas)
    if (!std::strcmp(formula.name, name)) return &formula;
  return nullptr;
}

}  // namespace fastnn::test
