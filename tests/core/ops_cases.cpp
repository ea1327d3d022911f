#include "ops_cases.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "dispatch/isa.h"

namespace fastnn::test {
namespace {

using bench::Case;
using Lengths = std::map<std::string, std::string>;  // as the case has them, and what they become

// Their attributes name lengths of the operands, or a length of 2 leaves nothing but rounding: only
// N may change.
const char* const kFixed[] = {"avg_pool2d", "broadcast_to", "conv2d",        "conv_transpose2d",
                              "group_norm", "layer_norm",   "lp_pool2d",     "max_pool2d",
                              "reshape",    "slice",        "top_k_accuracy"};

// Ops that want at least 2 classes, or that divide by length - 1: they get 2 in the place of 1.
const char* const kTwo[] = {"batch_norm", "cross_entropy",         "hinge",
                            "nll_loss",   "softmax_cross_entropy", "top_k_accuracy",
                            "var"};

// What the benchmark does not measure: other axes, broadcasting, transposes, options, and the ops
// of kFixed. D is the edge size, in attributes too.
const Case kMore[] = {
    {"add.row", "3xD D"},
    {"add.scalar", "3xD ()"},
    {"subtract.outer", "3x1 D"},
    {"divide.column", "p:3xD p:3x1"},
    {"power.row", "p:2x3xD p:3x1"},
    {"maximum.row", "3xD D"},
    {"where.row", "u2:D 3xD 3x1"},
    {"where.real", "3xD 3xD D"},
    {"prelu.one", "3xD 1"},
    {"dropout.none", "3xD", "rate=0.0"},
    {"dropout.all", "3xD", "rate=1.0"},
    {"argmax.first", "Dx5", "axis=0"},
    {"argmin.middle", "3xDx4", "axis=1"},
    {"logsumexp.first", "Dx5", "axis=0"},
    {"max.first", "Dx5", "axis=0"},
    {"max.all", "3xD"},
    {"mean.middle", "3xDx4", "axis=1 keepdims=1"},
    {"mean.all", "3xD"},
    {"min.middle", "3xDx4", "axis=1"},
    {"norm.first", "Dx5", "axis=0"},
    {"norm.all", "3xD"},
    {"prod.middle", "3xDx4", "axis=1"},
    {"prod.all", "3xD"},
    {"sum.outer", "3xDx4", "axis=0,2"},
    {"sum.all", "3xD"},
    {"var.first", "Dx5", "axis=0 correction=0"},
    {"var.all", "3xD", "correction=0"},
    {"softmax.middle", "3xDx4", "axis=1"},
    {"log_softmax.first", "Dx5", "axis=0"},
    {"accuracy.binary", "p:D i2:D"},
    {"binary_cross_entropy.column", "p:Dx1 i2:Dx1"},
    {"huber.narrow", "3xD t:3xD", "delta=0.5"},
    {"softmax_cross_entropy.values", "3xD t:3xD"},
    {"top_k_accuracy.first", "5xD iD:5", "k=1"},
    {"top_k_accuracy.all", "5xD iD:5", "k=D"},
    {"broadcast_to.wide", "3x1", "shape=3,D"},
    {"broadcast_to.rows", "D", "shape=2,3,D"},
    {"concatenate.last", "3xD 3x2 3x1", "axis=-1"},
    {"concatenate.first", "Dx2 3x2", "axis=0"},
    {"embedding.matrix", "i7:2x3 7xD"},
    {"gather.first", "Dx3 iD:Dx3", "dim=0"},
    {"conv2d.channels", "2x5x4xD 3xDx3x3 3", "stride=1,1 padding=1,1,1,1 dilation=1,1"},
    {"conv2d.filters", "2x5x4x3 Dx3x3x3 D", "stride=2,1 padding=1,0,2,1 dilation=1,1 flip=1"},
    {"conv2d.columns", "2x3xDx2 4x2x3x1 4", "stride=1,1 padding=1,1,0,0 dilation=1,1 activation=2"},
    {"conv2d.groups", "1x4x6x6 9x2x3x2 9", "stride=1,1 padding=0,0,1,1 dilation=1,2 groups=3"},
    {"conv2d.depthwise", "2x6x7x19 19x1x3x3 19",
     "stride=2,1 padding=1,1,1,1 dilation=1,1 groups=19"},
    {"conv2d.multiplied", "2x6x7x9 18x1x3x2 18",
     "stride=1,1 padding=1,1,1,1 dilation=1,2 groups=9"},
    {"conv2d.pointwise_row", "3xDx2x5 4x5x1x1 4", "stride=1,1 padding=0,0,0,0 dilation=1,1"},
    {"conv2d.tiles", "2x9x6x16 16x16x3x3 16", "stride=1,1 padding=1,1,1,1 dilation=1,1"},
    {"conv_transpose2d.channels", "2x3x2xD Dx3x3x2 3",
     "stride=2,1 padding=1,0,0,1 dilation=1,1 output_padding=1,0"},
    {"conv_transpose2d.groups", "1x3x4x4 4x3x2x3 6",
     "stride=1,3 padding=0,0,0,0 dilation=2,1 output_padding=0,1 groups=2"},
    {"avg_pool2d.border", "2x7x5xD", "kernel_size=3 stride=2 padding=1 count_include_pad=0"},
    {"avg_pool2d.overlapping", "2x6x5xD", "kernel_size=3,2 stride=1 ceil_mode=1"},
    {"lp_pool2d.overlapping", "2x6x5xD", "kernel_size=3 stride=1"},
    {"lp_pool2d.narrow", "2x4x6xD", "kernel_size=2"},
    {"max_pool2d.border", "2x7x5xD", "kernel_size=3 stride=2 padding=1"},
    {"max_pool2d.dilated", "2x9x8xD", "kernel_size=3,2 stride=1,2 dilation=2,3"},
    {"max_pool2d.apart", "2x8x7xD", "kernel_size=2 stride=3"},
    {"max_pool2d.tall", "1x18x18xD", "kernel_size=17 stride=1"},
    {"batch_norm.pixels", "2x3x4xD D D t:D t:D", "momentum=0.3"},
    {"batch_norm.relu_narrow", "37xD D D t:D t:D", "activation=3"},
    {"group_norm.one", "2x3x2xD D D", "num_groups=1"},
    {"group_norm.instance", "2x5xD D D", "num_groups=D"},
    {"layer_norm.axes", "3x4xD 4xD 4xD"},
    {"local_response_norm.odd", "3x2xD", "size=3 alpha=0.5 beta=1.25 k=2.0"},
    {"upsample.corners", "2x3x4xD", "size=5,7 mode=1 align_corners=1"},
    {"upsample.smaller", "2x5x6xD", "size=3,4 mode=1"},
    {"pad.reflect_rows", "2x4x3xD", "pad=0,0,2,1,3,0 mode=1"},
    {"pad.replicate_rows", "2xDx3", "pad=1,2,3,0 mode=2"},
    {"pad.circular", "2x4x3xD", "pad=0,0,2,1,3,0 mode=3"},
    {"pad.value", "2xDx3", "pad=1,2,3,0 value=0.5"},
    {"permute.reversed", "2xDx3", "dims=2,1,0"},
    {"reshape.split", "2xDx6", "shape=-2,3,D,2"},
    {"reshape.flat", "2xDx6", "shape=-1"},
    {"slice.backward", "2xD", "start=0,9000000000 stop=9000000000,9223372036854775807 step=1,-1"},
    {"slice.third", "DxD", "start=0,0 stop=9000000000,9000000000 step=2,3"},
    {"stack.first", "3xD 3xD 3xD", "axis=0"},
    {"stack.last", "3xD 3xD", "axis=-1"},
    {"transpose.outer", "3x2xD", "dim0=0 dim1=2"},
    {"addmm.scaled", "D 4x5 5xD", "beta=0.5 alpha=2.0"},
    {"addmm.full", "4xD 4x5 5xD", "beta=0.5"},
    {"addmm.column", "4x1 4xD Dx6"},
    {"linear.free", "4xD 5xD"},
    {"linear.batches", "2x3xD 5xD 5"},
    {"linear.tanh", "4x5 Dx5 D", "activation=2"},
    {"linear.leaky_relu", "4x5 Dx5 D", "activation=4 alpha=0.1"},
    {"linear.elu", "4x5 Dx5 D", "activation=5 alpha=0.5"},
    {"linear.selu", "4x5 Dx5 D", "activation=6"},
    {"linear.softplus", "4x5 Dx5 D", "activation=7 alpha=1.5"},
    {"linear.hard_sigmoid", "4x5 Dx5 D", "activation=8"},
    {"linear.step", "4x5 Dx5 D", "activation=9"},
    {"matmul.first", "2xDx3 2xDx5", "transpose_a=1"},
    {"matmul.both", "2xDx3 5xD", "transpose_a=1 transpose_b=1"},
    {"matmul.shared", "2x3xD Dx5"},
    {"matmul.batches", "2x1x3xD 4xDx5"},
    {"matmul.vectors", "D D"},
    {"matmul.row", "D 2xDx3"},
};

// Words of `text` cut at `between`, each changed.
template <class F>
std::string each(const std::string& text, char between, const F& change) {
  std::istringstream words(text);
  std::string result;
  for (std::string word; std::getline(words, word, between);) {
    if (!result.empty()) result += between;
    result += change(word);
  }
  return result;
}

std::string replaced(const std::string& word, const Lengths& lengths) {
  const auto found = lengths.find(word);
  return found == lengths.end() ? word : found->second;
}

std::string resized(const std::string& operands, const Lengths& lengths) {
  return each(operands, ' ', [&](const std::string& operand) {
    const size_t colon = operand.find(':');
    std::string kind;
    if (colon != std::string::npos) {
      kind = operand.substr(0, colon);
      if (kind[0] == 'i') kind.replace(1, kind.size(), replaced(kind.substr(1), lengths));
      kind += ':';
    }
    return kind + each(operand.substr(colon == std::string::npos ? 0 : colon + 1), 'x',
                       [&](const std::string& length) { return replaced(length, lengths); });
  });
}

// The lengths of a case that may change: N first to last, as they appear.
std::vector<std::string> lengths_of(const Case& given) {
  std::vector<std::string> lengths;
  const bool fixed = std::count(std::begin(kFixed), std::end(kFixed), given.op());
  each(given.operands, ' ', [&](const std::string& operand) {
    const size_t colon = operand.find(':');
    return each(operand.substr(colon == std::string::npos ? 0 : colon + 1), 'x',
                [&](const std::string& length) {
                  const bool changes = fixed ? length == "N" : length != "1" && length != "()";
                  if (changes && !std::count(lengths.begin(), lengths.end(), length))
                    lengths.push_back(length);
                  return length;
                });
  });
  return lengths;
}

Text text_of(const Case& given, const Lengths& lengths) {
  return {given.name, given.op(), resized(given.operands, lengths), given.attrs};
}

std::string with_edge(std::string text, const std::string& edge) {
  for (size_t at; (at = text.find('D')) != std::string::npos;) text.replace(at, 1, edge);
  return text;
}

// Elements that the largest array gains with each row N.
int64_t growth(const Case& given, const Lengths& lengths) {
  const auto largest = [&](int64_t n) {
    std::vector<Arg> in;
    for (const bench::Operand& x : bench::operands_of(resized(given.operands, lengths), n))
      in.push_back({x.shape, x.dtype});
    Step step(find_op(given.op().c_str(), table()), given.name, in, bench::attrs_of(given.attrs),
              true);
    step.infer();
    int64_t most = 0;
    for (int i = 0; i < step.node.n_in; ++i) most = std::max(most, elements(step.node.in[i].shape));
    for (int i = 0; i < step.node.n_out; ++i)
      most = std::max(most, elements(step.node.out[i].shape));
    return most;
  };
  return std::max<int64_t>(1, (largest(8192) - largest(4096)) / 4096);
}

}  // namespace

std::vector<Text> small_texts(const std::vector<int64_t>& edges) {
  const char* const kOthers[] = {"3", "5", "4", "2"};
  std::vector<Text> texts;
  const auto edge_of = [](const Case& given, int64_t edge) {
    const bool two = std::count(std::begin(kTwo), std::end(kTwo), given.op());
    return std::to_string(two && edge == 1 ? 2 : edge);
  };
  for (const Case& given : bench::cases()) {
    const std::vector<std::string> lengths = lengths_of(given);
    for (size_t chosen = 0; chosen < lengths.size(); ++chosen)
      for (const int64_t edge : edges) {
        Lengths now;
        for (size_t i = 0; i < lengths.size(); ++i)
          now[lengths[i]] = i == chosen ? edge_of(given, edge) : kOthers[i % 4];
        texts.push_back(text_of(given, now));
      }
  }
  for (const Case& given : kMore)
    for (const int64_t edge : edges)
      texts.push_back({given.name, given.op(), with_edge(given.operands, edge_of(given, edge)),
                       with_edge(given.attrs, edge_of(given, edge))});
  return texts;
}

std::vector<Text> large_texts(int64_t count, int64_t length) {
  std::vector<Text> texts;
  for (const Case& given : bench::cases()) {
    Lengths now;
    for (const std::string& own : lengths_of(given))
      if (own != "N")
        now[own] =
            std::to_string(std::min<int64_t>(std::stoll(own), given.is_product() ? length : 1000));
    if (!given.is_product()) now["N"] = std::to_string(count / growth(given, now) + 1);
    texts.push_back(text_of(given, now));
  }
  return texts;
}

}  // namespace fastnn::test
