"""Augmented: wherever a Dataset is; the same images however a run is cut."""

import re
import threading

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, nn, optim
from fastnn.data import Augmented, Batches, Dataset, as_batches, augment

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 1, 8, 8)).astype("u1")
LABELS = RNG.integers(0, 10, 60)
DATA = Dataset(IMAGES, LABELS, scale=1 / 255)
CHANGES = [augment.Affine(1, 10), augment.Elastic(8, 2), augment.Noise(0.1)]


def network(dtype="float32"):
    layers = [nn.Flatten(), nn.Dense(16, "relu"), nn.Dense(10, "softmax")]
    return fnn.Model(layers, input_shape=(1, 8, 8), seed=3, dtype=dtype)


def trainer(**how):
    return fnn.Trainer(network(), optimizer=optim.Adam(0.01), metrics=["accuracy"], seed=4, **how)


def test_batches_are_gathered_by_epoch():
    more = Augmented(DATA, CHANGES, seed=1)
    batches = Batches(more, 16, seed=2)
    for epoch in range(2):
        order = batches.order(epoch)
        for i, (x, y) in enumerate(batches):
            part = order[16 * i : 16 * i + 16]
            want, labels = more.gather(part, None, epoch)
            assert x.tobytes() == want.tobytes()
            np.testing.assert_array_equal(y, labels)
            np.testing.assert_array_equal(y, LABELS[part])


@pytest.mark.parametrize("prefetch", [0, 1, 3, 50])
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_saved_position_continues_as_if_never_stopped(prefetch, stop):
    more = Augmented(DATA, [*CHANGES, augment.Mixup(0.4, 10)], seed=1)
    first = Batches(more, 16, seed=2, prefetch=0)
    whole = [(x.tobytes(), y.tobytes()) for _ in range(2) for x, y in first]
    again = Batches(more, 16, seed=2, prefetch=prefetch)
    passing = iter(again)
    head = [next(passing) for _ in range(stop)]
    state = again.state()
    passing.close()
    resumed = Batches(more, 16, seed=2, prefetch=prefetch)
    resumed.set_state(state)
    rest = [batch for _ in range(2) for batch in resumed]
    assert [(x.tobytes(), y.tobytes()) for x, y in [*head, *rest]] == whole


def test_training_is_the_same_for_any_threads_and_prefetch(threads):
    results = set()
    for count in (1, 2, 3):
        for prefetch in (0, 1, 4):
            threads(count)
            t = trainer()
            data = Batches(Augmented(DATA, CHANGES, seed=1), 16, seed=4, prefetch=prefetch)
            history = t.fit(data, epochs=2, verbose=0)
            results.add((t.model.theta.tobytes(), tuple(history["loss"])))
    assert len(results) == 1
    t = trainer()
    t.fit(Augmented(DATA, CHANGES, seed=1), epochs=2, batch_size=16, verbose=0)
    assert t.model.theta.tobytes() == results.pop()[0]


class Stop(fnn.callbacks.Callback):
    """Leaves a run in the middle of an epoch."""

    every = 1

    def __init__(self, step):
        self.step = step

    def on_step(self, trainer, logs):
        if trainer.steps == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize("step", [1, 4, 6, 8])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, step):
    def data():
        return Augmented(DATA, [*CHANGES, augment.Mixup(0.4, 10)], seed=1)

    whole = trainer()
    whole.fit(data(), epochs=3, batch_size=16, verbose=0)
    cut = trainer()
    with pytest.raises(KeyboardInterrupt):
        cut.fit(data(), epochs=3, batch_size=16, verbose=0, callbacks=[Stop(step)])
    assert [t.name for t in threading.enumerate() if t.name.startswith("fastnn")] == []
    cut.save(tmp_path / "run.ckpt")
    resumed = fnn.Trainer.resume(tmp_path / "run.ckpt")
    resumed.fit(data(), epochs=3 - resumed.epoch, batch_size=16, verbose=0)
    assert resumed.model.theta.tobytes() == whole.model.theta.tobytes()
    assert resumed.history["loss"] == whole.history["loss"]


def test_soft_targets_train_and_labels_validate():
    train, held_out = fnn.datasets.digits()
    more = Augmented(train, [augment.Affine(0.5, 5), augment.Mixup(0.2, 10)], seed=1)
    t = trainer()
    history = t.fit(more, epochs=4, validation=held_out, verbose=0)
    assert history["val_accuracy"][-1] > 0.85


def test_evaluation_and_other_dtypes():
    t = fnn.Trainer(network("float64"), seed=1)
    t.fit(Augmented(DATA, CHANGES), epochs=1, verbose=0)
    centered = Augmented(DATA, [augment.Crop(8)])
    assert t.evaluate(centered)["loss"] == pytest.approx(t.evaluate(DATA)["loss"], rel=1e-12)


def test_data_that_is_not_finite_is_told():
    images = np.ones((40, 1, 8, 8), "f4")
    images[7, 0, 3, 3] = np.nan
    with pytest.raises(ValueError, match=r"^Trainer\.fit: x must be finite, got NaN or infinity"):
        trainer().fit(Augmented(Dataset(images, LABELS[:40]), CHANGES), verbose=0)


class Pairs:
    """A map-style data set of another library."""

    def __len__(self):
        return 60

    def __getitem__(self, i):
        return IMAGES[i] / np.float32(255), int(LABELS[i])


def test_what_it_may_be_made_of():
    want = Augmented(DATA, [augment.Crop(padding=1)], seed=1).gather(np.arange(60))
    for source in ((IMAGES / 255.0, LABELS), Pairs(), DATA[:60], DATA.take(60)):
        got = Augmented(source, [augment.Crop(padding=1)], seed=1).gather(np.arange(60))
        np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
        np.testing.assert_array_equal(got[1], want[1])


def test_length_samples_and_text():
    more = Augmented(DATA, [augment.Crop(6)], seed=1)
    assert len(more) == 60
    assert more.shape == (1, 6, 6)
    x, y = more[-1]
    want, label = more.gather(np.array([59]))
    assert x.tobytes() == want[0].tobytes()
    assert y == label[0]
    assert Augmented(Dataset(IMAGES, scale=1.0), [])[0][1] is None
    assert repr(more) == (
        "Augmented(Dataset(x float32 (60, 1, 8, 8), y int64 (60,)), "
        "[Crop(size=6, padding=0, fill=0.0)], seed=1)"
    )
    assert isinstance(as_batches(more, 7), Batches)
    assert as_batches(DATA).prefetch == 0


class Rows:
    """The same samples as another library gives them out, one by one."""

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, i):
        return IMAGES[i], LABELS[i]


@pytest.mark.parametrize(("count", "arrays", "rows"), [(2, 0, 4), (1, 4, 4), (3, 0, 4)])
def test_batches_are_made_ahead_where_that_can_pay(monkeypatch, threads, count, arrays, rows):
    monkeypatch.setattr(_core, "available_cpus", lambda: 2)
    threads(count)
    assert as_batches(Augmented(DATA, [augment.Flip()])).prefetch == arrays
    assert as_batches(Augmented(Rows(), [augment.Flip()])).prefetch == rows


def test_named_targets_are_given_out_as_they_are():
    data = Dataset(IMAGES, {"a": LABELS, "b": LABELS + 1}, scale=1.0)
    _, y = Augmented(data, [augment.Flip()])[3]
    assert y == {"a": LABELS[3], "b": LABELS[3] + 1}


def long(text):
    return f"^{re.escape(text)}$"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: Augmented(Dataset(np.zeros((9, 64))), []),
            ValueError,
            "Augmented: x must have shape (N, C, H, W) of at least 1 pixel, got (N, 64); put it "
            "into shape (N, 1, H, W)",
        ),
        (
            lambda: Augmented(Dataset((np.zeros((9, 1, 2, 2)), np.zeros((9, 1, 2, 2)))), []),
            ValueError,
            "Augmented: x must be one array of images, got a tuple of arrays",
        ),
        (
            lambda: Augmented(Dataset(np.zeros((9, 1, 2, 2), "i8")), []),
            ValueError,
            "Augmented: x must be real numbers, got int64; give its Dataset a scale, such as 1/255",
        ),
        (
            lambda: Augmented(Dataset(np.zeros((0, 1, 2, 2))), []),
            ValueError,
            "Augmented: dataset must have at least 1 sample, got 0",
        ),
        (
            lambda: Augmented(np.zeros((2, 1, 2, 2)), []),
            TypeError,
            "Augmented: dataset must be a Dataset, a tuple (x, y) or a map-style data set, "
            "got ndarray",
        ),
        (
            lambda: Augmented(DATA, augment.Flip()),
            TypeError,
            "Augmented: changes must be a list of changes such as augment.Flip(), "
            "got Flip(p=0.5, axis='horizontal')",
        ),
        (
            lambda: Augmented(DATA, ["flip"]),
            TypeError,
            "Augmented: changes must be changes of fastnn.data.augment, got 'flip'",
        ),
        (
            lambda: Augmented(DATA, [augment.Flip] * 2),
            TypeError,
            f"Augmented: changes must be changes of fastnn.data.augment, got {augment.Flip!r}; "
            "call it",
        ),
        (
            lambda: Augmented(DATA, [augment.Flip()] * 256),
            ValueError,
            "Augmented: changes must be at most 255, got 256",
        ),
        (
            lambda: Augmented(DATA, [], seed=-1),
            ValueError,
            "Augmented: seed must be an integer in [0, 2**64), got -1",
        ),
        (
            lambda: Augmented(DATA, [])[60],
            IndexError,
            "Augmented: index must be in -60..59, got 60",
        ),
        (
            lambda: Augmented(DATA, [])[:2],
            TypeError,
            "Augmented: index must be an integer, got slice; take the part of the data set before",
        ),
        (
            lambda: Augmented(DATA, []).gather(np.arange(2), epoch=-1),
            ValueError,
            "Augmented.gather: epoch must be an integer >= 0, got -1",
        ),
        (
            lambda: Augmented(DATA, []).gather(np.arange(2), epoch=2**24),
            ValueError,
            f"Augmented.gather: epoch must be < 2**24, got {2**24}",
        ),
        (
            lambda: Augmented(DATA, []).gather(np.arange(2), epoch=1.5),
            TypeError,
            "Augmented.gather: epoch must be an integer >= 0, got 1.5",
        ),
        (
            lambda: Augmented(DATA, []).gather([0.5]),
            TypeError,
            "Augmented.gather: numbers must be integers, got dtype float64",
        ),
        (
            lambda: Augmented(DATA, []).gather("a"),
            TypeError,
            "Augmented.gather: numbers must hold real numbers, got dtype <U1",
        ),
        (
            lambda: augment.PCAColor([[1, 2], [3]]),
            ValueError,
            "PCAColor: covariance must have rows of one length, got rows of several",
        ),
        (
            lambda: augment.PCAColor.of(np.zeros((2, 3, 4, 4))),
            TypeError,
            "PCAColor.of: dataset must be a Dataset, a tuple (x, y) or a map-style data set, got "
            "ndarray",
        ),
        (
            lambda: augment.Crop(padding=2**40),
            ValueError,
            f"Crop: padding must be < 2**24, got {2**40}",
        ),
        (
            lambda: Batches(DATA, 4, prefetch=-1),
            ValueError,
            "Batches: prefetch must be an integer >= 0, got -1",
        ),
    ],
)
def test_error_texts(make, error, text):
    with pytest.raises(error, match=long(text)):
        make()


def test_samples_of_another_shape_are_named():
    class Odd(Pairs):
        def __getitem__(self, i):
            return np.zeros((1, 4, 4) if i < 30 else (1, 4, 5), "f4"), 0

    text = "Augmented: x must have shape (1, 4, 4) in every sample, got (1, 4, 5)"
    with pytest.raises(ValueError, match=long(text)):
        Augmented(Odd(), []).gather(np.array([40, 41]))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([0, 5], "Augmented.gather: numbers must be in [0, 3), got 5"),
        ([-1], "Augmented.gather: numbers must be in [0, 3), got -1"),
        ([[0]], "Augmented.gather: numbers must have 1 axis, got shape (1, 1)"),
    ],
)
def test_numbers_that_name_no_sample(numbers, text):
    with pytest.raises(ValueError, match=long(text)):
        Augmented((np.zeros((3, 1, 4, 4), "f4"), [0, 1, 2]), []).gather(np.array(numbers))
