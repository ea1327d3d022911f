// Ctrl-C: long jobs ask between tasks whether to go on.
#pragma once

namespace fastnn {

// What to ask; true means stop. Set once by the layer that knows Python.
using Interrupted = bool (*)();
void set_interrupted(Interrupted ask);

// Asks at most every 20 ms on this thread; a call in between costs one clock read (about 25 ns).
bool interrupted();

// While one lives on this thread, its jobs run to their end: what must be done whole, such as an
// update of the parameters.
class Uninterrupted {
 public:
  Uninterrupted();
  ~Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
};
bool may_interrupt();

// Throws an Error of kind kInterrupt where interrupted().
void check_interrupt();

}  // namespace fastnn
