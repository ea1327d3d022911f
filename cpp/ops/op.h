// What an op is: a shape rule that checks everything once, and kernels that only compute.
// Read by every layer above; compiled per instruction set, hence no STL and no shared inline code.
#pragma once
#include "base/error.h"
#include "base/parallel.h"
#include "base/precision.h"
#include "base/random.h"
#include "base/shape.h"

namespace fastnn {

constexpr int kMaxOut = 4;
constexpr int kMaxSaved = 3;
constexpr int kMaxAttrs = 9;

// One operand. `grad` is null where nobody asks for it; with `accumulate` a backward kernel adds to
// it (grad +=), else it overwrites. Every array is contiguous and row-major. `largest`, if it is
// not negative, is |data| at most, NaN or infinity where one is among them.
struct Arg {
  Shape shape;
  DType dtype = DType::kFloat32;
  bool accumulate = false;
  void* data = nullptr;
  void* grad = nullptr;
  double largest = -1;
  bool bf16 = false, bf16_grad = false;  // data, grad hold Bf16 (simd/bf16.h); Node says who can
};

// One attribute: `ints[0..count)` for kinds int and ints, `real` for kind real.
struct Attr {
  int64_t count = 0;
  int64_t ints[2 * kMaxRank] = {};
  double real = 0;
};

struct Op;

// One use of an op: its operands, attributes, and what the shape rule found out about it.
struct Node {
  const Op* op = nullptr;
  const char* where = "";  // head of error texts: the op, or `Layer "name"`
  bool training = false;
  Precision precision = Precision::kFull;  // of the products of convolutions and dense layers
  int n_in = 0;
  Arg* in = nullptr;
  Arg* out = nullptr;  // room for kMaxOut
  Attr attr[kMaxAttrs];

  // Written by the shape rule.
  int n_out = 1;
  int n_saved = 0;
  Arg saved[kMaxSaved];      // kept from forward to backward (shape and dtype; data is given)
  uint32_t reads_in = ~0u;   // inputs whose data the backward kernel reads, a bit each
  uint32_t reads_out = ~0u;  // outputs likewise
  // Operands that may hold Bf16, a bit each: data read and written, gradients written and read. A
  // plan sets Arg::bf16 where all who touch a value allow it; a gradient is never added to then.
  uint32_t bf16_in = 0, bf16_out = 0, bf16_dx = 0, bf16_dy = 0;
  bool forward_only = false;  // fused for inference: there is no gradient
  bool is_view = false;       // out[0] is in[0] under another shape: no work, no memory
  bool descends = false;      // given by the plan: the weight is moved by Op::descent
  bool owns_dy = false;  // likewise: backward is the last to read out[0].grad, and may change it
  int64_t scratch_bytes = 0;  // working memory of a run,
  int64_t reverse_bytes = 0;  // and of a backward run where that needs more, of which
  int64_t dz_bytes = 0;       // are for what may take the place of dy,
  int64_t descent_bytes = 0;  // and of Op::descent
  bool can_descend = false;   // whether that is worth it for this batch
  double flops = 0;           // of the forward run; an unknown batch counts as 1

  // Given to the kernels.
  void* scratch = nullptr;  // 64-byte aligned
  RandomKey key;
  const uint64_t* step = nullptr;  // counter of training steps, for chance
  void* callback = nullptr;        // op "python" only: a Callback
};

// Whether a mask of Node's operands names number i; none past its bits.
static inline bool in_mask(uint32_t mask, int i) { return i < 32 && (mask >> i & 1); }

static inline int64_t scratch_of(const Node& n, bool backward) {
  int64_t bytes = n.scratch_bytes;
  const int64_t reverse = n.reverse_bytes - (n.owns_dy ? n.dz_bytes : 0);
  if (backward && reverse > bytes) bytes = reverse;
  if (n.descends && n.descent_bytes > bytes) bytes = n.descent_bytes;
  return bytes;
}

// Code outside the core that computes op "python". It keeps the rules of kernels: it writes
// out[i].data, in backward in[i].grad where that is not null, adding where `accumulate` says so.
struct Callback {
  void (*forward)(void* self, const Node& n);
  void (*backward)(void* self, const Node& n);
  void* self;
};

using Kernel = void (*)(const Node&);

struct Optimizer;
struct Update;

// The update of a weight without its gradient in memory. Where a plan says so (Node::descends), the
// backward kernel leaves that gradient out, and what it is the product of in place: in[0], and in
// out[0].grad the sums' gradient, which `run` takes along.
struct Descent {
  double (*bound)(const Node&);  // nothing computed on the way to dw is larger
  void (*run)(const Node&, const Optimizer&, Update&);  // of the whole weight; grad is not read
};

struct Operands {
  int least = 1, most = 1;
};
constexpr Operands kAnyNumber{0, 1 << 30};

struct Op {
  const char* name;
  const char* attrs;     // "axis:int=-1 rate:real=0.5 shape:ints": in the order of Node::attr
  Operands operands;     // how many: a shape rule never sees fewer or more
  void (*infer)(Node&);  // the shape rule: checks in, attr; writes out and the fields above
  Kernel forward[2];     // float32, float64 (the dtype of out[0])
  Kernel backward[2];    // null: no gradient
  const char* isa;       // the instruction set this copy was compiled for
  int activation;        // what op linear's `activation` must be to do this op too, 0: it cannot
  bool elementwise;      // out[i] depends on in[i] alone, whatever the order of elements
  Descent descent[2];    // of the weight in[1]; null: it has none
};

// One pass over a stretch of the flat parameter vector.
struct Update {
  int64_t n;
  void* theta;
  const void* grad;
  void* state[3];  // zero before the first update
  double lr;
  double hyper[6];    // in the order of Optimizer::hyper
  double l1, l2;      // the cost's penalties: l1 sum|w| + l2/2 sum w^2
  double grad_scale;  // gradient clipping
  int64_t step;       // 1 at the first update
  double penalty;     // out: sum over the stretch of l1|w| + l2/2 w^2 before the update
};

struct Optimizer {
  const char* name;
  const char* hyper;  // "momentum=0 nesterov=0"
  void (*update[2])(Update&);
  // How many of Update::state these hyperparameters need; others may be null.
  int (*states)(const double* hyper);
  bool (*plain)(const double* hyper) = nullptr;  // whether it is w <- w - lr g; null: never
};

static inline bool is_plain(const Optimizer& optimizer, const Update& u) {
  return optimizer.plain && optimizer.plain(u.hyper) && u.l1 == 0 && u.l2 == 0;
}

#define FASTNN_TEXT_(x) #x
#define FASTNN_TEXT(x) FASTNN_TEXT_(x)

namespace FASTNN_ISA {

template <class K>
concept HasDescent = requires(const Node& n) { K::template bound<float>(n); };
template <class K>
concept HasBackward = requires(const Node& n) { K::template backward<float>(n); };

// The Op of a struct K with `attrs`, `infer` (cold: compiled to be small), `forward<T>` and, where
// it has a gradient, `backward<T>`; with `kOperands` where it does not take one.
template <class K>
constexpr Op op_of(const char* name) {
  Op op{};
  op.name = name;
  op.attrs = K::attrs;
  if constexpr (requires { K::kOperands; }) op.operands = K::kOperands;
  op.infer = K::infer;
  op.forward[0] = K::template forward<float>;
  op.forward[1] = K::template forward<double>;
  op.isa = FASTNN_TEXT(FASTNN_ISA);
  if constexpr (HasBackward<K>) {
    op.backward[0] = K::template backward<float>;
    op.backward[1] = K::template backward<double>;
  }
  if constexpr (HasDescent<K>) {
    op.descent[0] = {K::template bound<float>, K::template descend<float>};
    op.descent[1] = {K::template bound<double>, K::template descend<double>};
  }
  if constexpr (requires { K::kElementwise; }) op.elementwise = K::kElementwise;
  if constexpr (requires { K::kActivation; }) op.activation = static_cast<int>(K::kActivation);
  return op;
}

template <class T>
static inline const T* data(const Arg& a) {
  return static_cast<const T*>(a.data);
}
template <class T>
static inline T* out_data(const Arg& a) {
  return static_cast<T*>(a.data);
}
template <class T>
static inline T* grad(const Arg& a) {
  return static_cast<T*>(a.grad);
}

}  // namespace FASTNN_ISA
}  // namespace fastnn
