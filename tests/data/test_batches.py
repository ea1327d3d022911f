"""Batches: every sample once per pass, orders by seed, positions that can be saved."""

import re
from itertools import islice

import numpy as np
import pytest

from fastnn.data import Batches, Dataset


def served(batches):
    return [x.tolist() for x, _ in batches]


def error(kind, text):
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize("n", [1, 7, 8, 9, 33])
@pytest.mark.parametrize("size", [1, 4, 8, 40])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_sample_once_and_the_short_batch_kept(n, size, shuffle):
    batches = Batches(Dataset(np.arange(n), np.arange(n) + 100), size, shuffle=shuffle)
    seen = list(batches)
    assert len(seen) == len(batches) == -(-n // size)
    assert [len(x) for x, _ in seen[:-1]] == [size] * (len(seen) - 1)
    xs = np.concatenate([x for x, _ in seen])
    ys = np.concatenate([y for _, y in seen])
    assert sorted(xs) == list(range(n))
    assert (ys == xs + 100).all()
    assert batches.samples == n
    if not shuffle:
        assert xs.tolist() == list(range(n))


def test_drop_last_leaves_out_the_short_batch():
    batches = Batches(Dataset(np.arange(10)), 4, drop_last=True)
    assert [len(x) for x in served(batches)] == [4, 4]
    assert (len(batches), batches.samples) == (2, 8)


def test_order_depends_on_seed_and_pass_alone():
    data = Dataset(np.arange(50))
    batches, again, other = Batches(data, 8, seed=5), Batches(data, 8, seed=5), Batches(data, 8)
    first, second = served(batches), served(batches)
    assert first != second
    assert [served(again), served(again)] == [first, second]
    assert served(other) != first
    assert sum(first, []) == batches.order(0).tolist()
    assert sum(second, []) == batches.order(1).tolist()


def test_global_random_state_is_not_touched():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    served(Batches(Dataset(np.arange(50)), 8))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize("stop", [0, 1, 3, 6, 7])
def test_saved_position_continues_as_if_never_stopped(stop):
    data = Dataset(np.arange(50))
    whole = Batches(data, 8, seed=1)
    want = [served(whole), served(whole)]
    first = Batches(data, 8, seed=1)
    head = served(islice(first, stop))
    resumed = Batches(data, 8, seed=1)
    resumed.set_state(first.state())
    if stop == 7:  # the pass was complete
        assert [head, served(resumed)] == want
    else:
        assert [head + served(resumed), served(resumed)] == want


def test_pass_left_early_is_followed_by_the_next():
    batches = Batches(Dataset(np.arange(20)), 5)
    next(iter(batches))
    assert sum(served(batches), []) == batches.order(1).tolist()


def test_position_behind_the_last_batch_ends_the_pass():
    batches = Batches(Dataset(np.arange(20)), 5)
    batches.set_state({"epoch": 2, "position": 4})
    assert served(batches) == []
    assert sum(served(batches), []) == batches.order(3).tolist()


def test_dtype_is_for_real_arrays_alone():
    data = Dataset((np.zeros((3, 2), "u1"), np.arange(3)), np.arange(3), scale=None)
    (pixels, indices), labels = next(iter(Batches(data, 2, dtype="float64")))
    assert (pixels.dtype, indices.dtype, labels.dtype) == ("float64", "int64", "int64")


def test_parts_of_a_data_set_are_batched():
    part = Dataset(np.arange(100))[::-3][2:9]
    assert sorted(sum(served(Batches(part, 3, seed=2)), [])) == sorted(part.x.tolist())


def test_batch_arrays_are_fresh():
    x = np.zeros((4, 2), "f4")
    for batch, _ in Batches(Dataset(x), 2, shuffle=False):
        batch += 1
    assert (x == 0).all()


def test_error_texts():
    data = Dataset(np.arange(5))
    with error(
        TypeError,
        "Batches: dataset must be a Dataset or Augmented, got tuple; make one, data.Dataset(x, y)",
    ):
        Batches((np.zeros(3), np.zeros(3)), 2)
    with error(
        ValueError,
        "Batches.set_state: state must hold the integers epoch and position, got "
        "{'epoch': 'a', 'position': 0.5}",
    ):
        Batches(data, 2).set_state({"epoch": "a", "position": 0.5})
    with error(ValueError, "Batches: batch_size must be an integer >= 1, got 0"):
        Batches(data, 0)
    with error(TypeError, "Batches: batch_size must be an integer >= 1, got 2.0"):
        Batches(data, 2.0)
    with error(ValueError, f"Batches: batch_size must be an integer < 2**63, got {2**64}"):
        Batches(data, 2**64)
    with error(ValueError, "Batches: dataset must have at least 1 sample, got 0"):
        Batches(data[:0], 2)
    with error(
        ValueError,
        "Batches: batch_size must be at most 5, the number of samples, because drop_last leaves "
        "out short batches, got 6",
    ):
        Batches(data, 6, drop_last=True)
    with error(TypeError, "Batches: seed must be an integer in [0, 2**64), got None"):
        Batches(data, 2, seed=None)
    with error(ValueError, "Batches: dtype must be float32, float64 or None, got 'f4'"):
        Batches(data, 2, dtype="f4")
    batches = Batches(data, 2)
    with error(
        ValueError, "Batches.set_state: state must hold the integers epoch and position, got {}"
    ):
        batches.set_state({})
    with error(
        ValueError,
        "Batches.set_state: state must have epoch >= 0 and position >= 0, 3 at most, got "
        "{'epoch': 0, 'position': 4}",
    ):
        batches.set_state({"epoch": 0, "position": 4})
