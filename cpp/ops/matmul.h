// Matrix products y = a b over batches: what matmul, bmm, matvec and outer share.
//   da = dy b^T,  db = a^T dy, summed over the batch axes along which an operand was repeated
#pragma once
#include "gemm/cut.h"
#include "gemm/gemm.h"
#include "ops/broadcast.h"
#include "ops/reduce.h"

namespace fastnn::FASTNN_ISA {

// Matrices a (m, k) and b (k, n), each at its place in `batch`; a may be stored as (k, m), b as (n,
// k).
struct Product {
  int64_t m = 1, n = 1, k = 1;
  bool transpose_a = false, transpose_b = false;
  Shape batch, batch_a, batch_b;
};

constexpr int64_t kBatchTasks =
    32;                             // at most so many tasks over a batch, each with its own scratch
constexpr int64_t kBatchLeast = 8;  // below, threads share one product instead
constexpr double kNsPerFlop = 0.02;

static inline Shape leading(const Shape& s, int trailing) {
  Shape out = s;
  out.rank = s.rank > trailing ? s.rank - trailing : 0;
  return out;
}

// a's batch axes become rows where b is one matrix: one large product instead of many.
static inline void merge_batch(Product& p) {
  if (p.transpose_a || elements(p.batch_b) != 1 || elements(p.batch_a) != elements(p.batch)) return;
  p.m *= elements(p.batch);
  p.batch = p.batch_a = p.batch_b = Shape{};
}

// The matrices an output matrix is computed from: slot s of the output, term t of its sum, at the
// batch position where both meet.
struct Slots {
  Reduction r;
  int64_t position(int64_t slot, int64_t term) const {
    int64_t at = 0;
    for (int i = r.rank - 1; i >= 0; --i) {
      int64_t& index = r.kept[i] ? slot : term;
      at += index % r.dims[i] * r.strides[i];
      index /= r.dims[i];
    }
    return at;
  }
};

static inline Slots slots_of(const Product& p, const Shape& operand) {
  bool kept[kMaxRank] = {};
  for (int i = 0; i < p.batch.rank; ++i) kept[i] = aligned_dim(operand, p.batch.rank, i) != 1;
  return {reduction_of(p.batch, kept)};
}

// Index of the matrix of `operand` at a batch position.
static inline int64_t matrix_at(const Product& p, const Shape& operand, int64_t position) {
  int64_t at = 0, stride = 1;
  for (int i = p.batch.rank - 1; i >= 0 && position; --i) {
    const int64_t dim = p.batch[i] == kBatch ? 1 : p.batch[i];
    const int64_t own = aligned_dim(operand, p.batch.rank, i);
    if (own != 1) {
      at += position % dim * stride;
      stride *= own;
    }
    position /= dim;
  }
  return at;
}

template <class T>
static Gemm<T> product_gemm(const Product& p, const T* a, const T* b, T* y) {
  return {p.m,
          p.n,
          p.k,
          a,
          p.transpose_a ? 1 : p.k,
          p.transpose_a ? p.m : 1,
          b,
          p.transpose_b ? 1 : p.n,
          p.transpose_b ? p.k : 1,
          y,
          p.n};
}

// da as it is stored: dy b^T, or its transpose b dy^T.
template <class T>
static Gemm<T> da_gemm(const Product& p, const T* dy, const T* b, T* da) {
  const int64_t b_row = p.transpose_b ? 1 : p.n, b_col = p.transpose_b ? p.k : 1;
  if (p.transpose_a) return {p.k, p.m, p.n, b, b_row, b_col, dy, 1, p.n, da, p.m};
  return {p.m, p.k, p.n, dy, p.n, 1, b, b_col, b_row, da, p.k};
}

// db as it is stored: a^T dy, or its transpose dy^T a.
template <class T>
static Gemm<T> db_gemm(const Product& p, const T* a, const T* dy, T* db) {
  const int64_t a_row = p.transpose_a ? 1 : p.k, a_col = p.transpose_a ? p.m : 1;
  if (p.transpose_b) return {p.n, p.k, p.m, dy, 1, p.n, a, a_row, a_col, db, p.k};
  return {p.k, p.n, p.m, a, a_col, a_row, dy, p.n, 1, db, p.n};
}

static inline int64_t batch_tasks(int64_t slots) {
  return slots < kBatchLeast ? 1 : slots < kBatchTasks ? slots : kBatchTasks;
}

template <class T>
static int64_t product_scratch(const Product& p) {
  const T* none = nullptr;
  T* to = nullptr;
  const int64_t y =
      align64(gemm_scratch(product_gemm(p, none, none, to))) * batch_tasks(elements(p.batch));
  const int64_t da =
      align64(gemm_scratch(da_gemm(p, none, none, to))) * batch_tasks(elements(p.batch_a));
  const int64_t db =
      align64(gemm_scratch(db_gemm(p, none, none, to))) * batch_tasks(elements(p.batch_b));
  const int64_t most = y > da ? y : da;
  return most > db ? most : db;
}

// make(slot, position) is the product that adds to output slot; `accumulate` as of the first.
template <class T, class Make>
static void run_slots(const Product& p, const Slots& slots, bool accumulate, void* scratch,
                      const Make& make) {
  const int64_t count = slots.r.outputs, terms = slots.r.terms, tasks = batch_tasks(count);
  if (count == 0 || terms == 0) return;
  const int64_t bytes = align64(gemm_scratch(make(0, 0)));
  const auto run = [&](int64_t begin, int64_t end, void* memory) {
    for (int64_t slot = begin; slot < end; ++slot)
      for (int64_t term = 0; term < terms; ++term) {
        Gemm<T> g = make(slot, slots.position(slot, term));
        g.accumulate = accumulate || term > 0;
        gemm(g, memory);
      }
  };
  if (tasks == 1) return run(0, count, scratch);
  const double cost = 2.0 * p.m * p.n * p.k * count * terms * kNsPerFlop;
  parallel(tasks, cost, [&](int64_t t) {
    run(t * count / tasks, (t + 1) * count / tasks, static_cast<char*>(scratch) + t * bytes);
  });
}

template <class T>
static void product_forward(const Product& p, const T* a, const T* b, T* y, void* scratch) {
  const Slots slots = slots_of(p, p.batch);
  run_slots<T>(p, slots, false, scratch, [&](int64_t slot, int64_t at) {
    return product_gemm(p, a + matrix_at(p, p.batch_a, at) * p.m * p.k,
                        b + matrix_at(p, p.batch_b, at) * p.k * p.n, y + slot * p.m * p.n);
  });
}

// Zeroes a gradient that is a sum of nothing: an empty batch, or a product over no elements.
template <class T>
static void clear(T* dx, int64_t count, bool accumulate) {
  if (!accumulate) __builtin_memset(dx, 0, count * sizeof(T));
}

// Gradients where da, db are not null.
template <class T>
static void product_backward(const Product& p, const T* a, const T* b, const T* dy, T* da,
                             bool accumulate_a, T* db, bool accumulate_b, void* scratch) {
  const bool empty = elements(p.batch) == 0;
  if (da) {
    if (empty) clear(da, elements(p.batch_a) * p.m * p.k, accumulate_a);
    run_slots<T>(p, slots_of(p, p.batch_a), accumulate_a, scratch, [&](int64_t slot, int64_t at) {
      return da_gemm(p, dy + at * p.m * p.n, b + matrix_at(p, p.batch_b, at) * p.k * p.n,
                     da + slot * p.m * p.k);
    });
  }
  if (db) {
    if (empty) clear(db, elements(p.batch_b) * p.k * p.n, accumulate_b);
    run_slots<T>(p, slots_of(p, p.batch_b), accumulate_b, scratch, [&](int64_t slot, int64_t at) {
      return db_gemm(p, a + matrix_at(p, p.batch_a, at) * p.m * p.k, dy + at * p.m * p.n,
                     db + slot * p.k * p.n);
    });
  }
}

static inline void infer_product_types(Node& n) {
  const Arg &a = n.in[0], &b = n.in[1];
  if (!is_real(a.dtype))
    fail_type(n.where, "a must be float32 or float64, got %s", name_of(a.dtype));
  if (b.dtype != a.dtype)
    fail_type(n.where, "b must be %s because a is, got %s", name_of(a.dtype), name_of(b.dtype));
}

// An op on a and b whose Rule checks the shapes, writes the output's, and gives the Product.
template <class Rule>
struct ProductOp {
  static constexpr const char* attrs = Rule::attrs;
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_product_types(n);
    Rule::check(n);
    const Product p = Rule::product(n);
    n.out[0].dtype = n.in[0].dtype;
    n.reads_in = 3u;
    n.reads_out = 0u;
    n.flops = 2.0 * p.m * p.n * p.k * elements(p.batch);
    n.scratch_bytes =
        n.in[0].dtype == DType::kFloat32 ? product_scratch<float>(p) : product_scratch<double>(p);
  }

  template <class T>
  static void forward(const Node& n) {
    product_forward(Rule::product(n), data<T>(n.in[0]), data<T>(n.in[1]), out_data<T>(n.out[0]),
                    n.scratch);
  }

  template <class T>
  static void backward(const Node& n) {
    product_backward<T>(Rule::product(n), data<T>(n.in[0]), data<T>(n.in[1]), grad<T>(n.out[0]),
                        grad<T>(n.in[0]), n.in[0].accumulate, grad<T>(n.in[1]), n.in[1].accumulate,
                        n.scratch);
  }
};

}  // namespace fastnn::FASTNN_ISA
