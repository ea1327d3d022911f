// Training as a Python class: runs of steps, and one step. It keeps the arrays alive whose memory
// it uses.
#include "graph/training.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "bind/feeds.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "bind/plan_info.h"

namespace fastnn {
namespace {

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

}  // namespace

void bind_training(py::module_& m) {
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
}

}  // namespace fastnn
