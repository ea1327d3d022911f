#include "conv_rival.h"

#ifdef FASTNN_ONEDNN
#include <omp.h>

#include <dnnl.hpp>
#include <memory>
#include <unordered_map>

namespace fastnn::bench {
namespace {

using dnnl::memory;
using Descriptor = memory::desc;

struct Run {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
};

memory zeros(const Descriptor& descriptor, const dnnl::engine& engine) {
  memory m(descriptor, engine);
  float* data = static_cast<float*>(m.get_data_handle());
  for (size_t i = 0; i < descriptor.get_size() / sizeof(float); ++i) data[i] = 0.25f;
  return m;
}

}  // namespace

std::function<void()> onednn_conv(const ConvProblem& p, const std::string& pass, int threads) {
  omp_set_num_threads(threads);
  auto run = std::make_shared<Run>();
  const auto any = [](memory::dims dims) {
    return Descriptor(dims, memory::data_type::f32, memory::format_tag::any);
  };
  const Descriptor x = any({p.N, p.C, p.H, p.W}), w = any({p.K, p.C, p.kernel, p.kernel}),
                   y = any({p.N, p.K, p.outputs(p.H), p.outputs(p.W)});
  const memory::dims stride{p.stride, p.stride}, padding{p.padding, p.padding};
  const auto direct = dnnl::algorithm::convolution_auto;
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, direct, x, w, y, stride, padding, padding}, run->engine);
  const auto put = [&](int name, const Descriptor& d) {
    run->arguments.emplace(name, zeros(d, run->engine));
  };
  if (pass == "forward") {
    run->primitive = dnnl::convolution_forward(forward);
    put(DNNL_ARG_SRC, forward.src_desc());
    put(DNNL_ARG_WEIGHTS, forward.weights_desc());
    put(DNNL_ARG_DST, forward.dst_desc());
  } else if (pass == "dx") {
    const dnnl::convolution_backward_data::primitive_desc d(
        {direct, x, w, y, stride, padding, padding}, run->engine, forward);
    run->primitive = dnnl::convolution_backward_data(d);
    put(DNNL_ARG_DIFF_SRC, d.diff_src_desc());
    put(DNNL_ARG_WEIGHTS, d.weights_desc());
    put(DNNL_ARG_DIFF_DST, d.diff_dst_desc());
  } else {
    const dnnl::convolution_backward_weights::primitive_desc d(
        {direct, x, w, y, stride, padding, padding}, run->engine, forward);
    run->primitive = dnnl::convolution_backward_weights(d);
    put(DNNL_ARG_SRC, d.src_desc());
    put(DNNL_ARG_DIFF_WEIGHTS, d.diff_weights_desc());
    put(DNNL_ARG_DIFF_DST, d.diff_dst_desc());
  }
  return [run] {
    run->primitive.execute(run->stream, run->arguments);
    run->stream.wait();
  };
}

}  // namespace fastnn::bench
#else
namespace fastnn::bench {
std::function<void()> onednn_conv(const ConvProblem&, const std::string&, int) { return {}; }
}  // namespace fastnn::bench
#endif
