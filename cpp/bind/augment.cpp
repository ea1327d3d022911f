// Batches of images, changed at random.
#include "simd/augment.h"

#include "base/beta.h"
#include "base/parallel.h"
#include "bind/arrays.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "dispatch/isa.h"

namespace fastnn {
namespace {

using Numbers = py::array_t<int64_t, py::array::c_style>;
using Step = std::tuple<std::string, uint32_t, double, std::vector<double>>;

constexpr std::pair<const char*, Change> kChanges[] = {
    {"affine", Change::kAffine}, {"elastic", Change::kElastic}, {"crop", Change::kCrop},
    {"flip", Change::kFlip},     {"color", Change::kColor},     {"pca", Change::kPca},
    {"noise", Change::kNoise},   {"cutout", Change::kCutout}};

ChangeStep step_of(const Step& given, const char* where) {
  const auto& [name, stream, p, numbers] = given;
  ChangeStep step{Change::kAffine, stream, p, {}};
  bool known = false;
  for (const auto& [text, change] : kChanges)
    if (name == text) step.change = change, known = true;
  if (!known) fail(where, "change must be one of the core's, got %s", name.c_str());
  const size_t wanted = static_cast<size_t>(numbers_of(step.change));
  if (numbers.size() != wanted)
    fail(where, "%s must have %zu numbers, got %zu", name.c_str(), wanted, numbers.size());
  for (size_t i = 0; i < wanted; ++i) step.numbers[i] = numbers[i];
  return step;
}

// Follows the size through the crops, so that no kernel reads or writes outside.
void check_sizes(Augment& a, const char* where) {
  a.out_height = a.height;
  a.out_width = a.width;
  for (int i = 0; i < a.n_steps; ++i) {
    const ChangeStep& step = a.steps[i];
    if (step.change == Change::kPca && a.channels != 3)
      fail(where, "x must have 3 channels for colours, got %lld",
           static_cast<long long>(a.channels));
    if (step.change != Change::kCrop) continue;
    const double h = step.numbers[0], w = step.numbers[1], padding = step.numbers[2];
    if (!(h >= 1 && w >= 1 && padding >= 0 && padding <= 1 << 20 &&
          h <= static_cast<double>(a.out_height) + 2 * padding &&
          w <= static_cast<double>(a.out_width) + 2 * padding))
      fail(where, "crop must be inside the padded image of %lld x %lld pixels, got %g x %g",
           static_cast<long long>(static_cast<double>(a.out_height) + 2 * padding),
           static_cast<long long>(static_cast<double>(a.out_width) + 2 * padding), h, w);
    a.out_height = static_cast<int64_t>(h);
    a.out_width = static_cast<int64_t>(w);
  }
}

py::array augment(const py::array& x, const Numbers& numbers, uint64_t epoch, uint64_t seed,
                  const std::vector<Step>& given) {
  const char* where = "augment";
  const Arg images = arg_of(x, where);
  if (!is_real(images.dtype))
    fail_type(where, "x must be float32 or float64, got %s", name_of(images.dtype));
  if (images.shape.rank != 4 || elements(images.shape, 1) == 0)
    fail(where, "x must have shape (N, C, H, W) of at least 1 pixel, got %s",
         text_of(images.shape).text);
  Augment a{};
  a.src = images.data;
  a.dtype = images.dtype;
  a.n = images.shape[0];
  a.channels = images.shape[1];
  a.height = images.shape[2];
  a.width = images.shape[3];
  if (numbers.ndim() != 1 || numbers.shape(0) != a.n)
    fail(where, "numbers must be %lld, one for each sample, got %lld", static_cast<long long>(a.n),
         static_cast<long long>(numbers.size()));
  a.numbers = numbers.data();
  a.epoch = epoch;
  a.seed = seed;
  std::vector<ChangeStep> steps;
  for (const Step& step : given) steps.push_back(step_of(step, where));
  a.steps = steps.data();
  a.n_steps = static_cast<int>(steps.size());
  check_sizes(a, where);
  py::array out = new_array({4, {a.n, a.channels, a.out_height, a.out_width}}, a.dtype);
  a.dst = out.mutable_data();
  const Table& in = table();
  const Scratch scratch(in.augment_scratch(a));
  a.scratch = scratch.get();
  const GilReleased released;
  in.augment(a);
  return out;
}

void mix_rows(const py::array& x, const py::array& z,
              const py::array_t<double, py::array::c_style>& weights) {
  const char* where = "mix_rows";
  const Arg to = arg_of(x, where), from = arg_of(z, where);
  if (!is_real(to.dtype) || to.dtype != from.dtype)
    fail_type(where, "x and z must be both float32 or both float64, got %s and %s",
              name_of(to.dtype), name_of(from.dtype));
  if (to.shape.rank < 1 || !(to.shape == from.shape) || weights.size() != to.shape[0])
    fail(where, "z must have the shape of x, %s, and a weight for each row, got %s and %lld",
         text_of(to.shape).text, text_of(from.shape).text, static_cast<long long>(weights.size()));
  if (!x.writeable()) fail(where, "x must be writeable, got a read-only array");
  const Mix mix{to.data, from.data, weights.data(), to.dtype, to.shape[0], elements(to.shape, 1)};
  const Table& in = table();
  const GilReleased released;
  in.mix_rows(mix);
}

// For each sample the number of another in 0..count-1 and the share of the sample itself.
py::tuple random_partners(uint64_t seed, uint32_t stream, uint64_t epoch, const Numbers& numbers,
                          int64_t count, double alpha) {
  const int64_t n = numbers.size();
  Numbers partners(n);
  py::array_t<double> shares(n);
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t step = counter_of(epoch, numbers.data()[i]);
    const Random4 r = random4({seed, stream}, step, 0);
    const uint64_t wide = (static_cast<uint64_t>(r.v[0]) << 32) | r.v[1];
    partners.mutable_data()[i] = static_cast<int64_t>(wide % static_cast<uint64_t>(count));
    shares.mutable_data()[i] = random_beta({seed, stream}, step, alpha);
  }
  return py::make_tuple(partners, shares);
}

}  // namespace

void bind_augment(py::module_& m) {
  m.def("augment", &augment, py::arg("x"), py::arg("numbers"), py::arg("epoch"), py::arg("seed"),
        py::arg("steps"));
  m.def("mix_rows", &mix_rows, py::arg("x"), py::arg("z"), py::arg("weights"));
  m.def("random_partners", &random_partners, py::arg("seed"), py::arg("stream"), py::arg("epoch"),
        py::arg("numbers"), py::arg("count"), py::arg("alpha"));
  m.def("stay_on_thread", &stay_on_thread);
}

}  // namespace fastnn
