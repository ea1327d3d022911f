from fastnn import _core
