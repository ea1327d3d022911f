"""LeNet-5: both forms, the paper's table, squashing, targets and loss."""

import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn.networks import lenet5, lenet5_images, lenet5_loss
from fastnn.networks.digits import CODES
from fastnn.networks.lenet import CONNECTIONS, squash
from network_laws import check_kept, check_learns, images, size, summary
from networks.counts import told_counts

RNG = np.random.default_rng(0)
# Table I of the paper as it is printed: a row for each map of S2, a column for each of C3.
TABLE_I = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def bitmaps(classes=10):
    return CODES[:classes].astype("f8")


def test_counts_of_the_paper():
    model = lenet5(original=True)
    counts = {}
    for name, p in model.parameters.items():
        layer = name.partition(".")[0]
        counts[layer] = counts.get(layer, 0) + p.size
    assert counts == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48120, "f6": 10164}
    assert size(model) == 60000
    assert size(lenet5()) == 61706
    assert told_counts(lenet5) == {60000, 61706}
    assert size(lenet5(classes=3)) == 61706 - 7 * 85


def test_connections_are_the_papers():
    rows = [line.split() for line in TABLE_I.strip().splitlines()]
    assert tuple(tuple(i for i in range(6) if rows[i][k] == "X") for k in range(16)) == CONNECTIONS
    assert sum(map(len, CONNECTIONS)) == 60


def test_a_map_of_c3_sees_only_its_maps_of_s2():
    model = lenet5(original=True, seed=3)
    x = images(model, 2)
    seen = fnn.Trainer(model, lenet5_loss).inspect(x, np.array([0, 1]))
    s2 = next(v.value for k, v in reversed(seen.items()) if k.startswith("s2."))
    c3 = next(v.value for k, v in reversed(seen.items()) if k.startswith("c3."))
    w, b = model.parameters["c3.weight"].astype("f8"), model.parameters["c3.bias"].astype("f8")
    windows = np.lib.stride_tricks.sliding_window_view(s2.astype("f8"), (5, 5), axis=(2, 3))
    at = 0
    for k, maps in enumerate(CONNECTIONS):
        z = b[k] + np.einsum("nchwij,cij->nhw", windows[:, maps], w[at : at + len(maps)])
        at += len(maps)
        np.testing.assert_allclose(c3[:, k], 1.7159 * np.tanh(2 / 3 * z), atol=1e-5)


def test_initial_weights_are_within_the_papers_limits():
    p = lenet5(original=True, seed=5).parameters
    for name, inputs in (("c1", 25), ("c5", 400), ("f6", 120)):
        largest = np.abs(p[f"{name}.weight"]).max()
        assert 0.8 * 2.4 / inputs < largest <= 2.4 / inputs
        assert not p[f"{name}.bias"].any()
    at = 0
    for maps in CONNECTIONS:
        drawn = np.abs(p["c3.weight"][at : at + len(maps)])
        assert 0.8 * 2.4 / (25 * len(maps)) < drawn.max() <= 2.4 / (25 * len(maps))
        at += len(maps)


def test_squash():
    x = np.array([-40.0, -1.0, -1e-4, 0.0, 1e-4, 1.0, 40.0])
    np.testing.assert_allclose(squash(x), 1.7159 * np.tanh(2 * x / 3), rtol=1e-12)
    np.testing.assert_allclose(squash(np.array([-1.0, 1.0])), [-1, 1], atol=1e-4)
    np.testing.assert_allclose(squash(x)[4] / 1e-4, 1.7159 * 2 / 3, rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_outputs_are_distances_to_the_bitmaps(classes):
    model = lenet5(original=True, classes=classes)
    x = images(model, 4)
    seen = fnn.Trainer(model, lenet5_loss).inspect(x, np.zeros(4, int))
    last = next(v.value for k, v in reversed(seen.items()) if k.startswith("f6."))
    want = -np.square(last[:, None].astype("f8") - bitmaps(classes)).sum(axis=2)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5)


def test_images():
    x = RNG.random((3, 1, 28, 28))
    y = lenet5_images(x)
    assert y.shape == (3, 1, 32, 32) and y.dtype == np.float32
    np.testing.assert_allclose(y[:, :, 2:-2, 2:-2], -0.1 + 1.275 * x, atol=1e-6)
    border = np.ones((32, 32), bool)
    border[2:-2, 2:-2] = False
    assert (y[:, 0, border] == np.float32(-0.1)).all()


def test_images_of_bytes_are_refused_unless_they_are_in_range():
    """As they were, 255 became 325: the paper's foreground is 1.175."""
    ink = np.zeros((1, 1, 28, 28), "u1")
    ink[0, 0, 3, 4] = 1
    assert lenet5_images(ink)[0, 0, 5, 6] == np.float32(1.175)
    assert lenet5_images(ink[:0]).shape == (0, 1, 32, 32)


def loss_oracle(outputs, labels):
    y = -outputs.astype("f8")
    right = y[np.arange(len(y)), labels]
    everything = np.concatenate([np.full((len(y), 1), 1.0), y], axis=1)  # j = 1, then the classes
    least = everything.min(axis=1)
    sums = np.exp(-(everything - least[:, None])).sum(axis=1)
    return (right + np.log(sums) - least).mean()


@pytest.mark.parametrize(("n", "k"), [(1, 2), (1, 10), (7, 3), (33, 10)])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_loss_is_equation_9(n, k, scale):
    outputs = -scale * RNG.random((n, k))
    labels = RNG.integers(0, k, n)
    assert lenet5_loss(outputs, labels) == pytest.approx(loss_oracle(outputs, labels), rel=1e-12)


def test_loss_of_lists_and_of_one_hot_rows():
    outputs = [[-1.0, -9.0], [-3.0, -2.0]]
    want = loss_oracle(np.array(outputs), np.array([0, 1]))
    assert lenet5_loss(outputs, [0, 1]) == pytest.approx(want)
    assert lenet5_loss(outputs, [[1.0, 0.0], [0.0, 1.0]]) == pytest.approx(want)


def test_loss_has_the_gradient_of_equation_9():
    model = fnn.Model([fnn.nn.Dense(4, init="normal")], input_shape=(5,), dtype="float64")
    x, labels = RNG.standard_normal((6, 5)), RNG.integers(0, 4, 6)
    gradient = fnn.Trainer(model, lenet5_loss).gradient(x, labels)["dense1.weight"]
    w, eps = model.parameters["dense1.weight"], 1e-6
    for i in range(4):
        for j in range(5):
            kept, values = w[i, j], []
            for w[i, j] in (kept + eps, kept - eps):
                values.append(loss_oracle(model.predict(x), labels))
            w[i, j] = kept
            assert gradient[i, j] == pytest.approx(np.subtract(*values) / (2 * eps), abs=1e-8)


@pytest.mark.parametrize("original", [False, True])
def test_kept_by_files_and_copies(original, tmp_path):
    model = lenet5(original, seed=2)
    check_kept(model, tmp_path)
    assert f"{size(model):,} parameters" in summary(model)


def test_seeds():
    a, b, c = (lenet5(original=True, seed=s) for s in (1, 1, 2))
    assert np.array_equal(a.theta, b.theta) and not np.array_equal(a.theta, c.theta)


@pytest.mark.parametrize("original", [False, True])
def test_learns_digits(original):
    """The digits of the package, 8 x 8, thrice as large in the middle of a 28 x 28 image."""
    train, held_out = fnn.datasets.digits()

    def enlarged(x):
        x = np.pad(np.kron(x, np.ones((1, 1, 3, 3))), ((0, 0), (0, 0), (2, 2), (2, 2)))
        return lenet5_images(x) if original else x.astype("f4")

    model = lenet5(original)
    loss = lenet5_loss if original else "cross_entropy"
    trainer = fnn.Trainer(model, loss, fnn.optim.Adam(2e-3), ["accuracy"])
    trainer.fit((enlarged(train.x), train.y), epochs=2, batch_size=32, verbose=0)
    assert trainer.evaluate((enlarged(held_out.x), held_out.y))["accuracy"] > 0.85


def test_learns_one_batch():
    model = lenet5(classes=4)
    check_learns(model, images(model, 8), np.arange(8) % 4, 0.2)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: lenet5(original=True, classes=11),
            ValueError,
            "lenet5: classes must be 1 to 10 in the original, which has as many bitmaps, got 11",
        ),
        (
            lambda: lenet5(original=True, classes=0),
            ValueError,
            "lenet5: classes must be an integer >= 1, got 0",
        ),
        (
            lambda: lenet5(classes=2.0),
            TypeError,
            "lenet5: classes must be an integer >= 1, got 2.0",
        ),
        (
            lambda: lenet5(seed=-1),
            ValueError,
            "Model: seed must be an integer in [0, 2**64), got -1",
        ),
        (
            lambda: lenet5_images(np.zeros((2, 28, 28))),
            ValueError,
            "lenet5_images: x must have shape (N, 1, 28, 28), got (2, 28, 28)",
        ),
        (
            lambda: lenet5_images(np.zeros((2, 3, 28, 28))),
            ValueError,
            "lenet5_images: x must have shape (N, 1, 28, 28), got (2, 3, 28, 28)",
        ),
        (
            lambda: lenet5("no"),
            TypeError,
            "lenet5: original must be True or False, got 'no'",
        ),
        (
            lambda: lenet5_images("abc"),
            TypeError,
            "lenet5_images: x must hold real numbers, got dtype <U3",
        ),
        (
            lambda: lenet5_images([[1], [1, 2]]),
            ValueError,
            "lenet5_images: x must have rows of one length, got rows of several",
        ),
        (
            lambda: lenet5_images(np.full((1, 1, 28, 28), 255, "u1")),
            ValueError,
            "lenet5_images: x must be in [0, 1] but for noise, got values from 0 to 255; divide it by 255",
        ),
        (
            lambda: lenet5_images(np.full((1, 1, 28, 28), -0.5)),
            ValueError,
            "lenet5_images: x must be in [0, 1] but for noise, got values from -0.5 to 0.0",
        ),
        (
            lambda: lenet5_images(np.full((1, 1, 28, 28), np.nan)),
            ValueError,
            "lenet5_images: x must be in [0, 1] but for noise, got values from nan to nan",
        ),
        (
            lambda: lenet5_loss([1.0, 2.0], [0]),
            ValueError,
            "lenet5_loss: outputs must have shape (N, K), got (2,)",
        ),
        (
            lambda: lenet5_loss([[1.0, 2.0]], [0, 1]),
            ValueError,
            "lenet5_loss: labels must have shape (1,) or (1, 2) as outputs are (1, 2), got (2,)",
        ),
        (
            lambda: lenet5_loss([[1.0, 2.0]], [0.5]),
            TypeError,
            "lenet5_loss: labels must be integers, or rows (1, 2), got dtype float64",
        ),
        (
            lambda: lenet5_loss("ab", [0]),
            TypeError,
            "lenet5_loss: outputs must hold real numbers, got dtype <U2",
        ),
        (
            lambda: lenet5(original=True).predict(np.zeros((1, 1, 28, 28))),
            ValueError,
            'Model.predict: x must have shape (N, 1, 32, 32) as input "image" has, '
            "got (1, 1, 28, 28)",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call()
