#include "base/interrupt.h"

#include <atomic>
#include <chrono>

#include "base/error.h"

namespace fastnn {
namespace {
std::atomic<Interrupted> g_ask{nullptr};
thread_local int t_uninterrupted = 0;
}  // namespace

void set_interrupted(Interrupted ask) { g_ask = ask; }

bool interrupted() {
  using Clock = std::chrono::steady_clock;
  thread_local Clock::time_point next;
  const Clock::time_point now = Clock::now();
  if (now < next) return false;
  next = now + std::chrono::milliseconds(20);
  const Interrupted ask = g_ask;
  return ask && ask();
}

Uninterrupted::Uninterrupted() { ++t_uninterrupted; }
Uninterrupted::~Uninterrupted() { --t_uninterrupted; }
bool may_interrupt() { return t_uninterrupted == 0; }

void check_interrupt() {
  if (interrupted()) throw Error(ErrorKind::kInterrupt, "interrupted");
}

}  // namespace fastnn
