"""Ops: on NumPy arrays they run at once, on symbolic tensors they describe a model."""

from fastnn.ops.activations import *
from fastnn.ops.arithmetic import *
from fastnn.ops.convolution import *
from fastnn.ops.convolution1d import *
from fastnn.ops.costs import *
from fastnn.ops.elementary import *
from fastnn.ops.images import *
from fastnn.ops.linear_algebra import *
from fastnn.ops.normalization import *
from fastnn.ops.pooling import *
from fastnn.ops.pooling1d import *
from fastnn.ops.python import *
from fastnn.ops.random import *
from fastnn.ops.reductions import *
from fastnn.ops.shapes import *
from fastnn.ops.tensor import Tensor, vjp
