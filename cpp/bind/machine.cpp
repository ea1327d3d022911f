// Instruction sets, threads, chance.
#include "base/cpus.h"
#include "base/parallel.h"
#include "base/random.h"
#include "bind/arrays.h"
#include "bind/module.h"
#include "dispatch/isa.h"

namespace fastnn {

Precision precision_named(const std::string& name) {
  if (name == "float32") return Precision::kFull;
  if (name == "bf16") return bf16();
  if (name == "bf16 emulated") return Precision::kBf16Emulated;
  fail("fastnn", "precision must be float32, bf16 or bf16 emulated, got %s", name.c_str());
}

void bind_machine(py::module_& m) {
  m.def("isa", [] { return table().isa; });
  m.def("set_isa", [](const std::string& name) { set_isa(name.c_str()); });
  m.def("isas", [] {
    py::list names;
    for (int i = 0; i < isa_count(); ++i)
      names.append(py::make_tuple(isa_name(i), isa_supported(i)));
    return names;
  });
  m.def("has_bf16", &has_bf16);
  m.def("get_num_threads", &thread_count);
  m.def("set_num_threads", &set_thread_count);
  m.def("available_cpus", &available_cpus);
  using Fill = void (*)(RandomKey, uint64_t, int64_t, int64_t, double*);
  for (const auto& [name, fill] : {std::pair<const char*, Fill>{"random_uniform", random_uniform},
                                   {"random_normal", random_normal}})
    m.def(
        name,
        [fill = fill](uint64_t seed, uint32_t stream, uint64_t step, int64_t n, int64_t first) {
          py::array_t<double> out(n);
          fill({seed, stream}, step, first, n, out.mutable_data());
          return out;
        },
        py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"), py::arg("first") = 0);
  m.def(
      "random_permutation",
      [](uint64_t seed, uint32_t stream, uint64_t step, int64_t n) {
        py::array_t<int64_t> out(n);
        random_permutation({seed, stream}, step, n, out.mutable_data());
        return out;
      },
      py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"));
}

}  // namespace fastnn
