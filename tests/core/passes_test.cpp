#include "check.h"
namespace fastnn::test { void test_passes(bool) {} }
