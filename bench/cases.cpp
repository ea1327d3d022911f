// The cases of ops_bench. A new op costs one line here.
#include "cases.h"

#include <algorithm>

#include "dispatch/isa.h"

namespace fastnn::bench {
namespace {

// Sizes of MLP 784-512-512-10 at batch 128 and of attention in a small Transformer.
constexpr const char* kDense = "128x784 512x784 512";
constexpr const char* kHeads = "48x64x32 48x32x64";

const Case kCases[] = {
    // Element by element.
    {"abs", "N"},
    {"elu", "N"},
    {"erf", "N"},
    {"exp", "N"},
    {"gelu", "N"},
    {"gelu.tanh", "N", "approximate=1"},
    {"hard_sigmoid", "N"},
    {"leaky_relu", "N"},
    {"log", "p:N"},
    {"negative", "N"},
    {"prelu", "Nx256 256"},
    {"prelu.images", "Nx16x28x28 16"},
    {"reciprocal", "p:N"},
    {"relu", "N"},
    {"selu", "N"},
    {"sigmoid", "N"},
    {"silu", "N"},
    {"softplus", "N"},
    {"sqrt", "p:N"},
    {"square", "N"},
    {"step", "N"},
    {"tanh", "N"},
    {"dropout", "N", "rate=0.5"},
    // Two or three operands.
    {"add", "N N"},
    {"add.bias", "Nx256 256"},
    {"divide", "p:N p:N"},
    {"maximum", "N N"},
    {"minimum", "N N"},
    {"multiply", "N N"},
    {"multiply.column", "Nx256 Nx1"},
    {"power", "p:N p:N"},
    {"power.square", "p:N 2.0:1"},
    {"subtract", "N N"},
    {"where", "u2:N N N"},
    // Reductions.
    {"argmax", "Nx256", "axis=1"},
    {"argmin", "Nx256", "axis=1"},
    {"logsumexp", "Nx256", "axis=1"},
    {"max", "Nx256", "axis=1"},
    {"max.classes", "Nx10", "axis=1"},
    {"mean", "Nx256", "axis=1"},
    {"min", "Nx256", "axis=1"},
    {"norm", "Nx256", "axis=1"},
    {"prod", "p:Nx256", "axis=1"},
    {"sum", "Nx256", "axis=1"},
    {"sum.columns", "Nx256", "axis=0"},
    {"sum.classes", "Nx10", "axis=1"},
    {"var", "Nx256", "axis=1"},
    {"var.channels", "Nx16x28x28", "axis=0,2,3"},
    {"softmax", "Nx256"},
    {"softmax.classes", "Nx10"},
    {"softmax.first", "256xN", "axis=0"},
    {"log_softmax", "Nx256"},
    // Costs and metrics. Labels let a cost read one class a row; all of them count as bytes.
    {"accuracy", "Nx10 i10:N"},
    {"binary_cross_entropy", "p:Nx10 t:Nx10"},
    {"cross_entropy", "p:Nx10 i10:N"},
    {"cross_entropy.values", "p:Nx10 t:Nx10"},
    {"hinge", "Nx10 i10:N"},
    {"huber", "Nx10 t:Nx10"},
    {"mae", "Nx10 t:Nx10"},
    {"mse", "Nx10 t:Nx10"},
    {"nll_loss", "Nx10 i10:N"},
    {"quadratic", "Nx10 t:Nx10"},
    {"sigmoid_binary_cross_entropy", "Nx10 t:Nx10"},
    {"softmax_cross_entropy", "Nx10 i10:N"},
    {"softmax_cross_entropy.vocabulary", "Nx1000 i1000:N"},
    {"top_k_accuracy", "Nx10 i10:N", "k=3"},
    // Shapes.
    {"broadcast_to", "Nx1", "shape=-1,256"},
    {"concatenate", "Nx100 Nx28 Nx128", "axis=1"},
    {"embedding", "i200:N 200x64"},
    {"embedding.vocabulary", "i10000:N 10000x128"},
    {"gather", "Nx256 i256:Nx256", "dim=1"},
    {"pad", "Nx28x28", "pad=2,2,2,2"},
    {"pad.replicate", "Nx28x28", "pad=2,2,2,2 mode=2"},
    {"permute", "Nx64x4x32", "dims=0,2,1,3"},  // the heads of attention
    {"channels_last", "Nx64x14x14"},
    {"channels_first", "Nx14x14x64"},
    {"permute.images", "Nx3x32x32", "dims=0,2,3,1"},
    {"reshape", "Nx256", "shape=-2,16,16"},
    {"slice", "Nx256", "start=0,64 stop=9000000000,192 step=1,1"},
    {"slice.every", "Nx256", "start=0,0 stop=9000000000,256 step=1,2"},
    {"stack", "Nx128 Nx128", "axis=1"},
    {"transpose", "Nx256"},
    {"python", "N", "shape0=-1"},  // without Python code it fills y with NaN
    // Images: N x H x W x C.
    {"avg_pool2d", "Nx8x8x64", "kernel_size=2"},
    {"avg_pool2d.narrow", "Nx24x24x6", "kernel_size=2"},
    {"avg_pool2d.global", "Nx8x8x64", "kernel_size=8"},
    {"max_pool2d", "Nx24x24x64", "kernel_size=2"},
    {"max_pool2d.overlapping", "Nx27x27x96", "kernel_size=3 stride=2"},
    {"batch_norm", "Nx16x16x32 32 32 t:32 t:32"},
    {"batch_norm.relu", "Nx16x16x16 16 16 t:16 t:16", "activation=3"},
    {"batch_norm.wide", "Nx256 256 256 t:256 t:256"},
    {"channel_dropout", "Nx14x14x64", "rate=0.5"},
    {"group_norm", "Nx14x14x64 64 64", "num_groups=8"},
    {"layer_norm", "Nx256 256 256"},
    {"local_response_norm", "Nx27x27x96", "size=5 alpha=0.0005"},
    {"lp_pool2d", "Nx24x24x64", "kernel_size=2"},
    {"upsample", "Nx14x14x64", "size=28"},
    {"upsample.bilinear", "Nx14x14x64", "size=28 mode=1"},
    // Products. Those with a vector are bound by memory.
    {"matvec", "Nx1024 1024"},
    {"outer", "N 1024"},
    {"addmm", "512 128x512 512x512"},
    {"bmm", kHeads},
    {"conv2d", "32x16x16x32 32x32x3x3 32", "stride=1,1 padding=1,1,1,1 dilation=1,1"},
    {"conv2d.stride", "32x16x16x32 64x32x3x3 64", "stride=2,2 padding=1,1,1,1 dilation=1,1"},
    {"conv2d.pointwise", "8x28x28x64 128x64x1x1", "stride=1,1 padding=0,0,0,0 dilation=1,1"},
    {"conv2d.pixels", "64x28x28x1 6x1x5x5 6",
     "stride=1,1 padding=2,2,2,2 dilation=1,1 activation=2"},
    {"conv2d.few", "64x14x14x6 16x6x5x5 16", "stride=1,1 padding=0,0,0,0 dilation=1,1"},
    {"conv_transpose2d", "16x14x14x64 64x32x2x2 32",
     "stride=2,2 padding=0,0,0,0 dilation=1,1 output_padding=0,0"},
    {"linear", kDense},
    {"linear.relu", kDense, "activation=3"},
    {"linear.small", "10x784 30x784 30", "activation=1"},
    {"matmul", "512x512 512x512"},
    {"matmul.attention", "12x4x64x32 12x4x64x32", "transpose_b=1"},
};

}  // namespace

std::string Case::op() const { return std::string(name).substr(0, std::string(name).find('.')); }

bool Case::is_product() const { return std::string(operands).find('N') == std::string::npos; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all(std::begin(kCases), std::end(kCases));
  return all;
}

std::vector<std::string> ops_without_case() {
  std::vector<std::string> missing;
  for (int i = 0; i < table().n_ops; ++i) {
    const std::string op = table().ops[i]->name;
    if (std::none_of(cases().begin(), cases().end(), [&](const Case& c) { return c.op() == op; }))
      missing.push_back(op);
  }
  return missing;
}

}  // namespace fastnn::bench
