"""Model: layers, or tensors computed from inputs, with their parameters in one flat vector."""

from __future__ import annotations

import copy
import sys
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, feeds, flat
from fastnn._checks import check_count, check_seed, is_one_of
from fastnn.assembly import (
    check_inputs,
    check_outputs,
    check_owners,
    named_layers,
    output_name,
    stack,
    tensors_of,
)
from fastnn.data.column import Real
from fastnn.graph import Built, Structure
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor, as_array
from fastnn.replay import Replay

if TYPE_CHECKING:
    from fastnn.inspection import Quantity
    from fastnn.io.weights import Unmatched

Array = NDArray[Any]
_ONE_BATCH = 256  # rows that the short way of predict runs at once, at most


class Model:
    """A network: its structure, its parameters, and what it predicts.

    Parameters
    ----------
    inputs : list of Layer, or Tensor, or list of Tensor
        Layers to stack (then ``input_shape`` is needed), or the input tensor(s).
    outputs : Tensor or list of Tensor, optional
        What is computed from the input tensors, of shape (N, ...): one row for each sample.
    input_shape : tuple of int, optional
        Shape of one sample, for the list form.
    seed : int
        Decides all chance: initial values, and in training dropout and shuffling.
    dtype : {"float32", "float64"}
        Of parameters and everything computed.

    Attributes
    ----------
    theta : array, shape (P,)
        All parameters, one after the other: the lectures' vec(W).
    parameters : dict of str to array
        Views of ``theta`` by name, such as ``"dense1.weight"``; writing to them, or setting one to
        other values of its shape, changes the model.
    states : dict of str to array
        What is carried from step to step and not trained, such as ``"bn1.running_mean"``: views of
        ``state_vector``, as ``parameters`` are of ``theta``.
    state_vector : array, shape (S,)
        All states, one after the other.
    inputs, outputs : list of Tensor
        As given, in this order.
    input_names, output_names : list of str
        What a dict of inputs or of targets calls them: the names of the inputs, and of the layers
        that compute the outputs (of their ops, outside layers).
    layers : list of Layer
        In order of use; of a loaded model, what its file says of them: names, kinds, arguments.
    seed, dtype : int, str
        As given.
    notes : dict of str
        What one wants to be kept with the model, of what JSON has: ``fastnn train`` notes the
        "dataset" and its "class_names". Saved, loaded and copied with it.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit (naming the layer), an argument is of the wrong kind, or a layer with
        parameters belongs to another model already.

    Notes
    -----
    ``copy.copy`` and ``copy.deepcopy`` make a model of its own with the same values. Calling a model
    on tensors builds its layers anew into a larger model, which begins with the values that this one
    has when the larger is made; calls made for one larger model share their parameters.

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = Model([fnn.nn.Dense(3, "relu"), fnn.nn.Dense(1)], input_shape=(2,))
    >>> list(model.parameters)
    ['dense1.weight', 'dense1.bias', 'dense2.weight', 'dense2.bias']
    >>> model.predict([[0.0, 0.0]])
    array([[0.]], dtype=float32)
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any = None,
        *,
        input_shape: Sequence[int] | None = None,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None:
        if not is_one_of(dtype, ("float32", "float64")):
            raise ValueError(f"Model: dtype must be 'float32' or 'float64', got {dtype!r}")
        self.seed = check_seed("Model", seed)
        self.dtype: Real = "float64" if dtype == "float64" else "float32"
        if outputs is None:
            inputs, outputs = stack(inputs, input_shape)
        elif input_shape is not None:
            raise ValueError(
                "Model: input_shape must be left out with tensors, "
                f"got {input_shape!r}; their shapes are known"
            )
        self.inputs = tensors_of(inputs, "inputs")
        self.outputs = tensors_of(outputs, "outputs")
        self.one_output = isinstance(outputs, Tensor)
        self.notes: dict[str, Any] = {}
        self.structure = Structure(self.outputs)
        check_inputs(self.inputs, self.structure)
        check_outputs(self.outputs)
        check_owners(self.structure)
        self.layers = named_layers(self.structure)
        self.input_names = [t.name for t in self.inputs]
        self.output_names = [output_name(t) for t in self.outputs]
        self._make_parameters()
        self._compile()
        self._replay: Replay | None = None
        for leaf in self.structure.owned:
            leaf.owner = weakref.ref(self)

    def _make_parameters(self) -> None:
        """theta and the states, filled by each parameter's initialiser from the model's seed."""
        owners = {
            id(t): layer
            for layer in self.layers
            for t in (*layer.parameters.values(), *layer.states.values())
        }
        structure, dtype, seed = self.structure, self.dtype, self.seed
        self._theta, self.parameters = flat.initial(structure.parameters, owners, dtype, seed, 0)
        self.state_vector, self.states = flat.initial(
            structure.states, owners, dtype, seed, 1 << 20
        )

    @property
    def theta(self) -> Array:
        """All parameters, one after the other; assigning to it writes them in place."""
        return self._theta

    @theta.setter
    def theta(self, values: Any) -> None:
        array = as_array(values, "Model", "theta")
        if array.shape != self._theta.shape:
            raise ValueError(
                f"Model: theta must have shape {self._theta.shape} as the parameters have, "
                f"got {array.shape}"
            )
        self._theta[...] = array

    def weights(self) -> dict[str, Array]:
        """The parameters that penalties apply to.

        Returns
        -------
        dict of str to array
            Views of ``theta``, biases left out.

        Examples
        --------
        >>> import fastnn as fnn
        >>> list(fnn.Model([fnn.nn.Dense(1)], input_shape=(2,)).weights())
        ['dense1.weight']
        """
        named = zip(self.parameters.items(), self.structure.parameters, strict=True)
        return {name: array for (name, array), p in named if p.weight}

    def split_vector(self, vector: Array) -> dict[str, Array]:
        """A vector like ``theta`` (a gradient, say) as views by parameter name.

        Parameters
        ----------
        vector : array, shape (P,)
            Any dtype.

        Returns
        -------
        dict of str to array
            Views of ``vector``, named and shaped as ``parameters``.

        Raises
        ------
        ValueError
            If ``vector`` has another shape than ``theta``.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1)], input_shape=(2,))
        >>> model.split_vector(np.array([1.0, 2.0, 3.0]))
        {'dense1.weight': array([[1., 2.]]), 'dense1.bias': array([3.])}
        """
        if np.shape(vector) != self._theta.shape:
            raise ValueError(
                f"Model.split_vector: vector must have shape {self._theta.shape} as theta has, "
                f"got {np.shape(vector)}"
            )
        views, at = {}, 0
        for name, array in self.parameters.items():
            views[name] = vector[at : at + array.size].reshape(array.shape)
            at += array.size
        return views

    def _compile(self) -> None:
        self._graph = Built(self.structure, self.dtype, [*self.inputs, *self.structure.owned])
        self._inference = self._infer(self.outputs)
        # The short way of predict: one input, one output, rows that fit one batch.
        self._rows = self._inference.rows if len(self.inputs) == len(self.outputs) == 1 else None
        self._input_id = self._graph[self.inputs[0]] if self.inputs else -1

    def _infer(self, outputs: Sequence[Tensor]) -> Any:
        ids = [self._graph[t] for t in outputs]
        return _core.Inference(self._graph.core, ids, self.theta, self.state_vector)

    # -- use ---------------------------------------------------------------------------------------

    def predict(self, x: Any, batch_size: int = _ONE_BATCH) -> Any:
        """Outputs for given inputs, without dropout.

        Parameters
        ----------
        x : array, shape (N, ...), or Dataset, or a list or dict of arrays for several inputs
            Anything ``numpy.asarray`` takes; cast to the model's dtype. A list goes by the order of
            the inputs, a dict by their names.
        batch_size : int, >= 1
            Rows computed at a time.

        Returns
        -------
        array, shape (N, ...), of the model's dtype; a list where the model has several outputs

        Raises
        ------
        ValueError
            If a shape or a name does not fit the model's inputs, or ``batch_size`` is out of range.
        TypeError
            If ``x`` does not hold real numbers, or ``batch_size`` is not an integer.

        Examples
        --------
        >>> import fastnn as fnn
        >>> fnn.Model([fnn.nn.Activation("relu")], input_shape=(2,)).predict([[-1, 2]])
        array([[0., 2.]], dtype=float32)
        """
        most = _ONE_BATCH
        if batch_size is not _ONE_BATCH:  # the default needs no check
            batch_size = check_count("Model.predict", "batch_size", batch_size)
            most = min(batch_size, most)
        if self._rows is not None and type(x) is np.ndarray:
            y = self._rows(self._input_id, x, most)
            if y is not None:
                return y
        fed, n, order = feeds.of(self.inputs, self.dtype, x, "Model.predict")
        results = self._inference.run(self._graph.feeds(self.inputs, fed), order, n, batch_size)
        return results[0] if self.one_output else results

    def __call__(self, *inputs: Any) -> Any:
        """The model's outputs for arrays, or for tensors.

        Parameters
        ----------
        inputs : Tensor, or array
            One for each input. Tensors make this model a part of a larger one, see Notes above.

        Returns
        -------
        Tensor or array, or a list of them where the model has several outputs

        Raises
        ------
        ValueError
            If there are more or fewer tensors than inputs, or shapes do not fit.

        Examples
        --------
        >>> import fastnn as fnn
        >>> half = fnn.Model([fnn.nn.Dense(4, "tanh")], input_shape=(8,))
        >>> half(fnn.Input((8,)))
        Tensor(tanh, shape=(N, 4), dtype=float32)
        """
        if not any(isinstance(x, Tensor) for x in inputs):
            return self.predict(inputs[0] if len(inputs) == 1 else list(inputs))
        if len(inputs) != len(self.inputs):
            raise ValueError(
                f"Model: inputs must be {len(self.inputs)} tensors as the model has inputs, "
                f"got {len(inputs)}"
            )
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"Model: inputs must be all tensors or all arrays, got {type(x).__name__} beside "
                    "tensors; make it an input of the larger model"
                )
        if self._replay is None or self._replay.is_taken:
            self._replay = self._replayed()
            for layer in self.layers:
                self._replay.copy_of(layer).origin = layer
        results = self._replay({id(t): x for t, x in zip(self.inputs, inputs, strict=True)})
        return results[0] if self.one_output else results

    def _replayed(self) -> Replay:
        arrays = [*self.parameters.values(), *self.states.values()]
        pairs = zip(self.structure.owned, arrays, strict=True)
        return Replay(self.structure, {id(t): array for t, array in pairs})

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        inputs = [Tensor(t.shape, t.dtype, t.name) for t in self.inputs]
        outputs = self._replayed()({id(a): b for a, b in zip(self.inputs, inputs, strict=True)})
        chosen = outputs[0] if self.one_output else outputs
        model = Model(inputs, chosen, seed=self.seed, dtype=self.dtype)
        model.notes = copy.deepcopy(self.notes)
        return model

    def __copy__(self) -> Model:
        return copy.deepcopy(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "Model: a model must be stored as a file without code, got a call of pickle; use "
            "Model.save and fastnn.load"
        )

    def inspect(self, x: Any, labels: Any = None) -> dict[str, Quantity]:
        """Every number of a prediction by name, and the gradients of a class' score for it.

        The score is the first output for the class; where that ends in softmax or sigmoid, what
        goes into it. Rows do not depend on each other: dropout is off, batch normalisation uses
        its running statistics.

        Parameters
        ----------
        x : as for `predict`
        labels : int, or int array, shape (N,), optional
            The class for all rows, or for each; by default that of the largest output.

        Returns
        -------
        dict of str to Quantity
            ``.value`` and ``.grad`` of the inputs (the saliency of Simonyan et al.), parameters,
            and each op of a layer ("conv1.relu"; where a layer is called again "conv1.relu_2",
            "conv1.relu_3") or outside layers ("add", "add_2"). Parameters have the gradient of the
            sum over rows. Convolutions and pooling compute on (N, H, W, C),
            between "conv1.channels_last" and "conv1.channels_first".

        Raises
        ------
        ValueError
            If ``x`` does not fit, a label is out of range, or the first output is not (N, K).

        Source
        ------
        Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks, ICLR workshop (2014).

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, "sigmoid", init=3.0)], input_shape=(1,))
        >>> model.inspect([[2.0]])["x"].grad
        array([[3.]], dtype=float32)
        """
        from fastnn.inspection import inspect_scores

        return inspect_scores(self, x, labels)

    def save(self, path: Any) -> None:
        """Write structure and parameters to one file; see `fastnn.load`.

        Parameters
        ----------
        path : str or path
            Replaced only once the new file is complete; where it is a link, what it points to.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.

        Examples
        --------
        >>> import os, tempfile, fastnn as fnn
        >>> path = os.path.join(tempfile.mkdtemp(), "tiny.fnn")
        >>> model = fnn.Model([fnn.nn.Dense(1)], input_shape=(2,))
        >>> model.save(path)
        >>> bool((fnn.load(path).theta == model.theta).all())
        True
        """
        from fastnn.io.save import save_model

        save_model(self, path)

    def load_weights(self, source: Any, rename: Any = None, strict: bool = True) -> Unmatched:
        """Take parameters and states from arrays with the same names, such as PyTorch's.

        Weights are stored in PyTorch's order, (K, C / groups, KH, KW) and (K, D), and batch
        normalisation has its names (``weight``, ``bias``, ``running_mean``, ``running_var``), so
        nothing is turned over; ``num_batches_tracked`` is passed over. `fastnn.networks` names the
        layers of residual networks as torchvision does.

        Parameters
        ----------
        source : str or path, or dict of str to array
            A safetensors file (``safetensors.torch.save_file(net.state_dict(), path)`` in
            PyTorch), a file of ``Model.save`` or ``Trainer.save``, or the arrays themselves.
        rename : dict of str to str, or function from str to str, optional
            What the model calls an array of the source. A dict has whole names, or leading parts
            of them up to a dot, the longest of which counts: ``{"features.0": "conv1"}`` makes
            "features.0.weight" to "conv1.weight", and ``{"module": ""}`` takes "module." away.
            None for a name leaves its array out.
        strict : bool
            Whether every parameter and state must be given, and every array used.

        Returns
        -------
        Unmatched
            ``.missing`` and ``.unexpected``, the names without a partner; empty where ``strict``.

        Raises
        ------
        ValueError
            If names or shapes do not fit, all of them told at once; the model is then as it was.
        TypeError
            If ``source`` or ``rename`` is of another kind, or an array holds no real numbers.
        OSError
            If the file is missing, damaged or no safetensors file.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, name="fc")], input_shape=(2,))
        >>> model.load_weights({"net.fc.weight": [[1.0, 2.0]], "net.fc.bias": [3.0]}, {"net": ""})
        Unmatched(missing=[], unexpected=[])
        >>> model.theta
        array([1., 2., 3.], dtype=float32)
        """
        from fastnn.io.weights import load_weights

        return load_weights(self, source, rename, strict)

    # -- what it is --------------------------------------------------------------------------------

    def summary(self, file: TextIO | None = None) -> None:
        """Print layers, shapes, parameters, FLOPs and memory.

        Parameters
        ----------
        file : text file, optional
            Where to; standard output by default.

        Examples
        --------
        >>> import fastnn as fnn
        >>> fnn.Model([fnn.nn.Dense(1)], input_shape=(2,)).summary()
        layer           output   parameters   FLOPs
        -------------------------------------------
        input x         (N, 2)            0       0
        dense1 (Dense)  (N, 1)            3       4
        -------------------------------------------
        3 parameters (12 B), 4 FLOPs a sample, activations 4 B a sample
        """
        from fastnn.summary import summary

        print(summary(self), file=file or sys.stdout)

    def __repr__(self) -> str:
        kinds = ", ".join(repr(x) if isinstance(x, Layer) else x.kind for x in self.layers)
        return f"Model([{kinds}], {self.theta.size} parameters, {self.dtype})"
