"""Names of arrays in files: a layer may have any, whatever fastnn puts beside its parameters."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim
from fastnn.io import tensors

RNG = np.random.default_rng(0)
DATA = (RNG.random((40, 6), dtype="f4"), RNG.integers(0, 3, 40))


def net(*layers, name=None):
    return fnn.Model([*layers, nn.Dense(3, "softmax", name=name)], input_shape=(6,), seed=0)


class Named(nn.Layer):
    """Parameters and states of any names."""

    def __init__(self, name, parameter, state=None):
        super().__init__(name)
        self.of_parameter, self.of_state = parameter, state

    def build(self, x):
        self.p = self.parameter(self.of_parameter, (6,), "ones")
        if self.of_state:
            self.s = self.state(self.of_state, (6,), "zeros")

    def forward(self, x):
        if not self.of_state:
            return x * self.p
        self.s.update = self.s * 0.5 + 1.0
        return x * self.p + self.s


LAYERS = [
    list,
    lambda: [Named("optimizer", "0"), Named("optimizer_", "1")],
    lambda: [Named("constant", "0"), Named("state.a", "b"), Named("a", "w", "b")],
    lambda: [Named("a", "w", "b"), Named("optimizer.0", "x", "y")],
]


@pytest.mark.parametrize("layers", LAYERS, ids=range(len(LAYERS)))
def test_layers_may_have_any_name(layers, tmp_path):
    path = tmp_path / "run.ckpt"

    def begun():
        x = fnn.Input((6,))
        y = x * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        for layer in layers():
            y = layer(y)
        model = fnn.Model(x, nn.Dense(3, "softmax", name="optimizer.1")(y), seed=0)
        return fnn.Trainer(model, optimizer=optim.Adam(0.01))

    straight, cut = begun(), begun()
    straight.fit(DATA, 3, 8, verbose=0)
    cut.fit(DATA, 1, 8, verbose=0)
    cut.save(path)
    for again in (fnn.load(path), begun().model):
        again.load_weights(path)
        for name, array in {**cut.model.parameters, **cut.model.states}.items():
            assert np.array_equal({**again.parameters, **again.states}[name], array), name
        assert np.array_equal(again.predict(DATA[0]), cut.model.predict(DATA[0]))
    resumed = fnn.Trainer.resume(path)
    resumed.fit(DATA, 2, 8, verbose=0)
    assert np.array_equal(straight.model.theta, resumed.model.theta)
    assert np.array_equal(straight.model.state_vector, resumed.model.state_vector)
    states = zip(straight.optimizer_states(), resumed.optimizer_states(), strict=True)
    assert all(np.array_equal(a, b) for a, b in states)


def make_old(path):
    """Take away the lists of names that files had not at first."""
    arrays, metadata = tensors.read(path, "test")
    structure = json.loads(metadata["structure"])
    del metadata["sha256"], structure["optimizer_arrays"]
    del structure["model"]["state_arrays"], structure["model"]["constant_arrays"]
    tensors.write(path, arrays, metadata | {"structure": json.dumps(structure)})


def test_a_checkpoint_of_before(tmp_path):
    path = tmp_path / "run.ckpt"
    trainer = fnn.Trainer(net(nn.BatchNorm(), name="optimizer"), optimizer=optim.Adam(0.01))
    trainer.fit(DATA, 1, 8, verbose=0)
    trainer.save(path)
    make_old(path)
    resumed = fnn.Trainer.resume(path)
    trainer.fit(DATA, 1, 8, verbose=0)
    resumed.fit(DATA, 1, 8, verbose=0)
    assert np.array_equal(trainer.model.theta, resumed.model.theta)
    assert np.array_equal(trainer.model.state_vector, resumed.model.state_vector)


def test_a_checkpoint_of_before_that_lost_an_array_is_refused(tmp_path):
    path = tmp_path / "run.ckpt"
    trainer = fnn.Trainer(net(Named("optimizer", "0")), optimizer=optim.Adam(0.01))
    trainer.fit(DATA, 1, 8, verbose=0)
    trainer.save(path)
    make_old(path)
    with pytest.raises(
        OSError, match="ValueError: optimizer.0 as the name of two arrays, of which"
    ):
        fnn.Trainer.resume(path)
