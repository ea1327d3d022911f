// Ops on NumPy arrays: one generic call, its reverse, and its shape rule.
#include "bind/arrays.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "dispatch/isa.h"
#include "graph/step.h"

namespace fastnn {
namespace {

// Room for what a node keeps between forward and backward, and its working memory.
struct Workspace {
  Workspace(Node& node, bool backward) : scratch(scratch_of(node, backward)) {
    node.scratch = scratch.get();
    for (int i = 0; i < node.n_saved; ++i) {
      saved.push_back(new_array(node.saved[i].shape, node.saved[i].dtype));
      node.saved[i].data = saved.back().mutable_data();
    }
  }
  Scratch scratch;
  std::vector<py::array> saved;
};

// With `bf16`, arrays of uint16 are bfloat16 (Arg::bf16).
std::vector<Arg> args_of(const std::vector<py::array>& arrays, const char* where, bool bf16) {
  std::vector<Arg> args;
  for (const py::array& a : arrays) args.push_back(bf16 ? bf16_arg_of(a, where) : arg_of(a, where));
  return args;
}

// Of an operand's data or gradient: what a step's mask says of operand i must hold for it.
void check_bf16(const Arg& arg, uint32_t mask, int i, const char* where) {
  if (arg.bf16 && !in_mask(mask, i))
    fail_type(where, "operand %d must be float32 because it cannot lie as bfloat16, got uint16", i);
}

py::array new_operand(const Arg& arg, bool bf16) {
  return bf16 ? new_bf16_array(arg.shape) : new_array(arg.shape, arg.dtype);
}

py::tuple call(const std::string& name, const std::vector<py::array>& inputs, const py::dict& attrs,
               bool training, uint64_t seed, uint64_t step_count, const std::string& precision,
               bool bf16) {
  Step step(find_op(name.c_str(), table()), name, args_of(inputs, name.c_str(), bf16),
            attributes_of(attrs, name.c_str()), training, precision_named(precision));
  step.infer();
  Node& node = step.node;
  for (int i = 0; i < node.n_in; ++i) check_bf16(node.in[i], node.bf16_in, i, name.c_str());
  node.key.seed = seed;
  node.step = &step_count;
  Workspace workspace(node, false);
  py::tuple out(node.n_out);
  for (int i = 0; i < node.n_out; ++i) {
    node.out[i].bf16 = bf16 && in_mask(node.bf16_out, i);
    py::array y = new_operand(node.out[i], node.out[i].bf16);
    node.out[i].data = y.mutable_data();
    out[i] = y;
  }
  const GilReleased released;
  step.forward();
  return out;
}

// Backward kernels rely on it: with one output its gradient is there, with several one of them is.
void check_grads(const py::list& grads, int n_out, const char* where) {
  const auto count = static_cast<int>(grads.size());
  const char* s = n_out == 1 ? "" : "s";
  if (count != n_out)
    fail(where, "dy must hold %d gradient%s as the op has %d output%s, got %d", n_out, s, n_out, s,
         count);
  for (const py::handle dy : grads)
    if (!dy.is_none()) return;
  fail(where, "dy must hold at least 1 gradient that is not None, got None%s",
       n_out == 1 ? "" : " for each output");
}

// Vector-Jacobian product: the gradients of sum_o <grads[o], out[o]> for every real input. A None
// in `grads` is a gradient of zero that the op is not told about; `start` (or None) is what the
// results are added to. With `bf16`, results that can lie as bfloat16 do, and inputs and `grads` of
// uint16 are that.
py::tuple vjp(const std::string& name, const std::vector<py::array>& inputs, const py::dict& attrs,
              const py::list& grads, const py::object& start, bool training, uint64_t seed,
              uint64_t step_count, const std::string& precision, bool bf16) {
  Step step(find_op(name.c_str(), table()), name, args_of(inputs, name.c_str(), bf16),
            attributes_of(attrs, name.c_str()), training, precision_named(precision));
  if (!step.has_backward()) fail(name.c_str(), "op must have a gradient, got one that has none");
  step.infer();
  Node& node = step.node;
  for (int i = 0; i < node.n_in; ++i) check_bf16(node.in[i], node.bf16_in, i, name.c_str());
  if (node.forward_only) fail(name.c_str(), "operands must be those of training for a gradient");
  check_grads(grads, node.n_out, name.c_str());
  node.key.seed = seed;
  node.step = &step_count;
  Workspace workspace(node, true);
  std::vector<py::array> keep;
  for (int i = 0; i < node.n_out; ++i) {
    node.out[i].bf16 = bf16 && in_mask(node.bf16_out, i);
    keep.push_back(new_operand(node.out[i], node.out[i].bf16));
    node.out[i].data = keep.back().mutable_data();
    const py::object given = grads[i];
    if (given.is_none()) continue;
    const py::array dy = given.cast<py::array>();
    const Arg arg = bf16 ? bf16_arg_of(dy, name.c_str()) : arg_of(dy, name.c_str());
    check_bf16(arg, node.bf16_dy, i, name.c_str());
    node.out[i].bf16_grad = arg.bf16;
    if (!(arg.shape == node.out[i].shape) || arg.dtype != node.out[i].dtype)
      fail(name.c_str(),
           "gradient must have shape %s and dtype %s as the output has, got %s and %s",
           text_of(node.out[i].shape).text, name_of(node.out[i].dtype), text_of(arg.shape).text,
           name_of(arg.dtype));
    keep.push_back(dy);
    node.out[i].grad = arg.data;
  }
  py::tuple out(node.n_in);
  for (int i = 0; i < node.n_in; ++i) {
    out[i] = py::none();
    if (!is_real(node.in[i].dtype)) continue;
    node.in[i].bf16_grad = bf16 && start.is_none() && in_mask(node.bf16_dx, i);
    py::array dx = new_operand(node.in[i], node.in[i].bf16_grad);
    if (!start.is_none()) {
      dx = py::array(start[py::int_(i)]).attr("copy")().cast<py::array>();
      node.in[i].accumulate = true;
    }
    node.in[i].grad = dx.mutable_data();
    out[i] = dx;
  }
  const GilReleased released;
  step.forward();
  step.backward();
  return out;
}

// [(shape, dtype name)] of the outputs, and the flops; shapes hold None for the batch size.
py::tuple infer(const std::string& name, const std::string& where, const py::list& shapes,
                const std::vector<std::string>& dtypes, const py::dict& attrs) {
  std::vector<Arg> args;
  for (size_t i = 0; i < dtypes.size(); ++i) {
    Arg arg;
    arg.shape = shape_of(shapes[i]);
    arg.dtype = dtype_named(dtypes[i]);
    args.push_back(arg);
  }
  Step step(find_op(name.c_str(), table()), where, std::move(args),
            attributes_of(attrs, where.c_str()), true);
  step.infer();
  py::list out;
  for (int i = 0; i < step.node.n_out; ++i)
    out.append(py::make_tuple(tuple_of(step.node.out[i].shape), name_of(step.node.out[i].dtype)));
  return py::make_tuple(out, step.node.flops);
}

}  // namespace

void bind_ops(py::module_& m) {
  m.def("call", &call, py::arg("name"), py::arg("inputs"), py::arg("attrs"),
        py::arg("training") = false, py::arg("seed") = 0, py::arg("step") = 0,
        py::arg("precision") = "float32", py::arg("bf16") = false);
  m.def("vjp", &vjp, py::arg("name"), py::arg("inputs"), py::arg("attrs"), py::arg("grads"),
        py::arg("start") = py::none(), py::arg("training") = false, py::arg("seed") = 0,
        py::arg("step") = 0, py::arg("precision") = "float32", py::arg("bf16") = false);
  m.def("infer", &infer, py::arg("name"), py::arg("where"), py::arg("shapes"), py::arg("dtypes"),
        py::arg("attrs"));
  m.def("op_names", [] {
    py::list names;
    for (int i = 0; i < table().n_ops; ++i) names.append(table().ops[i]->name);
    return names;
  });
  m.def("op_isa", [](const std::string& name) { return find_op(name.c_str(), table()).isa; });
  m.def("has_gradient", [](const std::string& name) {
    return find_op(name.c_str(), table()).backward[0] != nullptr;
  });
}

}  // namespace fastnn
