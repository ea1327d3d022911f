// The parts of the extension module, one file each.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

#include "base/error.h"
#include "base/precision.h"

namespace fastnn {

void set_python_error(const Error& e);  // raises it in Python's sense; the GIL is held

// "float32", "bf16" as this CPU does it, or "bf16 emulated" whatever it can.
Precision precision_named(const std::string& name);

void bind_augment(pybind11::module_& m);
void bind_function(pybind11::module_& m);
void bind_graph(pybind11::module_& m);
void bind_inference(pybind11::module_& m);
void bind_inspect(pybind11::module_& m);
void bind_ops(pybind11::module_& m);
void bind_machine(pybind11::module_& m);
void bind_rows(pybind11::module_& m);
void bind_optim(pybind11::module_& m);
void bind_training(pybind11::module_& m);

}  // namespace fastnn
