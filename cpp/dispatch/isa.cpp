#include "dispatch/isa.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

namespace fastnn {

#define FASTNN_ISA_ENTRY(name) \
  namespace name {             \
  extern const Table table;    \
  }
FASTNN_ISA_LIST
#undef FASTNN_ISA_ENTRY

namespace {

const Table* const kTables[] = {// in the order of CMakeLists.txt: the plainest first
#define FASTNN_ISA_ENTRY(name) &name::table,
                                FASTNN_ISA_LIST
#undef FASTNN_ISA_ENTRY
};
constexpr int kCount = sizeof kTables / sizeof kTables[0];

bool cpu_has(const char* isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!std::strcmp(isa, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  if (!std::strcmp(isa, "avx2"))
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
#else
  (void)isa;
  return true;
#endif
}

const Table* choose(const char* name) {
  std::string known;
  for (int i = 0; i < kCount; ++i) {
    const Table* t = kTables[kCount - 1 - i];
    if (!name ? isa_supported(i) : !std::strcmp(t->isa, name)) {
      if (!isa_supported(i))
        fail("FASTNN_ISA",
             "instruction set must be one that this CPU supports, got '%s'; unset it for the best",
             name);
      return t;
    }
    known += (i ? ", " : "") + std::string(t->isa);
  }
  if (!name)
    fail_runtime(
        "fastnn",
        "the CPU must support %s, got one that does not; build from source on this machine",
        kTables[0]->isa);
  fail("FASTNN_ISA", "instruction set must be one of %s, got '%s'", known.c_str(), name);
}

std::atomic<const Table*> g_table{nullptr};

}  // namespace

int isa_count() { return kCount; }
const char* isa_name(int i) { return kTables[kCount - 1 - i]->isa; }
bool isa_supported(int i) { return cpu_has(isa_name(i)); }

const Table& table() {
  const Table* t = g_table.load(std::memory_order_acquire);
  if (!t) {
    const char* forced = std::getenv("FASTNN_ISA");
    t = choose(forced && *forced ? forced : nullptr);
    g_table.store(t, std::memory_order_release);
  }
  return *t;
}

bool has_bf16() {
  if (!table().has_bf16_tiles()) return false;
#if defined(__x86_64__)
  if (!std::strcmp(table().isa, "avx512")) return __builtin_cpu_supports("avx512bf16");
#endif
  return true;  // those of a set that is emulated itself
}
Precision bf16() { return has_bf16() ? Precision::kBf16 : Precision::kBf16Emulated; }

void set_isa(const char* name) { g_table.store(choose(name), std::memory_order_release); }

const Op& find_op(const char* name, const Table& in) {
  for (int i = 0; i < in.n_ops; ++i)
    if (!std::strcmp(in.ops[i]->name, name)) return *in.ops[i];
  fail("fastnn", "op must be one of the list in ops.def, got '%s'", name);
}

const Optimizer& find_optimizer(const char* name, const Table& in) {
  for (int i = 0; i < in.n_optimizers; ++i)
    if (!std::strcmp(in.optimizers[i]->name, name)) return *in.optimizers[i];
  fail("fastnn", "optimizer must be one of the list in optimizers.def, got '%s'", name);
}

}  // namespace fastnn
