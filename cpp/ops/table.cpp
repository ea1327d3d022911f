#include "ops/table.h"

#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {

#define FASTNN_OP(name) extern const Op name;
#include "ops/ops.def"
#undef FASTNN_OP
#define FASTNN_OPTIMIZER(name) extern const Optimizer name;
#include "ops/optimizers.def"
#undef FASTNN_OPTIMIZER

namespace {
const Op* const kOps[] = {
#define FASTNN_OP(name) &name,
#include "ops/ops.def"
#undef FASTNN_OP
};
const Optimizer* const kOptimizers[] = {
#define FASTNN_OPTIMIZER(name) &name,
#include "ops/optimizers.def"
#undef FASTNN_OPTIMIZER
};
}  // namespace

extern const Table table;
const Table table{FASTNN_TEXT(FASTNN_ISA),
                  sizeof kOps / sizeof kOps[0],
                  kOps,
                  sizeof kOptimizers / sizeof kOptimizers[0],
                  kOptimizers,
                  {gemm_scratch<float>, gemm<float>},
                  {gemm_scratch<double>, gemm<double>},
                  has_pair_tiles,
                  gather_rows,
                  augment_scratch,
                  augment,
                  mix_rows,
                  &vector_kernels};

}  // namespace fastnn::FASTNN_ISA
