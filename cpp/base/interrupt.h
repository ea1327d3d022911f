// Ctrl-C: long jobs ask between tasks whether to go on.
#pragma once

namespace fastnn {

// What to ask; true means stop. Set once by the layer that knows Python.
using Interrupted = bool (*)();
void set_interrupted(Interrupted ask);

// Asks at most every 20 ms on this thread; a call in between costs one clock read (about 25 ns).
bool interrupted();

// Throws an Error of kind kInterrupt where interrupted().
void check_interrupt();

}  // namespace fastnn
