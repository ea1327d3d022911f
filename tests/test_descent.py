"""Weights of dense layers are updated without their gradient in memory.

All of them by plain SGD, large ones by any rule but clipping. The twin clips at a norm that no
gradient reaches, so that its gradients are stored: what is true of one must be true of the other, but
for the rounding of a product.
"""

import contextlib

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, nn, optim

NEVER = 1e35  # a norm that no gradient here reaches
TOLERANCE = {"float32": 2e-6, "float64": 1e-14}
SIZES = [1, 2, 3, 7, 15, 16, 17, 33]


def trainer_of(make, clip_norm=0.0, loss="quadratic", optimizer=None, **options):
    optimizer = optimizer or optim.SGD(0.1)
    return fnn.Trainer(make(), loss, optimizer, clip_norm=clip_norm, **options)


def mlp(sizes, activation="tanh", dtype="float32", **options):
    layers = [nn.Dense(k, activation, **options) for k in sizes[1:]]
    return fnn.Model(layers, input_shape=(sizes[0],), seed=1, dtype=dtype)


def batch(rows, d, k, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, d)).astype(dtype), rng.random((rows, k)).astype(dtype)


def descending(trainer, rows):
    """How many weights a plan for so many rows moves itself."""
    return len(trainer._objective.core.plan_info(rows)["descending"])


def assert_twins(make, x, y, count, steps=3, loss="quadratic", **options):
    ours, twin = trainer_of(make, loss=loss, **options), trainer_of(make, NEVER, loss, **options)
    for _ in range(steps):
        assert ours.step(x, y) == pytest.approx(twin.step(x, y), rel=1e-5)
    rows = len(x[0] if isinstance(x, tuple) else x)
    assert descending(ours, rows) == count
    assert descending(twin, rows) == 0
    tolerance = TOLERANCE[ours.model.dtype]
    for (name, w), v in zip(
        ours.model.parameters.items(), twin.model.parameters.values(), strict=True
    ):
        np.testing.assert_allclose(w, v, rtol=tolerance, atol=tolerance, err_msg=name)
    return ours


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 2, 10, 17, 600])
def test_a_network_is_that_of_stored_gradients(rows, dtype, isa):
    for d, k in [(1, 1), (1, 5), (5, 1), (30, 10), (17, 33), (64, 31)]:
        x, y = batch(rows, d, k, dtype)
        count = 2 if rows <= 256 else 0  # of more rows the products take the time
        assert_twins(lambda d=d, k=k: mlp([d, 7, k], dtype=dtype), x, y, count)


@pytest.mark.parametrize("d", SIZES)
def test_every_width_beside_that_of_a_vector(d, isa):
    for k in SIZES:
        x, y = batch(4, d, k)
        assert_twins(lambda d=d, k=k: mlp([d, k], None), x, y, 1, steps=1)


@pytest.mark.parametrize("activation", [None, "sigmoid", "relu", "elu", "softplus", "selu"])
def test_one_step_is_that_of_the_formula(activation):
    model = mlp([6, 5, 3], activation, "float64")
    x, y = batch(8, 6, 3, "float64")
    trainer = fnn.Trainer(model, "quadratic", optim.SGD(0.1))
    before = {name: w.copy() for name, w in model.parameters.items()}
    gradient = trainer.gradient(x, y)
    trainer.step(x, y)
    assert descending(trainer, 8) == 2
    for name, w in model.parameters.items():
        np.testing.assert_allclose(w, before[name] - 0.1 * gradient[name], rtol=1e-13, atol=1e-15)


def test_same_bits_on_any_number_of_threads(threads, isa):
    x, y = batch(64, 200, 10)
    data = fnn.Dataset(np.tile(x, (20, 1)), np.tile(y, (20, 1)))
    results = []
    for count in (1, 2, 3, 8):
        threads(count)
        trainer = trainer_of(lambda: mlp([200, 300, 10]))
        trainer.fit(data, 2, 64, verbose=0)
        assert descending(trainer, 64) == 2
        results.append(trainer.model.theta.copy())
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_steps_of_fit_are_those_of_step():
    x, y = batch(40, 12, 3)
    by_fit, by_step = trainer_of(lambda: mlp([12, 9, 3])), trainer_of(lambda: mlp([12, 9, 3]))
    by_fit.fit(fnn.Dataset(x, y), 1, 16, shuffle=False, verbose=0)  # the last batch has 8 rows
    for at in range(0, 40, 16):
        by_step.step(x[at : at + 16], y[at : at + 16])
    np.testing.assert_array_equal(by_fit.model.theta, by_step.model.theta)


@pytest.mark.parametrize("rule", ["plain", "adam"])
def test_deep_stacks_keep_what_each_weight_needs(rule):
    """Widths differ from layer to layer, so that a buffer given away too early would be overwritten."""
    sizes = [300, 310, 305, 301, 320, 10]
    x, y = batch(9, 300, 10)
    options = {"optimizer": optim.Adam(1e-3)} if rule == "adam" else {}
    assert_twins(lambda: mlp(sizes), x, y, 5 if rule == "plain" else 4, **options)


def test_rows_from_which_the_products_take_the_time():
    for rows, count in [(256, 1), (257, 0)]:
        assert_twins(lambda: mlp([5, 3]), *batch(rows, 5, 3), count, steps=1)


def test_a_state_that_a_layer_reads_is_that_of_before_the_step():
    class Memory(nn.Layer):
        def build(self, x):
            self.past = self.state("past", (1, 2), "ones")
            self.w = self.parameter("w", (3, 2), 0.1)

        def forward(self, x):
            self.past.update = self.past * 100.0
            return x + fnn.ops.reshape(fnn.ops.linear(self.past, self.w), (3,))

    def make():
        return fnn.Model([Memory()], input_shape=(3,))

    assert_twins(make, np.ones((4, 3), "f4"), np.zeros((4, 3), "f4"), 1, steps=2)


def test_a_measured_plan_has_inputs_of_its_own():
    for options in ({}, {"optimizer": optim.Adam()}):
        trainer = trainer_of(lambda: mlp([6, 5, 2]), **options)
        trainer.step(*batch(5, 6, 2))
        before = trainer.model.theta.copy()
        steps = trainer._objective.core.measure(5, 2)
        assert [op for op, *_ in steps] == ["linear", "linear", "quadratic"]
        np.testing.assert_array_equal(trainer.model.theta, before)


def test_a_weight_that_two_layers_share_waits_for_both():
    def make():
        x = fnn.Input((6,))
        shared = nn.Dense(6, "tanh")
        return fnn.Model(x, nn.Dense(2)(shared(shared(x))), seed=1)

    x, y = batch(5, 6, 2)
    assert_twins(make, x, y, 1)


def test_a_weight_that_something_else_reads_is_not_moved():
    def make():
        x = fnn.Input((6,))
        a, b = nn.Dense(6, "tanh", name="a"), nn.Dense(6, name="b")
        return fnn.Model(x, nn.Dense(2)(b(a(x)) + a(x)), seed=1)

    x, y = batch(5, 6, 2)
    assert_twins(make, x, y, 2)  # b and the last


def test_branches():
    def make():
        x = fnn.Input((6,))
        a = nn.Dense(5, "relu")(x)
        return fnn.Model(x, nn.Dense(2)(fnn.ops.concatenate([a, nn.Dense(4)(a)], axis=1)), seed=1)

    assert_twins(make, *batch(5, 6, 2), 3)


def test_images():
    def make():
        layers = [nn.Conv2d(4, 3, activation="relu"), nn.BatchNorm(), nn.MaxPool2d(2)]
        head = [nn.Flatten(), nn.Dense(3, "softmax")]
        return fnn.Model(layers + head, input_shape=(1, 10, 10), seed=1)

    rng = np.random.default_rng(0)
    x = rng.random((4, 1, 10, 10), dtype=np.float32)
    assert_twins(make, x, rng.integers(0, 3, 4), 1, loss="cross_entropy")


def test_sequences():
    def make():  # (N, T, D) by (K, D): the rows of the product are N T
        return fnn.Model([nn.Dense(4, "tanh"), nn.Dense(2)], input_shape=(7, 3), seed=1)

    rng = np.random.default_rng(0)
    x = rng.random((4, 7, 3), dtype=np.float32)
    assert_twins(make, x, rng.random((4, 7, 2), dtype=np.float32), 2)


def test_frozen_weights_stay():
    def make():
        model = mlp([6, 5, 2])
        model.layers[0].trainable = False
        return model

    ours = assert_twins(make, *batch(5, 6, 2), 1)
    np.testing.assert_array_equal(
        ours.model.parameters["dense1.weight"], make().parameters["dense1.weight"]
    )


@pytest.mark.parametrize(
    "options",
    [{"l2": 1e-3}, {"l1": 1e-3}, {"clip_norm": 1.0}],
    ids=lambda options: next(iter(options)),
)
def test_rules_that_are_not_plain_keep_the_gradient_of_small_weights(options):
    trainer = trainer_of(lambda: mlp([6, 5, 2]), **options)
    trainer.step(*batch(5, 6, 2))
    assert descending(trainer, 5) == 0


@pytest.mark.parametrize("optimizer", [optim.SGD(0.1, momentum=0.9), optim.Adam(), optim.RMSprop()])
def test_other_optimisers_keep_the_gradient_of_small_weights(optimizer):
    trainer = trainer_of(lambda: mlp([6, 5, 2]), optimizer=optimizer)
    trainer.step(*batch(5, 6, 2))
    assert descending(trainer, 5) == 0


RULES = {
    "momentum": {"optimizer": optim.SGD(0.1, momentum=0.9)},
    "nesterov": {"optimizer": optim.SGD(0.1, momentum=0.9, nesterov=True)},
    "adagrad": {"optimizer": optim.Adagrad(0.01)},
    "rmsprop": {"optimizer": optim.RMSprop(0.001, momentum=0.5)},
    "adam": {"optimizer": optim.Adam(0.001)},
    "adamw": {"optimizer": optim.AdamW(0.001, weight_decay=0.1)},
    "l1": {"l1": 1e-3},
    "l2": {"l2": 1e-3},
    "both": {"l1": 1e-4, "l2": 1e-3, "optimizer": optim.SGD(0.1, momentum=0.9)},
    "max norm": {"max_norm": 0.9, "optimizer": optim.Adam(0.001)},
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_weights_follow_any_rule(rule, dtype, isa):
    for rows, sizes, count in [(7, [300, 301, 10], 1), (33, [1, 70000], 1), (2, [70001, 1], 1)]:
        x, y = batch(rows, sizes[0], sizes[-1], dtype)
        make = lambda sizes=sizes: mlp(sizes, dtype=dtype)  # noqa: E731
        assert_twins(make, x, y, count, **RULES[rule])


@pytest.mark.parametrize("rule", RULES)
def test_large_weights_have_the_same_bits_on_any_number_of_threads(rule, threads):
    x, y = batch(48, 400, 10)
    results = []
    for count in (1, 2, 3, 8):
        threads(count)
        trainer = trainer_of(lambda: mlp([400, 700, 10]), **RULES[rule])
        history = trainer.fit(fnn.Dataset(x, y), 3, 32, verbose=0)
        assert descending(trainer, 32) == 1
        results.append((trainer.model.theta.copy(), history["loss"]))
    for theta, losses in results[1:]:
        np.testing.assert_array_equal(theta, results[0][0])
        assert losses == results[0][1]


def test_a_resumed_run_has_the_bits_of_one_that_was_not_broken_off(tmp_path):
    x, y = batch(48, 400, 10)
    whole = trainer_of(lambda: mlp([400, 700, 10]), **RULES["adam"])
    whole.fit((x, y), 4, 32, verbose=0)
    part = trainer_of(lambda: mlp([400, 700, 10]), **RULES["adam"])
    part.fit((x, y), 2, 32, verbose=0)
    part.save(tmp_path / "run.fnn")
    again = fnn.Trainer.resume(tmp_path / "run.fnn")
    again.fit((x, y), 2, 32, verbose=0)
    np.testing.assert_array_equal(again.model.theta, whole.model.theta)


def test_bfloat16_products_descend_too():
    x, y = batch(16, 400, 10)
    with pytest.warns(RuntimeWarning) if not _core.has_bf16() else contextlib.nullcontext():
        options = {"precision": "bf16", "optimizer": optim.SGD(0.01, momentum=0.9)}
        ours = trainer_of(lambda: mlp([400, 700, 10]), **options)
        twin = trainer_of(lambda: mlp([400, 700, 10]), NEVER, **options)
        for _ in range(3):
            ours.step(x, y)
            twin.step(x, y)
    assert descending(ours, 16) == 1
    np.testing.assert_allclose(ours.model.theta, twin.model.theta, rtol=1e-5, atol=1e-6)


def test_max_norm_holds_behind_descent():
    trainer = fnn.Trainer(mlp([6, 5, 2]), "quadratic", optim.SGD(0.1), max_norm=0.5)
    trainer.step(*batch(5, 6, 2))
    assert descending(trainer, 5) == 2
    for w in trainer.model.weights().values():
        assert (np.linalg.norm(w, axis=1) <= 0.5 + 1e-6).all()


# -- gradients that may not be finite ----------------------------------------------------------------


def test_a_gradient_without_a_bound_is_stored_and_looked_at(isa):
    # The bound is rows max|x| max|dz| = 2 * 1e38 * 1e2; but the large x meets dz = 0.
    def make():
        return fnn.Model([nn.Dense(1, use_bias=False, init=0.0)], input_shape=(2,))

    x = np.array([[1e38, 0.0], [0.0, 1.0]], "f4")
    y = np.array([[0.0], [100.0]], "f4")
    trainer = fnn.Trainer(make(), "quadratic", optim.SGD(0.5))
    trainer.step(x, y)
    np.testing.assert_array_equal(trainer.model.parameters["dense1.weight"], [[0.0, 25.0]])
    trainer = fnn.Trainer(make(), "quadratic", optim.SGD(0.5))
    trainer.fit((x, y), 1, 2, verbose=0)
    np.testing.assert_array_equal(trainer.model.parameters["dense1.weight"], [[0.0, 25.0]])
    assert trainer.steps == 1


def test_a_rate_under_which_the_product_would_overflow():
    def make():
        return fnn.Model([nn.Dense(1, use_bias=False, init=0.0)], input_shape=(2,))

    ours, twin = (trainer_of(make, clip, optimizer=optim.SGD(1e25)) for clip in (0.0, NEVER))
    x, y = np.array([[0.0, 1e-30]], "f4"), np.array([[1e18]], "f4")
    ours.step(x, y)
    twin.step(x, y)
    np.testing.assert_array_equal(ours.model.theta, twin.model.theta)


@pytest.mark.parametrize("by_fit", [True, False])
def test_a_gradient_that_overflows_changes_nothing(by_fit, isa):
    # The loss and the last layer's gradient are finite, the first one's is not: 1e30 * 1e20.
    model = fnn.Model([nn.Dense(1, use_bias=False), nn.Dense(1, use_bias=False)], input_shape=(1,))
    model.parameters["dense1.weight"][...] = 1e-30
    model.parameters["dense2.weight"][...] = 1e10
    trainer = fnn.Trainer(model, "quadratic", optim.SGD(0.1))
    x, y = np.array([[1e30]], "f4"), np.array([[0.0]], "f4")
    before = model.theta.copy()
    with pytest.raises(RuntimeError, match="must be finite"):
        if by_fit:
            trainer.fit((x, y), 1, 1, verbose=0)
        else:
            trainer.step(x, y)
    np.testing.assert_array_equal(model.theta, before)
    assert trainer.steps == 0


# What a batch is made of: (dtype of the data, of the model, the number that is too large, scale).
GATHERED = [
    ("float32", "float32", 1e30, 1.0),  # copied
    ("float32", "float32", -1e20, 1e10),
    ("float64", "float32", -1e30, 1.0),
    ("int64", "float32", -7, 1e30),
    ("uint8", "float32", 200, 1e30),
    ("float64", "float64", -1e200, 1.0),  # copied
    ("float32", "float64", 1e20, 1e180),
    ("uint8", "float64", 200, 1e200),
]


@pytest.mark.parametrize(("given", "dtype", "large", "scale"), GATHERED)
@pytest.mark.parametrize("d", [*SIZES, 20000])
def test_the_largest_number_of_a_batch_is_seen_wherever_it_is(given, dtype, large, scale, d, isa):
    huge, tiny = (1e10, 1e-30) if dtype == "float32" else (1e100, 1e-200)
    y = np.zeros((5, 1), dtype)
    for row, column in {(0, 0), (1, d - 1), (4, d // 2), (3, d * 2 // 3)}:
        layers = [nn.Dense(1, use_bias=False, init=v) for v in (tiny, huge)]
        trainer = trainer_of(lambda layers=layers: fnn.Model(layers, input_shape=(d,), dtype=dtype))
        x = np.zeros((5, d), given)
        x[row, column] = large
        data = fnn.Dataset(x, y, scale=scale)
        before = trainer.model.theta.copy()
        # The first layer's gradient is not finite, nor is its weight if that was moved.
        assert np.isfinite(trainer.evaluate(data)["loss"])
        with pytest.raises(RuntimeError, match="must be finite"):
            trainer.fit(data, 1, 5, shuffle=False, verbose=0)
        np.testing.assert_array_equal(trainer.model.theta, before)
        assert trainer.steps == 0


def test_statistics_of_a_norm_move_once_where_a_step_is_done_again():
    def make():
        x, z = fnn.Input((2,)), fnn.Input((1,))
        both = fnn.ops.concatenate([nn.Dense(1, init=0.0)(x), nn.BatchNorm()(z)], axis=1)
        return fnn.Model([x, z], both, seed=1)

    x = (np.array([[1e38, 0.0], [0.0, 1.0]], "f4"), np.array([[1.0], [3.0]], "f4"))
    y = np.array([[0.0, 0.0], [100.0, 0.0]], "f4")
    ours, twin = trainer_of(make), trainer_of(make, NEVER)
    ours.step(x, y)
    twin.step(x, y)
    assert descending(ours, 2) == 1
    np.testing.assert_array_equal(ours.model.state_vector, twin.model.state_vector)
    np.testing.assert_array_equal(ours.model.theta, twin.model.theta)


def test_chance_is_the_same_where_a_step_is_done_again():
    def make():
        layers = [nn.Dropout(0.5), nn.Dense(1, use_bias=False, init=0.0)]
        return fnn.Model(layers, input_shape=(32,), seed=3)

    x = np.ones((2, 32), "f4")
    x[0, 0] = 1e38  # 2e38 where it is not dropped
    y = np.array([[0.0], [1.0]], "f4")
    ours, twin = trainer_of(make), trainer_of(make, NEVER)
    ours.step(x, y)
    twin.step(x, y)
    np.testing.assert_array_equal(ours.model.theta, twin.model.theta)
    assert 0 < np.count_nonzero(ours.model.theta) < 32
