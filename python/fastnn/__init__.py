"""fastnn: neural networks on the CPU, from the perceptron up."""

from fastnn import _core, nn, ops
from fastnn.model import Input, Model
from fastnn.ops.tensor import Tensor

__version__ = _core.__version__
