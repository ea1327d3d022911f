// Power with broadcasting:  y = a^b,  da = dy b a^(b - 1),  db = dy y log a (0 where a = 0 and b >=
// 0) A single exponent of 1, 2, 3, 1/2, -1 or -2 is computed by products and roots.
#include "ops/binary.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

inline float pow_of(float a, float b) { return __builtin_powf(a, b); }
inline double pow_of(double a, double b) { return __builtin_pow(a, b); }
inline float root(float a) { return __builtin_sqrtf(a); }
inline double root(double a) { return __builtin_sqrt(a); }

struct General {
  static constexpr int kReads[] = {3, 1 | 2 | 4};
  static constexpr double kCost = 15;

  template <class T>
  static inline T value(T a, T b) {
    return pow_of(a, b);
  }
  template <class T>
  static inline T da(T dy, T a, T b, T) {
    return b == T(0) ? T(0) * dy : dy * b * pow_of(a, b - T(1));
  }
  template <class T>
  static inline T db(T dy, T a, T b, T y) {
    return a == T(0) && b >= T(0) ? T(0) * dy : dy * y * simd::log(a);
  }
};

// The exponents that have a short form; kNone for all others.
enum class Short { kNone, kOne, kTwo, kThree, kHalf, kMinusOne, kMinusTwo };

template <class T>
Short short_form(const Node& n) {
  if (elements(n.in[1].shape) != 1) return Short::kNone;
  const T b = *data<T>(n.in[1]);
  return b == T(1)     ? Short::kOne
         : b == T(2)   ? Short::kTwo
         : b == T(3)   ? Short::kThree
         : b == T(0.5) ? Short::kHalf
         : b == T(-1)  ? Short::kMinusOne
         : b == T(-2)  ? Short::kMinusTwo
                       : Short::kNone;
}

template <class T, Short kForm>
inline T short_value(T a) {
  switch (kForm) {
    case Short::kOne:
      return a;
    case Short::kTwo:
      return a * a;
    case Short::kThree:
      return a * a * a;
    case Short::kHalf:
      return root(a == T(0) ? T(0) : a);  // (-0)^(1/2) is +0
    case Short::kMinusOne:
      return T(1) / a;
    case Short::kMinusTwo:
      return T(1) / (a * a);
    default:
      return a;
  }
}

template <class T, Short kForm>
inline T short_slope(T a) {
  switch (kForm) {
    case Short::kTwo:
      return T(2) * a;
    case Short::kThree:
      return T(3) * a * a;
    case Short::kHalf:
      return T(0.5) / root(a);
    case Short::kMinusOne:
      return T(-1) / (a * a);
    case Short::kMinusTwo:
      return T(-2) / (a * a * a);
    default:
      return T(1);
  }
}

template <class T, Short kForm>
void short_forward(const Node& n) {
  const int64_t count = elements(n.out[0].shape);
  const T* a = data<T>(n.in[0]);
  T* y = out_data<T>(n.out[0]);
  parallel_chunks(count, kBroadcastGrain, count * 0.3, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) y[i] = short_value<T, kForm>(a[i]);
  });
}

template <class T, Short kForm>
void short_backward(const Node& n) {
  const int64_t count = elements(n.out[0].shape);
  const T* a = data<T>(n.in[0]);
  const T* dy = grad<T>(n.out[0]);
  T* da = grad<T>(n.in[0]);
  const bool accumulate = n.in[0].accumulate;
  parallel_chunks(count, kBroadcastGrain, count * 0.3, [=](int64_t begin, int64_t end) {
    store_grad(da + begin, end - begin, accumulate,
               [=](int64_t i) { return dy[begin + i] * short_slope<T, kForm>(a[begin + i]); });
  });
}

template <class T>
constexpr Kernel kShortForward[] = {nullptr,
                                    short_forward<T, Short::kOne>,
                                    short_forward<T, Short::kTwo>,
                                    short_forward<T, Short::kThree>,
                                    short_forward<T, Short::kHalf>,
                                    short_forward<T, Short::kMinusOne>,
                                    short_forward<T, Short::kMinusTwo>};
template <class T>
constexpr Kernel kShortBackward[] = {nullptr,
                                     short_backward<T, Short::kOne>,
                                     short_backward<T, Short::kTwo>,
                                     short_backward<T, Short::kThree>,
                                     short_backward<T, Short::kHalf>,
                                     short_backward<T, Short::kMinusOne>,
                                     short_backward<T, Short::kMinusTwo>};

struct Power : Binary<General> {
  template <class T>
  static void forward(const Node& n) {
    const Kernel kernel = kShortForward<T>[static_cast<int>(short_form<T>(n))];
    return kernel ? kernel(n) : Binary<General>::forward<T>(n);
  }

  template <class T>
  static void backward(const Node& n) {
    if (n.in[0].grad) {
      const Kernel kernel = kShortBackward<T>[static_cast<int>(short_form<T>(n))];
      if (kernel && !is_repeated(n, 0))
        kernel(n);
      else
        backward_input<T, 0>(n);
    }
    if (n.in[1].grad) backward_input<T, 1>(n);
  }
};

}  // namespace
extern const Op power;
const Op power = op_of<Power>("power");
}  // namespace fastnn::FASTNN_ISA
