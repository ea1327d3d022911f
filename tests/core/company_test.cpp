// Company's choices, on runs whose times are made up.
#include "base/company.h"

#include "check.h"

namespace {
using namespace fastnn;
using namespace fastnn::test;

// Runs `n` times; returns how many of them took company.
int run(Company& company, int n, double alone, double together) {
  int taken = 0;
  for (int i = 0; i < n; ++i) {
    const bool is_taken = company.next();
    taken += is_taken;
    company.took(is_taken ? together : alone);
  }
  return taken;
}

void test_what_is_faster_is_chosen() {
  Company helped;
  const int early = run(helped, 4, 450, 310);
  check(early == 0, "the first runs are alone, got %d in company", early);
  const int taken = run(helped, 100000, 450, 310);
  check(taken > 99900, "company is faster: nearly all runs, got %d of 100000", taken);
  Company hindered;
  const int lost = run(hindered, 100000, 450, 500);
  check(lost > 0 && lost < 100, "company is slower: trials alone, got %d of 100000", lost);
  Company even;
  const int tried = run(even, 100000, 450, 440);
  check(tried < 100, "company brings next to nothing: trials alone, got %d of 100000", tried);
}

void test_a_busy_core_costs_little() {
  Company company;
  const int runs = 100000, taken = run(company, runs, 0.65, 8.0);
  check(taken <= 16, "a trial that takes much longer is broken off, got %d runs in it", taken);
}

void test_company_ends_at_once_and_comes_back() {
  Company company;
  run(company, 1000, 450, 310);
  check(company.next(), "company is chosen, got %d", company.next());
  int lost = run(company, 40, 450, 8000);
  check(lost >= 1 && lost <= 6, "two slow runs end it, and a trial is one, got %d", lost);
  lost = run(company, 1000, 450, 8000);
  check(lost <= 4, "ever fewer trials, got %d", lost);
  const int taken = run(company, 40000, 450, 310);
  check(taken > 20000, "the core is free again: company is back, got %d", taken);
}

void test_one_slow_run_ends_nothing() {
  Company company;
  run(company, 1000, 450, 310);
  while (!company.next()) company.took(450);
  company.took(9000);
  const int taken = run(company, 20, 450, 310);
  check(taken >= 16, "one slow run is chance, but for a trial, got %d of 20", taken);
}

void test_times_that_drift() {
  Company company;
  run(company, 1000, 450, 310);
  const int taken = run(company, 100000, 200, 310);  // alone has become faster
  check(taken < 3000, "a trial of the other way sees it, got %d in company", taken);
}

}  // namespace

int main() {
  test_what_is_faster_is_chosen();
  test_a_busy_core_costs_little();
  test_company_ends_at_once_and_comes_back();
  test_one_slow_run_ends_nothing();
  test_times_that_drift();
  std::printf("%d checks, %d failed\n", g_checks, g_failures);
  return g_failures != 0;
}
