"""fastnn: neural networks on the CPU."""

from fastnn import _core as _core
from fastnn import ops
from fastnn.ops.tensor import Tensor

__version__ = _core.__version__
