// Optimisers and passes over parameter vectors, on NumPy arrays.
#include "base/interrupt.h"
#include "bind/arrays.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "dispatch/isa.h"
#include "graph/hyper.h"

namespace fastnn {
namespace {

std::vector<NamedHyper> hyper_of(const py::dict& given) {
  std::vector<NamedHyper> out;
  for (const auto& [name, value] : given)
    out.emplace_back(name.cast<std::string>(), value.cast<double>());
  return out;
}

void* vector_data(py::array& array, const Arg& like, const char* where, const char* what) {
  const Arg arg = arg_of(array, where);
  if (!(arg.shape == like.shape) || arg.dtype != like.dtype)
    fail(where, "%s must have shape %s and dtype %s as theta has, got %s and %s", what,
         text_of(like.shape).text, name_of(like.dtype), text_of(arg.shape).text,
         name_of(arg.dtype));
  return arg.data;
}

// One update of theta and the states in place; returns the penalty before it.
double optimizer_update(const std::string& name, py::array theta, py::array grad,
                        std::vector<py::array> states, double lr, const py::dict& hyper, double l1,
                        double l2, double grad_scale, int64_t step) {
  const Optimizer& optimizer = find_optimizer(name.c_str(), table());
  Update u{};
  set_hyper(optimizer, hyper_of(hyper), u.hyper);
  const Arg like = arg_of(theta, name.c_str());
  if (!is_real(like.dtype))
    fail_type(name.c_str(), "theta must be float32 or float64, got %s", name_of(like.dtype));
  u.n = elements(like.shape);
  u.theta = theta.mutable_data();
  u.grad = vector_data(grad, like, name.c_str(), "grad");
  const int needed = optimizer.states(u.hyper);
  if (static_cast<int>(states.size()) < needed)
    fail(name.c_str(), "states must be at least %d arrays, got %zu", needed, states.size());
  for (int i = 0; i < needed; ++i) {
    vector_data(states[i], like, name.c_str(), "state");
    u.state[i] = states[i].mutable_data();
  }
  u.lr = lr;
  u.l1 = l1;
  u.l2 = l2;
  u.grad_scale = grad_scale;
  u.step = step;
  const GilReleased released;
  const Uninterrupted whole;
  optimizer.update[like.dtype == DType::kFloat64](u);
  return u.penalty;
}

// (states that these hyperparameters need, {name: default}).
py::tuple optimizer_spec(const std::string& name, const py::dict& hyper) {
  const Optimizer& optimizer = find_optimizer(name.c_str(), table());
  double values[6] = {};
  set_hyper(optimizer, hyper_of(hyper), values);
  py::dict defaults;
  for (const auto& [key, value] : default_hyper(optimizer)) defaults[key.c_str()] = value;
  return py::make_tuple(optimizer.states(values), defaults);
}

double sum_of_squares(const py::array& x) {
  const Arg arg = arg_of(x, "sum_of_squares");
  if (!is_real(arg.dtype))
    fail_type("sum_of_squares", "x must be float32 or float64, got %s", name_of(arg.dtype));
  const GilReleased released;
  return table().vectors->sum_of_squares[arg.dtype == DType::kFloat64](arg.data,
                                                                       elements(arg.shape));
}

void max_norm(py::array w, double limit) {
  const Arg arg = arg_of(w, "max_norm");
  if (!is_real(arg.dtype) || arg.shape.rank != 2)
    fail("max_norm", "w must be real and have shape (K, D), got %s %s", name_of(arg.dtype),
         text_of(arg.shape).text);
  void* data = w.mutable_data();
  const GilReleased released;
  const Uninterrupted whole;
  table().vectors->max_norm[arg.dtype == DType::kFloat64](data, arg.shape[0], arg.shape[1], limit);
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def("optimizer_update", &optimizer_update, py::arg("name"), py::arg("theta"), py::arg("grad"),
        py::arg("states"), py::arg("lr"), py::arg("hyper"), py::arg("l1") = 0.0,
        py::arg("l2") = 0.0, py::arg("grad_scale") = 1.0, py::arg("step") = 1);
  m.def("optimizer_names", [] {
    py::list names;
    for (int i = 0; i < table().n_optimizers; ++i) names.append(table().optimizers[i]->name);
    return names;
  });
  m.def("optimizer_spec", &optimizer_spec, py::arg("name"), py::arg("hyper") = py::dict());
  m.def("sum_of_squares", &sum_of_squares, py::arg("x"));
  m.def("max_norm", &max_norm, py::arg("w"), py::arg("limit"));
}

}  // namespace fastnn
