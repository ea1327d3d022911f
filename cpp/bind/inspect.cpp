// What is computed inside: every value of a batch, or the first that is not finite.
#include <cstring>

#include "bind/feeds.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "graph/plan.h"

namespace fastnn {
namespace {

// One batch, computed with nothing fused and no two values sharing memory.
struct Look {
  Look(const Graph& graph, const std::vector<int>& outputs, const PlanOptions& options,
       const py::array& theta, const py::array& states, const py::list& items, uint64_t counter)
      : gradient(graph.parameter_elements() * size_of(graph.real())),
        step_counter(counter),
        plan(graph, outputs, options,
             {vector_data(theta, graph.parameter_elements(), graph.real(), "theta"),
              gradient.data(), vector_data(states, graph.state_elements(), graph.real(), "states")},
             &step_counter) {
    for (const Feed& feed : feeds_of(graph, items, options.batch)) plan.bind(feed.input, feed.data);
  }
  Memory gradient;
  uint64_t step_counter;
  Plan plan;
};

// The first place, in order, where a batch makes NaN or infinity: (where, what) or None.
py::object find_not_finite(const Graph& graph, int loss, const py::array& theta,
                           const py::array& states, const py::list& items, int64_t rows,
                           uint64_t seed, uint64_t step_counter, const std::string& precision) {
  const PlanOptions options{.batch = rows,
                            .training = true,
                            .loss = loss,
                            .keep_all = true,
                            .precision = precision_named(precision),
                            .seed = seed};
  Look look(graph, {}, options, theta, states, items, step_counter);
  std::string where;
  const char* what = "output";
  {
    const GilReleased released;
    look.plan.forward();
    where = look.plan.first_not_finite();
    if (where.empty()) {
      what = "gradient";
      look.plan.backward();
      where = look.plan.first_gradient_not_finite();
    }
  }
  if (where.empty()) return py::none();
  return py::make_tuple(where, what);
}

// Every value (and, with a loss, every gradient) of one batch: {value id: (array, gradient or
// None)}.
py::dict inspect(const Graph& graph, const std::vector<int>& outputs, int loss,
                 const py::array& theta, const py::array& states, const py::list& items,
                 int64_t rows, bool training, uint64_t seed, uint64_t step_counter,
                 bool input_gradients, const std::string& precision) {
  const PlanOptions options{.batch = rows,
                            .training = training,
                            .loss = loss,
                            .keep_all = true,
                            .precision = precision_named(precision),
                            .input_gradients = input_gradients,
                            .seed = seed};
  Look look(graph, outputs, options, theta, states, items, step_counter);
  const Plan& plan = look.plan;
  {
    const GilReleased released;
    look.plan.forward();
    if (loss >= 0) look.plan.backward();
  }
  const auto copy = [](const Arg& arg, const void* data) -> py::object {
    if (!data) return py::none();
    py::array out = new_array(arg.shape, arg.dtype);
    std::memcpy(out.mutable_data(), data, elements(arg.shape) * size_of(arg.dtype));
    return out;
  };
  py::dict out;
  for (int id = 0; id < static_cast<int>(graph.values().size()); ++id)
    if (plan.has(id)) {
      const Arg& arg = plan.value(id);
      out[py::int_(id)] = py::make_tuple(copy(arg, arg.data), copy(arg, arg.grad));
    }
  return out;
}

}  // namespace

void bind_inspect(py::module_& m) {
  m.def("find_not_finite", &find_not_finite);
  m.def("inspect", &inspect);
}

}  // namespace fastnn
