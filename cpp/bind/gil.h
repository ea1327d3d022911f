// The GIL, given back or taken for a scope. pybind11's own guards end the process where Python
// shuts down while a daemon thread is in the core: until 3.13, Python unwinds such a thread when it
// asks for the GIL, which neither destructors nor OpenMP regions survive. Here it waits for the end
// of the process.
#pragma once
#include <pybind11/pybind11.h>
#ifdef __GLIBCXX__
#include <unistd.h>
#endif

namespace fastnn {

template <class F>
auto or_wait_for_the_end(const F& take_gil) {
#ifdef __GLIBCXX__
  try {
    return take_gil();
  } catch (...) {  // C functions throw nothing else
    for (;;) ::pause();
  }
#else
  return take_gil();
#endif
}

class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased() {
    or_wait_for_the_end([this] { PyEval_RestoreThread(state_); });
  }
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* state_;
};

class GilTaken {
 public:
  GilTaken() : state_(or_wait_for_the_end([] { return PyGILState_Ensure(); })) {}
  ~GilTaken() { PyGILState_Release(state_); }
  GilTaken(const GilTaken&) = delete;
  GilTaken& operator=(const GilTaken&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace fastnn
