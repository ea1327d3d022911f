"""Every change against its oracle: shapes, dtypes, instruction sets; and what does not change it."""

import numpy as np
import pytest

from augment_oracle import Chance, affine_matrix, affine_place, changed, elastic_place, sampled
from fastnn import _core
from fastnn.data import Augmented, Dataset, augment

SHAPES = [
    (1, 1, 1),
    (3, 1, 1),
    (1, 1, 7),
    (1, 5, 1),
    (3, 8, 9),
    (1, 28, 28),
    (2, 33, 16),
    (3, 5, 70),
]
GREY = [[0.1, 0.02, 0.0], [0.02, 0.2, 0.05], [0.0, 0.05, 0.1]]


def changes(channels):
    found = {
        "affine": augment.Affine((1.5, 2.5), 40, 0.2, 0.1, 15),
        "affine-edge": augment.Affine(3, 180, (0.5, 2.0), fill="edge"),
        "affine-fill": augment.Affine(2.0, 20, p=0.5, fill=-0.75),
        "elastic": augment.Elastic(20.0, 2.0),
        "elastic-edge": augment.Elastic(34.0, 4.0, fill="edge"),
        "elastic-wide": augment.Elastic(5.0, 50.0, fill=0.5),
        "elastic-narrow": augment.Elastic(1.5, 0.2),
        "crop": augment.Crop(padding=3),
        "crop-edge": augment.Crop(1, padding=2, fill="edge"),
        "crop-fill": augment.Crop((4, 2), padding=4, fill=9.0),
        "crop-part": augment.Crop(1),
        "center": augment.CenterCrop(1),
        "flip": augment.Flip(),
        "flip-vertical": augment.Flip(1.0, "vertical"),
        "color": augment.Color(0.3, 0.6),
        "noise": augment.Noise(0.7),
        "cutout": augment.Cutout(3, fill=0.25),
        "cutout-wide": augment.Cutout((1, 50), p=0.6),
    }
    if channels == 3:
        found["pca"] = augment.PCAColor(GREY, 0.5)
    return found


CASES = [(shape, name) for shape in SHAPES for name in changes(shape[0])]


def images(n, shape, dtype="f8"):
    return np.random.default_rng(0).random((n, *shape)).astype(dtype)


@pytest.mark.parametrize(("shape", "name"), CASES, ids=lambda v: str(v).replace(" ", ""))
def test_change_equals_its_oracle(isa, shape, name):
    """In float64 to 1e-9; in float32 to 3e-4, for coordinates up to 70 are rounded to 4e-6 and
    differences of neighbours multiply that."""
    change = changes(shape[0])[name]
    numbers = np.array([0, 2, 1])
    for dtype, tolerance in (("float64", 1e-9), ("float32", 3e-4)):
        x = images(3, shape, dtype)
        more = Augmented(Dataset(x), [change], seed=7)
        got, y = more.gather(numbers, epoch=3)
        assert y is None
        assert got.dtype == dtype
        want = np.stack([changed(x[n], [change], 7, 3, n) for n in numbers])
        assert got.shape == want.shape == (3, *more.shape)
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uint8_images_are_scaled_first(isa, dtype):
    pixels = np.random.default_rng(1).integers(0, 256, (4, 3, 6, 5)).astype("u1")
    steps = [augment.Crop(padding=1, fill=-1.0), augment.Flip()]
    more = Augmented(Dataset(pixels, scale=1 / 255, offset=-0.5), steps, seed=1)
    got, _ = more.gather(np.arange(4), dtype)
    want = np.stack([changed(p / 255 - 0.5, steps, 1, 0, i) for i, p in enumerate(pixels)])
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-7)


def test_changes_are_done_in_their_order(isa):
    steps = [
        augment.Crop((9, 8), padding=1),
        augment.Color(0.1, 0.2),
        augment.Affine(1.0, 10),
        augment.Flip(),
        augment.Elastic(8.0, 2.0),
        augment.Noise(0.1),
        augment.Crop(6),
        augment.Cutout(2),
    ]
    x = images(5, (3, 10, 9))
    got, _ = Augmented(Dataset(x), steps, seed=3).gather(np.arange(5), epoch=1)
    want = np.stack([changed(x[i], steps, 3, 1, i) for i in range(5)])
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


def test_neighbouring_warps_sample_once(isa):
    first, second = augment.Affine(2.0, 30, 0.2), augment.Affine(1.0, shear=20)
    bend = augment.Elastic(10.0, 2.0)
    x = images(3, (2, 11, 12))
    got, _ = Augmented(Dataset(x), [first, second, bend], seed=5).gather(np.arange(3))
    for i in range(3):
        inner = affine_place(first, Chance(5, 0, 0, i), 11, 12)
        middle = affine_place(second, Chance(5, 1, 0, i), 11, 12)
        outer = elastic_place(bend, Chance(5, 2, 0, i), 11, 12)

        def place(y, x, inner=inner, middle=middle, outer=outer):
            return inner(*middle(*outer(y, x)))

        np.testing.assert_allclose(got[i], sampled(x[i], place, 0.0), rtol=0, atol=1e-9)


def test_warps_that_disagree_on_the_outside_sample_twice(isa):
    steps = [augment.Affine(2.0, 30, fill=1.0), augment.Elastic(10.0, 2.0)]
    x = images(3, (1, 9, 8))
    got, _ = Augmented(Dataset(x), steps, seed=5).gather(np.arange(3))
    want = np.stack([changed(x[i], steps, 5, 0, i) for i in range(3)])
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_to_change_keeps_every_bit(isa, dtype):
    x = images(3, (3, 7, 9), dtype)
    for steps in (
        [],
        [augment.Affine()],
        [augment.Elastic(0.0)],
        [augment.Affine(fill="edge"), augment.Elastic(0.0, fill="edge")],
        [augment.Flip(0.0), augment.Noise(0.0), augment.Crop()],
        [augment.Flip(1.0), augment.Flip(1.0)],
    ):
        got, _ = Augmented(Dataset(x), steps).gather(np.arange(3))
        assert got.tobytes() == x.tobytes(), steps


def test_what_the_drawn_map_looks_like():
    """Zoom enlarges, positive angles turn against the clock, shear leans, shift moves."""
    for number in range(20):
        chance = Chance(0, 0, 0, number)
        a, t = affine_matrix(augment.Affine(3.0, scale=(2.0, 2.0)), chance)
        np.testing.assert_allclose(a, 2 * np.eye(2))
        assert np.abs(t).max() <= 3
        a, _ = affine_matrix(augment.Affine(squeeze=0.2), chance)
        np.testing.assert_allclose(np.linalg.det(a), 1)
        a, _ = affine_matrix(augment.Affine(rotate=90), chance)
        np.testing.assert_allclose(a @ a.T, np.eye(2), atol=1e-12)


def test_ranges_beyond_all_bounds_stay_inside(isa):
    x = images(2, (1, 5, 6), "float32")
    for step in (
        augment.Elastic(1e300, 1.0, fill="edge"),
        augment.Elastic(1e300, 1e-3, fill="edge"),
        augment.Affine(1e300, scale=(1e-300, 1e300), fill="edge"),
        augment.Affine(shear=89.999999999999, squeeze=0.999999999, fill="edge"),
    ):
        got, _ = Augmented(Dataset(x), [step]).gather(np.arange(2))
        assert got.min() >= x.min() - 1e-6
        assert got.max() <= x.max() + 1e-6


def test_nan_and_infinity_propagate(isa):
    x = np.zeros((2, 1, 6, 6), "f4")
    x[0, 0, 3, 3], x[1, 0, 3, 3] = np.nan, np.inf
    for step in (augment.Affine(0.5, 10), augment.Elastic(2.0, 1.0), augment.Noise(1.0)):
        got, _ = Augmented(Dataset(x), [step], seed=1).gather(np.arange(2))
        assert np.isnan(got[0]).any()
        assert not np.isfinite(got[1]).all()


ALL = [
    augment.Crop(padding=2),
    augment.Affine(2, 15, 0.1, 0.1, 10),
    augment.Elastic(20, 3),
    augment.Flip(),
    augment.Color(0.1, 0.1),
    augment.PCAColor(GREY),
    augment.Noise(0.1),
    augment.Cutout(5),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_bits_for_any_thread_count_and_any_batch(isa, threads, dtype):
    x = images(70, (3, 32, 32), dtype)
    more = Augmented(Dataset(x), ALL, seed=11)
    order = np.random.default_rng(1).permutation(70)
    seen = []
    for count in (1, 2, 3):
        threads(count)
        whole, _ = more.gather(order, epoch=5)
        seen.append(whole.tobytes())
        cuts = [0, 1, 8, 9, 40, 70]
        parts = [more.gather(order[a:b], epoch=5)[0] for a, b in zip(cuts, cuts[1:], strict=False)]
        seen.append(np.concatenate(parts).tobytes())
    back = np.empty_like(whole)
    back[order] = whole
    seen.append(back.tobytes())
    assert len(set(seen[:-1])) == 1
    assert more.gather(np.arange(70), epoch=5)[0].tobytes() == seen[-1]


def test_seed_epoch_and_sample_decide():
    x = np.repeat(images(1, (3, 9, 9)), 3, axis=0)
    one = Augmented(Dataset(x), ALL, seed=1)
    a, b = one.gather(np.arange(3))[0], one.gather(np.arange(3), epoch=1)[0]
    c = Augmented(Dataset(x), ALL, seed=2).gather(np.arange(3))[0]
    everything = [*a, *b, *c]
    assert len({e.tobytes() for e in everything}) == 9
    assert one.gather(np.arange(3))[0].tobytes() == a.tobytes()
    assert (x == x[0]).all()  # inputs are left alone


def test_large_images_need_fewer_tasks(threads):
    """Scratch is bounded: images of 300 x 300 share it."""
    x = images(6, (3, 300, 300), "float32")
    more = Augmented(Dataset(x), [augment.Affine(rotate=5), augment.Elastic(50, 8)], seed=1)
    threads(2)
    whole = more.gather(np.arange(6))[0]
    threads(1)
    assert whole.tobytes() == more.gather(np.arange(6))[0].tobytes()
    np.testing.assert_array_equal(more.gather(np.array([5]))[0][0], whole[5])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            (np.zeros((2, 3, 4)), [0, 1], 0, 0, []),
            ValueError,
            "augment: x must have shape (N, C, H, W) of at least 1 pixel, got (2, 3, 4)",
        ),
        (
            (np.zeros((2, 3, 0, 4)), [0, 1], 0, 0, []),
            ValueError,
            "augment: x must have shape (N, C, H, W) of at least 1 pixel, got (2, 3, 0, 4)",
        ),
        (
            (np.zeros((2, 3, 4, 4), "i8"), [0, 1], 0, 0, []),
            TypeError,
            "augment: x must be float32 or float64, got int64",
        ),
        (
            (np.zeros((2, 1, 4, 4)), [0], 0, 0, []),
            ValueError,
            "augment: numbers must be 2, one for each sample, got 1",
        ),
        (
            (np.zeros((1, 1, 4, 4)), [0], 0, 0, [("blur", 1, 1.0, [])]),
            ValueError,
            "augment: change must be one of the core's, got blur",
        ),
        (
            (np.zeros((1, 1, 4, 4)), [0], 0, 0, [("noise", 1, 1.0, [])]),
            ValueError,
            "augment: noise must have 1 numbers, got 0",
        ),
        (
            (np.zeros((1, 1, 4, 4)), [0], 0, 0, [("pca", 1, 1.0, [0.0] * 9)]),
            ValueError,
            "augment: x must have 3 channels for colours, got 1",
        ),
        (
            (np.zeros((1, 1, 4, 4)), [0], 0, 0, [("crop", 1, 1.0, [7, 4, 1, 0, 0, 0])]),
            ValueError,
            "augment: crop must be inside the padded image of 6 x 6 pixels, got 7 x 4",
        ),
    ],
)
def test_error_texts_of_the_core(arguments, error, text):
    with pytest.raises(error) as caught:
        _core.augment(*arguments)
    assert str(caught.value) == text


def test_no_samples():
    got = _core.augment(np.zeros((0, 1, 4, 4)), [], 0, 0, [("crop", 1, 1.0, [2, 3, 0, 0, 0, 0])])
    assert got.shape == (0, 1, 2, 3)
