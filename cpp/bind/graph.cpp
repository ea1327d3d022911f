// Graph, Inference and Training as Python classes. Each keeps the arrays alive whose memory it
// uses.
#include "graph/graph.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

#include "bind/arrays.h"
#include "bind/function.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "dispatch/isa.h"
#include "graph/inference.h"
#include "graph/training.h"

namespace fastnn {
namespace {

void* vector_data(const py::array& vector, int64_t elements, DType dtype, const char* what) {
  const Arg arg = arg_of(vector, what);
  if (arg.dtype != dtype || arg.shape.rank != 1 || arg.shape[0] != elements || !vector.writeable())
    fail(what, "vector must be a writable %s array of shape (%lld,), got shape %s", name_of(dtype),
         static_cast<long long>(elements), text_of(arg.shape).text);
  return arg.data;
}

// (input id, array, scale, offset) as the core reads it; the array stays alive with its caller.
Feed feed_of(const py::handle& item) {
  const py::tuple t = item.cast<py::tuple>();
  const py::array array = t[1].cast<py::array>();
  const Arg arg = arg_of(array, "Feed");
  Feed feed;
  feed.input = t[0].cast<int>();
  feed.dtype = arg.dtype;
  feed.data = arg.data;
  feed.rows = arg.shape.rank ? arg.shape[0] : 0;
  feed.row_elements = elements(arg.shape, 1);
  feed.scale = t[2].cast<double>();
  feed.offset = t[3].cast<double>();
  return feed;
}

std::vector<Feed> feeds_of(const Graph& graph, const py::list& items, int64_t rows) {
  std::vector<Feed> feeds;
  for (const py::handle item : items) {
    const Feed feed = feed_of(item);
    if (feed.input < 0 || feed.input >= static_cast<int>(graph.values().size()) ||
        graph.values()[feed.input].leaf != Leaf::kInput)
      fail("Feed", "input must be an input of the graph, got value %d", feed.input);
    const Value& v = graph.values()[feed.input];
    if (feed.row_elements != elements(v.shape, 1) || feed.rows < rows)
      fail("Feed", "array must have %lld rows of %lld elements, got %lld of %lld",
           static_cast<long long>(rows), static_cast<long long>(elements(v.shape, 1)),
           static_cast<long long>(feed.rows), static_cast<long long>(feed.row_elements));
    if (!rows_convertible(feed.dtype, v.dtype))
      fail_type("Feed", "array must convert to %s, got %s", name_of(v.dtype), name_of(feed.dtype));
    feeds.push_back(feed);
  }
  return feeds;
}

using Order = py::array_t<int64_t, py::array::c_style>;

// Rows that an array must have to be read in this order.
int64_t rows_of(const Order& order, const char* where) {
  int64_t rows = 0;
  for (int64_t i = 0; i < order.size(); ++i) {
    if (order.data()[i] < 0) fail(where, "order must hold rows >= 0, got a negative one");
    rows = std::max(rows, order.data()[i] + 1);
  }
  return rows;
}

// The exception that Python would see.
py::object exception_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    if (!PyErr_Occurred()) set_python_error(e);
  } catch (py::error_already_set& e) {
    return e.value();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
  return py::error_already_set().value();
}

py::dict dict_of(const Progress& p, const std::vector<double>& sums) {
  static const char* const kStop[] = {"done", "time", "not finite", "error"};
  py::dict out;
  out["stop"] = kStop[static_cast<int>(p.stop)];
  out["steps"] = p.steps;
  out["rows"] = p.rows;
  out["sums"] = sums;
  out["error"] = p.error ? exception_of(p.error) : py::none();
  return out;
}

// What a plan is made of, for tests and measurements.
py::dict info_of(const Plan& plan) {
  py::list steps;
  for (const auto& step : plan.steps()) steps.append(std::string(step->node.op->name));
  py::list descending;
  for (const Plan::Descending& one : plan.descending()) descending.append(one.weight);
  return py::dict(py::arg("steps") = steps, py::arg("arena_bytes") = plan.arena_bytes(),
                  py::arg("scratch_bytes") = plan.scratch_bytes(), py::arg("flops") = plan.flops(),
                  py::arg("descending") = descending);
}

class PyInference {
 public:
  PyInference(const Graph& graph, const std::vector<int>& outputs, const py::array& theta,
              const py::array& states)
      : graph_(graph),
        inference_(graph, outputs,
                   vector_data(theta, graph.parameter_elements(), graph.real(), "theta"),
                   vector_data(states, graph.state_elements(), graph.real(), "states")) {}

  // Arrays of the outputs with a batch axis, means of the scalars, in the order of the outputs.
  py::list run(const py::list& items, const py::object& order, int64_t n, int64_t batch) {
    Order numbers;
    if (!order.is_none()) numbers = order.cast<Order>();
    const std::vector<Feed> feeds =
        feeds_of(graph_, items, order.is_none() ? n : rows_of(numbers, "Inference.run"));
    const int count = static_cast<int>(inference_.outputs().size());
    std::vector<void*> rows(count, nullptr);
    std::vector<double> means(count, 0);
    py::list out;
    for (int i = 0; i < count; ++i) {
      const Arg arg = inference_.output(i, n);
      if (arg.shape.rank == 0) {
        out.append(py::none());
        continue;
      }
      py::array y = new_array(arg.shape, arg.dtype);
      rows[i] = y.mutable_data();
      out.append(y);
    }
    {
      const GilReleased released;
      inference_.run(feeds, order.is_none() ? nullptr : numbers.data(), n, batch, rows.data(),
                     means.data());
    }
    for (int i = 0; i < count; ++i)
      if (!rows[i]) out[i] = means[i];
    return out;
  }

  // The short way for one input and one output: rows of `x` are run in one batch. None where the
  // array is not exactly what the graph takes, so that the caller can look closer.
  py::object rows(int input, const py::object& x, int64_t most) {
    if (!py::isinstance<py::array>(x)) return py::none();
    const py::array array = py::reinterpret_borrow<py::array>(x);
    const Value& v = graph_.values()[input];
    if (array.ndim() != v.shape.rank || !(array.flags() & py::array::c_style) ||
        !array.dtype().is(numpy_dtype(v.dtype)) || array.shape(0) < 1 || array.shape(0) > most)
      return py::none();
    for (int i = 1; i < v.shape.rank; ++i)
      if (array.shape(i) != v.shape[i]) return py::none();
    const int64_t n = array.shape(0);
    const Feed feed{input, v.dtype, array.data(), elements(v.shape, 1), n};
    const Arg arg = inference_.output(0, n);
    py::array y = new_array(arg.shape, arg.dtype);
    void* out = y.mutable_data();
    double mean = 0;
    {
      const GilReleased released;
      inference_.run({feed}, nullptr, n, n, &out, &mean);
    }
    return y;
  }

  py::dict plan_info(int64_t batch) { return info_of(*inference_.make(batch)); }

 private:
  const Graph& graph_;
  Inference inference_;
};

UpdateRule rule_of(const py::dict& d) {
  UpdateRule rule;
  rule.optimizer = d["optimizer"].cast<std::string>();
  for (const auto& [name, value] : d["hyper"].cast<py::dict>())
    rule.hyper.emplace_back(name.cast<std::string>(), value.cast<double>());
  rule.l1 = d["l1"].cast<double>();
  rule.l2 = d["l2"].cast<double>();
  rule.clip_norm = d["clip_norm"].cast<double>();
  rule.max_norm = d["max_norm"].cast<double>();
  return rule;
}

class PyTraining {
 public:
  PyTraining(const Graph& graph, int loss, const std::vector<int>& metrics, const py::dict& rule,
             uint64_t seed, const py::array& theta, const py::array& states,
             const std::string& precision)
      : graph_(graph),
        training_(graph, loss, metrics, rule_of(rule), seed,
                  vector_data(theta, graph.parameter_elements(), graph.real(), "theta"),
                  vector_data(states, graph.state_elements(), graph.real(), "states"),
                  precision_named(precision)) {}

  py::dict run(const py::list& items, const Order& order, int64_t batch,
               const py::array_t<double>& lr, double seconds, const std::vector<double>& sums) {
    const int64_t n = order.size();
    if (batch < 1 || lr.size() < (n + batch - 1) / batch)
      fail("Training.run", "lr must have one value a step, got %lld",
           static_cast<long long>(lr.size()));
    if (sums.size() != training_.sums().size())
      fail("Training.run", "sums must have %zu numbers, got %zu", training_.sums().size(),
           sums.size());
    const int64_t last = rows_of(order, "Training.run");
    const std::vector<Feed> feeds = feeds_of(graph_, items, last);
    Progress progress;
    std::vector<double> result;
    {
      const GilReleased released;
      const Turn turn(*this);
      progress = training_.run(feeds, order.data(), n, batch, lr.data(), seconds, sums.data());
      result = training_.sums();
    }
    return dict_of(progress, result);
  }

  py::dict step(const py::list& items, int64_t rows, double lr, bool update) {
    std::vector<std::pair<int, const void*>> inputs;
    for (const Feed& feed : feeds_of(graph_, items, rows)) {
      if (feed.dtype != graph_.values()[feed.input].dtype)
        fail_type("Training.step", "array must be %s, got %s",
                  name_of(graph_.values()[feed.input].dtype), name_of(feed.dtype));
      inputs.emplace_back(feed.input, feed.data);
    }
    Progress progress;
    std::vector<double> result;
    {
      const GilReleased released;
      const Turn turn(*this);
      progress = training_.step(inputs, rows, lr, update);
      result = training_.sums();
    }
    return dict_of(progress, result);
  }

  py::list measure(int64_t batch, int runs) {
    std::vector<Plan::StepTime> times;
    {
      const GilReleased released;
      const Turn turn(*this);
      times = training_.measure(batch, runs);
    }
    py::list rows;
    const auto& steps = training_.plan(batch).steps();
    for (size_t i = 0; i < times.size(); ++i) {
      const Node& node = steps[i]->node;
      rows.append(py::make_tuple(node.op->name, node.where, times[i].forward, times[i].backward));
    }
    return rows;
  }

  // Views of the core's own vectors: the gradient of the last step, the optimiser's states.
  py::array view(char* data, const py::object& self) {
    return py::array(numpy_dtype(graph_.real()), {graph_.parameter_elements()}, {}, data, self);
  }

  const Graph& graph_;
  Training training_;

 private:
  // Of threads that train with one trainer, one runs and the others wait.
  struct Turn {
    explicit Turn(PyTraining& t) : training(t) {
      if (t.runner_ == std::this_thread::get_id())
        fail_runtime("Trainer", "a step must not be taken from inside a step of the same trainer");
      t.mutex_.lock();
      t.runner_ = std::this_thread::get_id();
    }
    ~Turn() {
      training.runner_ = std::thread::id();
      training.mutex_.unlock();
    }
    PyTraining& training;
  };
  std::mutex mutex_;
  std::atomic<std::thread::id> runner_{};
};

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

void bind_graph(py::module_& m) {
  py::class_<Graph>(m, "Graph")
      .def(py::init([](const std::string& real) { return Graph(dtype_named(real)); }))
      .def("input",
           [](Graph& g, const py::tuple& shape, const std::string& dtype) {
             return g.input(shape_of(shape), dtype_named(dtype));
           })
      .def("parameter", [](Graph& g, const py::tuple& shape, bool trainable,
                           bool weight) { return g.parameter(shape_of(shape), trainable, weight); })
      .def("state", [](Graph& g, const py::tuple& shape) { return g.state(shape_of(shape)); })
      .def("constant",
           [](Graph& g, const py::array& value) {
             const Arg arg = arg_of(value, "Graph.constant");
             return g.constant(arg.shape, arg.dtype, arg.data);
           })
      .def(
          "add",
          [](Graph& g, const std::string& op, const std::string& where, const std::vector<int>& in,
             const py::dict& attrs, PyFunction* function) {
            return g.add(op, where, in, attributes_of(attrs, where.c_str()),
                         function ? function->callback() : nullptr);
          },
          py::keep_alive<1, 6>(), py::arg("op"), py::arg("where"), py::arg("inputs"),
          py::arg("attrs"), py::arg("function").none(true) = py::none())
      .def("update", &Graph::update);

  py::class_<PyInference>(m, "Inference")
      .def(py::init<const Graph&, const std::vector<int>&, const py::array&, const py::array&>(),
           py::keep_alive<1, 2>(), py::keep_alive<1, 4>(), py::keep_alive<1, 5>())
      .def("run", &PyInference::run)
      .def("rows", &PyInference::rows)
      .def("plan_info", &PyInference::plan_info);

  py::class_<PyTraining>(m, "Training")
      .def(py::init<const Graph&, int, const std::vector<int>&, const py::dict&, uint64_t,
                    const py::array&, const py::array&, const std::string&>(),
           py::keep_alive<1, 2>(), py::keep_alive<1, 7>(), py::keep_alive<1, 8>())
      .def("run", &PyTraining::run)
      .def("step", &PyTraining::step)
      .def("gradient",
           [](py::object self) {
             auto& t = self.cast<PyTraining&>();
             return t.view(t.training_.gradient(), self);
           })
      .def("optimizer_states",
           [](py::object self) {
             auto& t = self.cast<PyTraining&>();
             py::list out;
             for (int i = 0; i < t.training_.n_states(); ++i)
               out.append(t.view(t.training_.state(i), self));
             return out;
           })
      .def("plan_info",
           [](PyTraining& t, int64_t batch) { return info_of(t.training_.plan(batch)); })
      // Seconds of (op, where, forward, backward) for each step of the plan, of any data.
      .def("measure", [](PyTraining& t, int64_t batch, int runs) { return t.measure(batch, runs); })
      .def("batch_sizes", [](const PyTraining& t) { return t.training_.batch_sizes(); })
      .def_property(
          "step_counter", [](const PyTraining& t) { return t.training_.step_counter(); },
          [](PyTraining& t, uint64_t step) { t.training_.set_step_counter(step); });

  m.def("find_not_finite", &find_not_finite);
  m.def("inspect", &inspect);
}

}  // namespace fastnn
