"""Mixup: partners of the whole data set, shares of a beta distribution, targets mixed alike."""

import re

import numpy as np
import pytest

from fastnn import _core
from fastnn.data import Augmented, Dataset, augment

IMAGES = np.random.default_rng(0).random((50, 3, 4, 5)).astype("f4")
LABELS = np.arange(50) % 10


def mixed(y=LABELS, classes=10, alpha=0.4, before=(), **how):
    return Augmented(Dataset(IMAGES, y), [*before, augment.Mixup(alpha, classes)], **how)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_and_targets_are_mixed_alike(dtype):
    numbers = np.array([3, 7, 3, 49])
    x, y = mixed(seed=5).gather(numbers, dtype, epoch=2)
    partners, shares = _core.random_partners(5, 0x41554700, 2, numbers, 50, 0.4)
    assert (partners[0], shares[0]) == (partners[2], shares[2])
    one = np.eye(10)
    for i, (n, p, s) in enumerate(zip(numbers, partners, shares, strict=True)):
        np.testing.assert_allclose(x[i], s * IMAGES[n] + (1 - s) * IMAGES[p], atol=1e-6)
        np.testing.assert_allclose(y[i], s * one[LABELS[n]] + (1 - s) * one[LABELS[p]], atol=1e-6)
    assert (x.dtype, y.dtype) == (dtype, dtype)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


def test_one_hot_rows_need_no_number_of_classes():
    rows = np.eye(10, dtype="f4")[LABELS]
    x, y = mixed(rows, None).gather(np.arange(50))
    other, want = mixed().gather(np.arange(50))
    np.testing.assert_array_equal(x, other)
    np.testing.assert_array_equal(y, want)
    assert (rows == np.eye(10)[LABELS]).all()


def test_partners_are_changed_as_in_the_same_epoch(threads):
    change = augment.Crop(padding=2)
    plain = Augmented(Dataset(IMAGES, LABELS), [change], seed=1)
    more = mixed(before=[change], seed=1)
    numbers = np.arange(20)
    partners, shares = _core.random_partners(1, 0x41554700, 4, numbers, 50, 0.4)
    a, b = plain.gather(numbers, epoch=4)[0], plain.gather(partners, epoch=4)[0]
    s = shares[:, None, None, None]
    for count in (1, 2, 3):
        threads(count)
        x, _ = more.gather(numbers, epoch=4)
        np.testing.assert_allclose(x, s * a + (1 - s) * b, atol=1e-6)
        parts = [more.gather(numbers[i : i + 7], epoch=4)[0] for i in range(0, 20, 7)]
        assert np.concatenate(parts).tobytes() == x.tobytes()


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 3.0, 200.0])
def test_shares_follow_the_beta_distribution(alpha):
    """Moments of Beta(a, a): mean 1/2, variance 1/(4 (2a + 1)), fourth one known too."""
    _, s = _core.random_partners(3, 1, 0, np.arange(20000), 7, alpha)
    assert ((s >= 0) & (s <= 1)).all()
    assert abs(s.mean() - 0.5) < 0.01
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(s.var() / variance - 1) < 0.05
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert abs(((s - 0.5) ** 4).mean() / fourth - 1) < 0.08


def test_partners_are_uniform():
    partners, _ = _core.random_partners(3, 1, 0, np.arange(20000), 7, 1.0)
    counts = np.bincount(partners, minlength=7)
    assert counts.size == 7
    assert np.abs(counts / (20000 / 7) - 1).max() < 0.06


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: mixed(None),
            "Mixup: y must be one array of labels or of one-hot rows, got none",
        ),
        (
            lambda: mixed((LABELS, LABELS)),
            "Mixup: y must be one array of labels or of one-hot rows, got tuple",
        ),
        (
            lambda: mixed(np.zeros((50, 10), "i8")),
            "Mixup: y must be labels (N,) or real rows (N, K), got integers of shape (N, 10)",
        ),
        (
            lambda: mixed(classes=None),
            "Mixup: classes must be the number of classes because targets are labels, got None",
        ),
        (
            lambda: mixed(classes=9).gather(np.arange(50)),
            "Mixup: y must hold labels in [0, 9), got 9",
        ),
        (
            lambda: Augmented(Dataset(IMAGES, LABELS), [augment.Mixup(classes=10), augment.Flip()]),
            "Augmented: Mixup must be the last change, got Flip(p=0.5, axis='horizontal') after it",
        ),
    ],
)
def test_error_texts(make, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        make()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            (np.zeros((2, 3)), np.zeros((2, 3), "f4"), np.ones(2)),
            TypeError,
            "mix_rows: x and z must be both float32 or both float64, got float64 and float32",
        ),
        (
            (np.zeros((2, 3)), np.zeros((2, 4)), np.ones(2)),
            ValueError,
            "mix_rows: z must have the shape of x, (2, 3), and a weight for each row, "
            "got (2, 4) and 2",
        ),
    ],
)
def test_error_texts_of_the_core(arguments, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        _core.mix_rows(*arguments)


def test_rows_are_mixed_on_every_instruction_set(threads):
    rng = np.random.default_rng(0)
    before = _core.isa()
    try:
        for dtype in ("f4", "f8"):
            for shape in ((1, 1), (3, 17), (200, 999), (2, 0)):
                x, z, w = (
                    rng.random(shape).astype(dtype),
                    rng.random(shape).astype(dtype),
                    rng.random(shape[0]),
                )
                want = w[:, None] * x + (1 - w[:, None]) * z
                for isa in [name for name, supported in _core.isas() if supported]:
                    _core.set_isa(isa)
                    outs = set()
                    for count in (1, 2, 3):
                        threads(count)
                        got = x.copy()
                        _core.mix_rows(got, z, w)
                        outs.add(got.tobytes())
                        np.testing.assert_allclose(got, want, atol=1e-6)
                    assert len(outs) == 1
    finally:
        _core.set_isa(before)
