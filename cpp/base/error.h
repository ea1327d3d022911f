// Errors: `<where>: <argument> must <rule, with the numbers>, got <value>[; <what to do>]`.
// Thrown while a graph is built or checked, never while it runs.
#pragma once
#include <exception>

#include "base/shape.h"

namespace fastnn {

enum class ErrorKind { kValue, kType, kRuntime, kInterrupt };

class Error : public std::exception {
 public:
  Error(ErrorKind kind, const char* text) noexcept;
  const char* what() const noexcept override { return text_; }
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
  char text_[1000];
};

// printf-style; `where` is the op or `Layer "name"`.
[[noreturn, gnu::format(printf, 2, 3)]] void fail(const char* where, const char* format, ...);
[[noreturn, gnu::format(printf, 2, 3)]] void fail_type(const char* where, const char* format, ...);
[[noreturn, gnu::format(printf, 2, 3)]] void fail_runtime(const char* where, const char* format,
                                                          ...);

struct ShapeText {
  char text[kMaxRank * 22 + 4];
};
// "(N, 3, 28)": as Python writes it, with N for the unknown batch size.
ShapeText text_of(const Shape& shape);

}  // namespace fastnn
