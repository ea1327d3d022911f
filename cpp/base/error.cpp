#include "base/error.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace fastnn {

Error::Error(ErrorKind kind, const char* text) noexcept : kind_(kind) {
  std::snprintf(text_, sizeof text_, "%s", text);
}

namespace {
[[noreturn]] void raise(ErrorKind kind, const char* where, const char* format, va_list args) {
  char text[1000];
  const int used = std::snprintf(text, sizeof text, "%s: ", where);
  if (used >= 0 && used < static_cast<int>(sizeof text))
    std::vsnprintf(text + used, sizeof text - used, format, args);
  throw Error(kind, text);
}
}  // namespace

void fail(const char* where, const char* format, ...) {
  va_list args;
  va_start(args, format);
  raise(ErrorKind::kValue, where, format, args);
}

void fail_type(const char* where, const char* format, ...) {
  va_list args;
  va_start(args, format);
  raise(ErrorKind::kType, where, format, args);
}

void fail_runtime(const char* where, const char* format, ...) {
  va_list args;
  va_start(args, format);
  raise(ErrorKind::kRuntime, where, format, args);
}

ShapeText text_of(const Shape& shape) {
  ShapeText out;
  char* p = out.text;
  char* const end = out.text + sizeof out.text;
  p += std::snprintf(p, end - p, "(");
  for (int i = 0; i < shape.rank; ++i) {
    const char* separator = i + 1 < shape.rank ? ", " : shape.rank == 1 ? "," : "";
    if (shape.dims[i] == kBatch)
      p += std::snprintf(p, end - p, "N%s", separator);
    else
      p += std::snprintf(p, end - p, "%lld%s", static_cast<long long>(shape.dims[i]), separator);
  }
  std::snprintf(p, end - p, ")");
  return out;
}

}  // namespace fastnn
