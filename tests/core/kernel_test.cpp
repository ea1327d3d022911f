// Runs every test on every instruction set that is compiled in and that this CPU has.
#include "check.h"
#include "dispatch/isa.h"

int main() {
  using namespace fastnn;
  for (int i = 0; i < isa_count(); ++i) {
    if (!isa_supported(i)) {
      std::printf("%-10s not supported by this CPU, skipped\n", isa_name(i));
      continue;
    }
    set_isa(isa_name(i));
    const int before = test::g_checks;
    test::test_gemm(table().isa);
    std::printf("%-10s %d checks\n", isa_name(i), test::g_checks - before);
  }
  std::printf("%d checks, %d failed\n", test::g_checks, test::g_failures);
  return test::g_failures ? 1 : 0;
}
