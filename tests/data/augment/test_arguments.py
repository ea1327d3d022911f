"""Arguments of the changes: what is refused, and how they print."""

import re

import numpy as np
import pytest

from fastnn.data import Augmented, Dataset, augment

NAN = float("nan")


WORDS = np.array(["a", "b"])  # where one word belongs


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: augment.Affine(shift=-1),
            ValueError,
            "Affine: shift must be a finite number >= 0, got -1",
        ),
        (
            lambda: augment.Affine(shift=(1, NAN)),
            ValueError,
            "Affine: shift must be a finite number >= 0, got nan",
        ),
        (
            lambda: augment.Affine(shift=(1, 2, 3)),
            ValueError,
            "Affine: shift must be a number or a pair of them, got (1, 2, 3)",
        ),
        (
            lambda: augment.Affine(rotate="15"),
            TypeError,
            "Affine: rotate must be degrees in [0, 180], got '15'",
        ),
        (
            lambda: augment.Affine(rotate=181),
            ValueError,
            "Affine: rotate must be degrees in [0, 180], got 181",
        ),
        (
            lambda: augment.Affine(scale=1.0),
            ValueError,
            "Affine: scale must be a number in [0, 1), got 1.0",
        ),
        (
            lambda: augment.Affine(scale=(0, 1)),
            ValueError,
            "Affine: scale must be a finite number > 0, got 0",
        ),
        (
            lambda: augment.Affine(scale=(2, 1)),
            ValueError,
            "Affine: scale must be (low, high), got (2, 1)",
        ),
        (
            lambda: augment.Affine(squeeze=1),
            ValueError,
            "Affine: squeeze must be a number in [0, 1), got 1",
        ),
        (
            lambda: augment.Affine(shear=90),
            ValueError,
            "Affine: shear must be degrees in [0, 90), got 90",
        ),
        (
            lambda: augment.Affine(fill="wrap"),
            ValueError,
            "Affine: fill must be a finite number or \"edge\", got 'wrap'",
        ),
        (
            lambda: augment.Affine(fill=NAN),
            ValueError,
            'Affine: fill must be a finite number or "edge", got nan',
        ),
        (
            lambda: augment.Affine(p=1.5),
            ValueError,
            "Affine: p must be a number in [0, 1], got 1.5",
        ),
        (
            lambda: augment.Elastic(alpha=-1),
            ValueError,
            "Elastic: alpha must be a finite number >= 0, got -1",
        ),
        (
            lambda: augment.Elastic(sigma=0),
            ValueError,
            "Elastic: sigma must be a number in (0, 1000], got 0",
        ),
        (
            lambda: augment.Elastic(p=True),
            TypeError,
            "Elastic: p must be a number in [0, 1], got True",
        ),
        (lambda: augment.Crop(0), ValueError, "Crop: size must be an integer >= 1, got 0"),
        (lambda: augment.Crop((3, 2.5)), TypeError, "Crop: size must be an integer >= 1, got 2.5"),
        (
            lambda: augment.Crop((3, 2, 1)),
            ValueError,
            "Crop: size must be an integer or (height, width), got (3, 2, 1)",
        ),
        (
            lambda: augment.Crop(padding=-1),
            ValueError,
            "Crop: padding must be an integer >= 0, got -1",
        ),
        (
            lambda: augment.CenterCrop("a"),
            TypeError,
            "CenterCrop: size must be an integer >= 1, got 'a'",
        ),
        (lambda: augment.Flip(2), ValueError, "Flip: p must be a number in [0, 1], got 2"),
        (
            lambda: augment.Flip(axis=1),
            ValueError,
            "Flip: axis must be horizontal or vertical, got 1",
        ),
        (
            lambda: augment.Flip(axis=WORDS),
            ValueError,
            f"Flip: axis must be horizontal or vertical, got {WORDS!r}",
        ),
        (lambda: augment.Cutout(0), ValueError, "Cutout: size must be an integer >= 1, got 0"),
        (
            lambda: augment.Cutout(2, fill="edge"),
            TypeError,
            "Cutout: fill must be a finite number, got 'edge'",
        ),
        (
            lambda: augment.Color(brightness=-0.1),
            ValueError,
            "Color: brightness must be a finite number >= 0, got -0.1",
        ),
        (
            lambda: augment.Color(contrast=1),
            ValueError,
            "Color: contrast must be a number in [0, 1), got 1",
        ),
        (lambda: augment.Noise(-1), ValueError, "Noise: std must be a finite number >= 0, got -1"),
        (
            lambda: augment.PCAColor(np.eye(2)),
            ValueError,
            "PCAColor: covariance must have shape (3, 3), one axis for each of red, green and "
            "blue, got (2, 2)",
        ),
        (
            lambda: augment.PCAColor([[1, 2, 3]] * 3),
            ValueError,
            f"PCAColor: covariance must be symmetric and finite, got {[[1.0, 2.0, 3.0]] * 3}",
        ),
        (
            lambda: augment.PCAColor(np.eye(3), -1),
            ValueError,
            "PCAColor: std must be a finite number >= 0, got -1",
        ),
        (
            lambda: augment.PCAColor.of(Dataset(np.zeros((2, 1, 4, 4)))),
            ValueError,
            "PCAColor.of: x must have shape (N, 3, H, W), got (N, 1, 4, 4)",
        ),
        (
            lambda: augment.PCAColor.of(Dataset(np.zeros((0, 3, 4, 4)))),
            ValueError,
            "PCAColor.of: dataset must have at least 1 sample, got 0",
        ),
        (lambda: augment.Mixup(0), ValueError, "Mixup: alpha must be a finite number > 0, got 0"),
        (
            lambda: augment.Mixup(1.0, 1),
            ValueError,
            "Mixup: classes must be an integer >= 2, got 1",
        ),
    ],
)
def test_error_texts(make, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        make()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (augment.Crop(9), "Crop: size must be at most (8, 8), that of the images, got (9, 9)"),
        (
            augment.Crop((4, 13), padding=2),
            "Crop: size must be at most (12, 12), that of the images with padding 2, got (4, 13)",
        ),
        (
            augment.CenterCrop((9, 1)),
            "CenterCrop: size must be at most (8, 8), that of the images, got (9, 1)",
        ),
        (
            augment.PCAColor(np.eye(3)),
            "PCAColor: x must have 3 channels, red, green and blue, got 1",
        ),
    ],
)
def test_changes_that_do_not_fit_the_images(change, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Augmented(Dataset(np.zeros((2, 1, 8, 8))), [change])


def test_they_print_as_they_are_made():
    assert repr(augment.Flip(0.25)) == "Flip(p=0.25, axis='horizontal')"
    assert repr(augment.Crop(padding=4)) == "Crop(size=None, padding=4, fill=0.0)"
    assert augment.Flip() == augment.Flip()


def test_colours_of_a_data_set():
    """The covariance is NumPy's; shifts have the paper's variance along each axis."""
    x = np.random.default_rng(0).random((300, 3, 4, 4)) @ np.diag([1.0, 0.5, 0.2, 0.1])
    x[:, 1] += 0.5 * x[:, 0]
    change = augment.PCAColor.of(Dataset(x), std=0.1)
    want = np.cov(x.transpose(1, 0, 2, 3).reshape(3, -1), bias=True)
    np.testing.assert_allclose(change.covariance, want, atol=1e-12)
    values, vectors = np.linalg.eigh(want)
    more = Augmented(Dataset(np.zeros((4000, 3, 1, 1))), [change])
    shifts = more.gather(np.arange(4000))[0][:, :, 0, 0] @ vectors
    np.testing.assert_allclose(shifts.std(axis=0), 0.1 * values, rtol=0.05)


def test_noise_is_normal():
    got = Augmented(Dataset(np.zeros((1, 1, 500, 500))), [augment.Noise(1.0)]).gather(np.array([0]))
    z = np.sort(got[0].reshape(-1))
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert abs((z**3).mean()) < 0.03
    assert abs((z**4).mean() - 3) < 0.06
    assert (
        np.abs(np.interp([-1, 0, 1], z, np.linspace(0, 1, z.size)) - [0.1587, 0.5, 0.8413]).max()
        < 0.005
    )


def test_displacements_have_the_documented_strength():
    """A ramp shows how far pixels come from: 0.163 alpha / sigma, away from the border."""
    ramp = np.tile(np.arange(60.0), (200, 1, 60, 1))
    more = Augmented(Dataset(ramp), [augment.Elastic(34.0, 4.0, fill="edge")])
    moved = (more.gather(np.arange(200))[0] - ramp)[:, :, 15:45, 15:45]
    assert abs(moved.std() / (0.163 * 34 / 4) - 1) < 0.05
