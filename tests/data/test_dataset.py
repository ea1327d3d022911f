"""Dataset: what it takes, what it gives out, its parts, its errors."""

import re

import numpy as np
import pytest

from fastnn.data import Dataset


def error(kind, text):
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[1.5], [2.5]], "f4"), "float32"),
        (np.array([[1.5], [2.5]], "f8"), "float64"),
        (np.array([[1.5], [2.5]], "f2"), "float32"),
        (np.array([[1.5], [2.5]], ">f4"), "float32"),
        (np.array([[1.5], [2.5]], ">f8"), "float64"),
        (np.array([[1], [2]], "u1"), "float32"),
        (np.array([[True], [False]]), "float32"),
        (np.array([[1], [2]], "i1"), "int64"),
        (np.array([[1], [2]], "i4"), "int64"),
        (np.array([[1], [2]], "u4"), "int64"),
        ([[1, 2], [3, 4]], "int64"),
        ([[1.0, 2.0]], "float64"),
    ],
)
def test_every_numeric_dtype_is_given_out_with_its_values(array, dtype):
    data = Dataset(array)
    assert data.x.dtype == dtype
    np.testing.assert_array_equal(data.x, np.asarray(array))
    assert data.y is None


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_arrays_of_the_core_are_not_copied(dtype):
    array = np.zeros((4, 3), dtype)
    array.flags.writeable = False
    data = Dataset(array)
    assert np.shares_memory(data.inputs[0].array, array)
    assert np.shares_memory(data[1:3].inputs[0].array, array)


@pytest.mark.parametrize(
    "array",
    [np.asfortranarray(np.arange(12.0).reshape(3, 4)), np.arange(24.0).reshape(6, 4)[::2]],
)
def test_fortran_order_and_strided_views_keep_their_values(array):
    data = Dataset(array)
    assert data.inputs[0].array.flags.c_contiguous
    np.testing.assert_array_equal(data.x, array)


def test_inputs_are_never_changed():
    x = np.arange(6, dtype=np.uint8).reshape(3, 2)
    before = x.copy()
    data = Dataset(x, scale=0.5, offset=1.0)
    data.x[:] = 7
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(data.x, before * 0.5 + 1)


def test_scale_and_offset_touch_x_alone():
    data = Dataset(np.array([[2], [4]]), np.array([2, 4]), scale=0.5, offset=-1)
    assert data.x.tolist() == [[0.0], [1.0]]
    assert data.x.dtype == np.float32
    assert data.y.tolist() == [2, 4]


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u2", "i8", "?"])
def test_labels_of_every_integer_dtype_become_int64(dtype):
    data = Dataset(np.zeros((2, 1)), np.array([1, 0], dtype))
    assert data.y.dtype == np.int64
    assert data.y.tolist() == [1, 0]


def test_one_hot_rows_stay_floats():
    y = np.eye(3, dtype="f4")
    assert Dataset(np.zeros((3, 1)), y).y.dtype == np.float32


def test_memory_mapped_file_is_not_read_into_memory(tmp_path):
    file = tmp_path / "x.bin"
    pixels = np.random.default_rng(0).integers(0, 256, (50, 4)).astype("u1")
    pixels.tofile(file)
    mapped = np.memmap(file, np.uint8, "r", shape=(50, 4))
    data = Dataset(mapped, np.arange(50), scale=1 / 255)
    first, second = data.split(0.5, seed=3)
    for part in (data, data[10:20], data.shuffle(1), first, second[::2]):
        assert np.shares_memory(part.inputs[0].array, mapped)
        np.testing.assert_array_equal(part.x, (pixels[part.y] / 255).astype("f4"))


def test_several_inputs_as_tuple_and_as_dict():
    a, b = np.arange(6.0).reshape(3, 2), np.arange(3)
    data = Dataset((a, b), {"left": b, "right": a})
    x, y = data.gather(np.array([2, 0]), "float32")
    assert isinstance(x, tuple)
    assert x[0].tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert x[0].dtype == np.float32
    assert x[1].tolist() == [2, 0]
    assert list(y) == ["left", "right"]
    assert y["left"].tolist() == [2, 0]
    x, y = data[1:][0]
    assert x[0].tolist() == [2.0, 3.0]
    assert int(y["left"]) == 1


def test_indexing_gives_samples_and_parts():
    data = Dataset(np.arange(10.0)[:, None], np.arange(10))
    for index in (3, -7, np.int64(3)):
        x, y = data[index]
        assert (x.tolist(), int(y)) == ([3.0], 3)
    for index in (
        slice(2, 8, 3),
        slice(None, None, -1),
        slice(8, 2),
        slice(2, 8),
        [1, -1, 1],
        [],
        np.array([3, 3]),
        np.arange(10) % 3 == 0,
    ):
        part = data[index]
        want = np.arange(10)[index]
        assert part.y.tolist() == want.tolist()
        assert part.x[:, 0].tolist() == want.tolist()
        assert len(part) == len(want)
    assert data[[]].y.tolist() == []
    assert data[2:9][1:4][[2, 0]].y.tolist() == [5, 3]
    assert data[[5, 6, 7]][1:].y.tolist() == [6, 7]


def test_take_is_the_beginning():
    data = Dataset(np.arange(5))
    assert data.take(2).x.tolist() == [0, 1]
    assert data.take(9).x.tolist() == [0, 1, 2, 3, 4]
    assert len(data.take(0)) == 0


def test_shuffle_is_a_permutation_by_seed():
    data = Dataset(np.arange(100))
    once, again, other = data.shuffle(1), data.shuffle(1), data.shuffle(2)
    assert once.x.tolist() == again.x.tolist() != other.x.tolist()
    assert sorted(once.x.tolist()) == list(range(100))


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 1 / 3, 0.999, 1])
@pytest.mark.parametrize("stratify", [False, True])
def test_split_parts_are_disjoint_and_complete(fraction, stratify):
    n = 57
    data = Dataset(np.arange(n), np.arange(n) % 5)
    first, second = data.split(fraction, seed=4, stratify=stratify)
    assert len(first) == int(np.floor(fraction * n + 0.5))
    assert sorted([*first.x, *second.x]) == list(range(n))
    assert (np.diff(first.x) > 0).all()
    assert (np.diff(second.x) > 0).all()


@pytest.mark.parametrize("one_hot", [False, True])
def test_stratified_split_keeps_the_share_of_every_class(one_hot):
    labels = np.repeat([0, 1, 2], [600, 37, 3])
    data = Dataset(np.arange(640), np.eye(3)[labels] if one_hot else labels)
    for fraction in (0.25, 0.5, 0.8):
        first, _ = data.split(fraction, seed=1, stratify=True)
        counts = np.bincount(labels[first.x], minlength=3)
        assert (np.abs(counts - fraction * np.array([600, 37, 3])) <= 1).all()


def test_repr_tells_dtypes_and_shapes():
    data = Dataset(np.zeros((4, 1, 2, 2), "u1"), [0, 1, 0, 1], scale=1 / 255)
    assert repr(data) == "Dataset(x float32 (4, 1, 2, 2), y int64 (4,))"


class TestErrors:
    def test_lengths(self):
        with error(ValueError, "Dataset: y must have 3 rows as x has, got 2"):
            Dataset(np.zeros((3, 1)), [0, 1])
        with error(ValueError, "Dataset: x[1] must have 3 rows as x[0] has, got 4"):
            Dataset((np.zeros(3), np.zeros(4)))
        with error(ValueError, "Dataset: y['b'] must have 3 rows as x has, got 4"):
            Dataset(np.zeros(3), {"a": np.zeros(3), "b": np.zeros(4)})

    def test_kinds(self):
        rule = "must hold numbers of a float, integer or bool dtype, got dtype"
        with error(TypeError, f"Dataset: x {rule} <U1"):
            Dataset(["a", "b"])
        with error(TypeError, f"Dataset: y {rule} object"):
            Dataset([1.0], np.array([None]))
        with error(TypeError, f"Dataset: x {rule} complex128"):
            Dataset(np.zeros(3, complex))
        with error(TypeError, "Dataset: x must have names of type str, got 0"):
            Dataset({0: np.zeros(3)})

    def test_shapes(self):
        with error(ValueError, "Dataset: x must have at least 1 axis, the rows, got shape ()"):
            Dataset(3.0)
        with error(ValueError, "Dataset: x must have at most 8 axes, got 9"):
            Dataset(np.zeros((1,) * 9))
        with error(ValueError, "Dataset: x must have at least 1 array, got an empty tuple"):
            Dataset(())
        with pytest.raises(
            ValueError,
            match="^Dataset: x must be an array, or a tuple or dict of arrays, got setting an array",
        ):
            Dataset([[1.0], [1.0, 2.0]])
        with error(
            ValueError,
            "Dataset: y must have 2 rows as x has, got 5; several inputs are a tuple of arrays, "
            "x is a list of them",
        ):
            Dataset([np.zeros((5, 3)), np.zeros((5, 3))], np.zeros(5))

    def test_values(self):
        with error(ValueError, "Dataset: x must be below 2**63, got 18446744073709551615"):
            Dataset(np.array([2**64 - 1], "u8"))
        with error(ValueError, "Dataset: scale must be finite, got nan"):
            Dataset([1.0], scale=float("nan"))
        with error(ValueError, "Dataset: offset must be finite, got inf"):
            Dataset([1.0], offset=float("inf"))
        with error(TypeError, "Dataset: scale must be a number or None, got str"):
            Dataset([1.0], scale="1")

    def test_indices(self):
        data = Dataset(np.zeros(4))
        with error(IndexError, "Dataset: index must be in -4..3, got 4"):
            data[4]
        with error(IndexError, "Dataset: index must be in -4..3, got -5"):
            data[[0, -5]]
        rule = "Dataset: index must be an integer, a slice, a list of integers or a bool array of 4"
        with error(TypeError, f"{rule}, got dtype float64 and shape (1,)"):
            data[[0.5]]
        with error(TypeError, f"{rule}, got dtype int64 and shape (1, 1)"):
            data[[[0]]]
        with error(TypeError, f"{rule}, got dtype bool and shape (3,)"):
            data[np.ones(3, bool)]

    def test_parts(self):
        data = Dataset(np.zeros((4, 2)))
        with error(ValueError, "Dataset.split: fraction must be in [0, 1], got 1.5"):
            data.split(1.5)
        with error(ValueError, "Dataset.split: seed must be an integer in [0, 2**64), got -1"):
            data.split(0.5, seed=-1)
        with error(TypeError, "Dataset.shuffle: seed must be an integer in [0, 2**64), got 0.5"):
            data.shuffle(0.5)
        with error(ValueError, "Dataset.take: n must be an integer >= 0, got -1"):
            data.take(-1)
        with error(TypeError, "Dataset.split: fraction must be in [0, 1], got 'x'"):
            data.split("x")
        with error(TypeError, "Dataset.split: stratify must be True or False, got 'no'"):
            data.split(0.5, stratify="no")
        with error(TypeError, "Dataset.take: n must be an integer >= 0, got 'x'"):
            data.take("x")
        with error(
            ValueError,
            "Dataset.split: stratify must have labels (N,) or one-hot rows (N, K) to go by, "
            "got Dataset(x float64 (4, 2))",
        ):
            data.split(0.5, stratify=True)
