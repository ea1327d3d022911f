"""as_batches: everything that can feed a network."""

import re

import numpy as np
import pytest

from fastnn.data import Batches, Dataset, as_batches

X = np.arange(20, dtype="f4").reshape(10, 2)
Y = np.arange(10)


def error(kind, text):
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


def together(batches):
    pairs = list(batches)
    return np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs])


class MapStyle:
    def __init__(self, x=X, y=Y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def test_dataset_and_tuple_make_the_same_batches():
    for source in (Dataset(X, Y), (X, Y), (X.tolist(), Y.tolist())):
        batches = as_batches(source, 3, True, 4, dtype="float32")
        assert isinstance(batches, Batches)
        x, y = together(batches)
        assert y.tolist() == Batches(Dataset(X, Y), 3, seed=4).order(0).tolist()
        np.testing.assert_array_equal(x, X[y])


def test_batches_pass_through():
    batches = Batches(Dataset(X, Y), 3)
    assert as_batches(batches, 5) is batches


def test_map_style_is_shuffled_and_stacked():
    batches = as_batches(MapStyle(), 4, True, 4)
    x, y = together(batches)
    assert y.tolist() == Batches(Dataset(X, Y), 4, seed=4).order(0).tolist()
    assert (x.dtype, y.dtype) == ("float32", "int64")
    np.testing.assert_array_equal(x, X[y])


def test_map_style_with_several_inputs():
    class Pairs(MapStyle):
        def __getitem__(self, i):
            return (self.x[i], self.y[i]), {"label": self.y[i]}

    (x, number), y = next(iter(as_batches(Pairs(), 4, False)))
    np.testing.assert_array_equal(x, X[:4])
    assert number.tolist() == y["label"].tolist() == [0, 1, 2, 3]


def test_generator_function_is_called_each_pass():
    def pairs():
        for i in range(0, 10, 5):
            yield X[i : i + 5], Y[i : i + 5]

    batches = as_batches(pairs)
    for epoch in range(3):
        assert batches.epoch == epoch
        x, y = together(batches)
        np.testing.assert_array_equal(x, X)
        assert y.tolist() == Y.tolist()


def test_list_of_batches_knows_its_length():
    batches = as_batches([(X[:5], Y[:5]), (X[5:], Y[5:])])
    assert batches.batches == 2
    np.testing.assert_array_equal(together(batches)[0], X)
    np.testing.assert_array_equal(together(batches)[0], X)


def test_iterator_serves_one_pass():
    batches = as_batches(iter([(X, Y)]))
    assert len(list(batches)) == 1
    with error(
        RuntimeError,
        "data: source must be iterable once per epoch, got an iterator that is used up; pass the "
        "function that makes it",
    ):
        list(batches)


def test_stream_continues_at_a_saved_position():
    source = [(X[i : i + 2], Y[i : i + 2]) for i in range(0, 10, 2)]
    first = as_batches(source)
    for number, _ in enumerate(first):
        if number == 2:
            break
    resumed = as_batches(source)
    resumed.set_state(first.state())
    assert together(resumed)[1].tolist() == [6, 7, 8, 9]
    assert resumed.epoch == 1


def test_stream_without_targets_and_with_other_dtypes():
    batches = list(as_batches([X.astype("f2"), [X[:2]]], dtype="float64"))
    assert [y for _, y in batches] == [None, None]
    assert [x.dtype for x, _ in batches] == ["float64", "float64"]
    ((x, y),) = as_batches([(np.ones((2, 2), "u1"), np.ones(2, "u1"))])
    assert (x.dtype, y.dtype) == ("float32", "int64")


def test_pytorch_data_sets_and_loaders():
    torch = pytest.importorskip("torch")
    from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset

    whole = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    parts = Subset(whole, range(5)), Subset(whole, range(5, 10))
    for source in (whole, ConcatDataset(parts)):
        x, y = together(as_batches(source, 4, True, 7))
        assert sorted(y) == Y.tolist()
        np.testing.assert_array_equal(x, X[y])
    loader = as_batches(DataLoader(whole, batch_size=3))
    assert loader.batches == 4
    for _ in range(2):
        x, y = together(loader)
        np.testing.assert_array_equal(x, X)
        assert (x.dtype, y.dtype) == ("float32", "int64")

    class Flow(IterableDataset):
        def __iter__(self):
            return zip(X, Y, strict=True)

    flow = as_batches(DataLoader(Flow(), batch_size=5))
    assert flow.batches is None
    np.testing.assert_array_equal(together(flow)[0], X)
    learned = torch.ones(4, 2, requires_grad=True)
    np.testing.assert_array_equal(Dataset(learned).x, np.ones((4, 2)))


def test_error_texts():
    with error(
        TypeError,
        "data: source must be a Dataset, a tuple (x, y), a map-style data set, an iterable over "
        "batches (x, y) or a function that returns one, got ndarray",
    ):
        as_batches(X)
    with error(
        ValueError,
        "data: batch 0 must be a pair (x, y), got 3 parts; put several inputs into a tuple: "
        "((x1, x2), y)",
    ):
        list(as_batches([(X, X, Y)]))
    with error(ValueError, "data: batch 1: y must have 10 rows as x has, got 9"):
        list(as_batches([(X, Y), (X, Y[1:])]))
    with error(ValueError, "data: batch 0: x must have at least 1 row, got 0"):
        list(as_batches([(X[:0], Y[:0])]))
    with error(
        TypeError,
        "data: batch 0: x must hold numbers of a float, integer or bool dtype, got dtype <U1",
    ):
        list(as_batches([(["a"], [0])]))
    ragged = MapStyle([np.zeros(2), np.zeros(3)], [0, 1])
    with error(
        ValueError,
        "data: samples must have one shape to make a batch, got all input arrays must have the "
        "same shape",
    ):
        list(as_batches(ragged))
