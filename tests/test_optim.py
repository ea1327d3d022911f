"""Optimisers: torch's updates, penalties, clipping, threads, and the classes that describe them."""

import json

import numpy as np
import pytest

from fastnn import _core, optim, schedules
from fastnn.io.names import Names
from fastnn.io.settings import optimizer_from_json, optimizer_to_json

KINDS = {
    "sgd": optim.SGD(0.1),
    "momentum": optim.SGD(0.1, momentum=0.9),
    "nesterov": optim.SGD(0.1, momentum=0.9, nesterov=True),
    "adagrad": optim.Adagrad(0.1),
    "rmsprop": optim.RMSprop(0.01),
    "rmsprop momentum": optim.RMSprop(0.01, alpha=0.9, momentum=0.5),
    "adam": optim.Adam(0.01),
    "adamw": optim.AdamW(0.01, weight_decay=0.1),
}
SIZES = [1, 7, 8, 9, 15, 16, 17, 31, 33, 1000]


def start(optimizer, n, dtype, seed=0):
    """Parameters and zero states."""
    theta = np.random.default_rng(seed).standard_normal(n).astype(dtype)
    n_states, _ = _core.optimizer_spec(optimizer.name, optimizer.hyper())
    return theta, [np.zeros(n, dtype) for _ in range(n_states)]


def update(optimizer, theta, grad, states, **more):
    return _core.optimizer_update(
        optimizer.name, theta, grad, states, optimizer.lr, optimizer.hyper(), **more
    )


def reference(optimizer, w, g, s, t):
    """One update in float64 NumPy; ``s`` is a dict of states."""
    lr = optimizer.lr
    if optimizer.name == "sgd":
        m = optimizer.momentum
        s["v"] = m * s.get("v", 0) + g
        return w - lr * (g + m * s["v"] if optimizer.nesterov else s["v"])
    if optimizer.name == "adagrad":
        s["s"] = s.get("s", 0) + g**2
        return w - lr * g / (np.sqrt(s["s"]) + optimizer.eps)
    if optimizer.name == "rmsprop":
        s["s"] = optimizer.alpha * s.get("s", 0) + (1 - optimizer.alpha) * g**2
        s["v"] = optimizer.momentum * s.get("v", 0) + g / (np.sqrt(s["s"]) + optimizer.eps)
        return w - lr * s["v"]
    b1, b2 = optimizer.betas
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    w = w * (1 - lr * getattr(optimizer, "weight_decay", 0))
    return w - lr * s["m"] / (1 - b1**t) / (np.sqrt(s["v"] / (1 - b2**t)) + optimizer.eps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "rtol"), [("f4", 3e-5), ("f8", 1e-12)])
def test_100_updates_match_the_formula(kind, dtype, rtol, isa):
    optimizer = KINDS[kind]
    for n in SIZES:
        theta, states = start(optimizer, n, dtype)
        w, s = theta.astype("f8"), {}
        rng = np.random.default_rng(n)
        for t in range(1, 101):
            g = rng.standard_normal(n).astype(dtype)
            assert update(optimizer, theta, g, states, step=t) == 0
            w = reference(optimizer, w, g.astype("f8"), s, t)
        np.testing.assert_allclose(theta, w, rtol=rtol, atol=rtol)


def torch_optimizer(torch, o, parameters):
    if o.name == "sgd":
        return torch.optim.SGD(parameters, lr=o.lr, momentum=o.momentum, nesterov=o.nesterov)
    if o.name == "adagrad":
        return torch.optim.Adagrad(parameters, lr=o.lr, eps=o.eps)
    if o.name == "rmsprop":
        return torch.optim.RMSprop(
            parameters, lr=o.lr, alpha=o.alpha, eps=o.eps, momentum=o.momentum
        )
    if o.name == "adam":
        return torch.optim.Adam(parameters, lr=o.lr, betas=o.betas, eps=o.eps)
    return torch.optim.AdamW(
        parameters, lr=o.lr, betas=o.betas, eps=o.eps, weight_decay=o.weight_decay
    )


@pytest.mark.parametrize("kind", KINDS)
def test_100_updates_match_torch_to_float32_rounding(kind):
    torch = pytest.importorskip("torch")
    optimizer = KINDS[kind]
    theta, states = start(optimizer, 257, "f4")
    parameter = torch.nn.Parameter(torch.from_numpy(theta.copy()))
    theirs = torch_optimizer(torch, optimizer, [parameter])
    rng = np.random.default_rng(1)
    for t in range(1, 101):
        g = rng.standard_normal(257).astype("f4")
        parameter.grad = torch.from_numpy(g.copy())
        theirs.step()
        update(optimizer, theta, g, states, step=t)
    # 100 roundings of values up to ~10, each half a unit in the last place
    np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.0, 0.1), (0.02, 0.3)])
def test_penalties_and_clipping_enter_the_gradient(kind, l1, l2, isa):
    optimizer = KINDS[kind]
    for n in SIZES:
        theta, states = start(optimizer, n, "f8")
        theta[::3] = 0
        w = theta.copy()
        g = np.random.default_rng(n).standard_normal(n)
        penalty = update(optimizer, theta, g, states, l1=l1, l2=l2, grad_scale=0.25)
        np.testing.assert_allclose(
            penalty, l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum(), rtol=1e-13
        )
        want = reference(optimizer, w, 0.25 * g + l2 * w + l1 * np.sign(w), {}, 1)
        np.testing.assert_allclose(theta, want, rtol=1e-12, atol=1e-13)


def test_penalty_of_float32_is_summed_in_double():
    optimizer = optim.SGD(0.1)
    theta = np.full(1_000_000, 0.1, "f4")
    penalty = update(optimizer, theta, np.zeros_like(theta), [], l1=1.0)
    np.testing.assert_allclose(penalty, 1e6 * np.float64(np.float32(0.1)), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [8191, 8192, 8193, 700_001])
def test_one_and_two_threads_give_the_same_bits(kind, n, threads):
    optimizer = KINDS[kind]
    g = np.random.default_rng(1).standard_normal(n).astype("f4")
    results = []
    for count in (1, 2):
        threads(count)
        theta, states = start(optimizer, n, "f4")
        penalty = update(optimizer, theta, g, states, l1=0.1, l2=0.2)
        results.append((theta, states, penalty))
    (theta_1, states_1, penalty_1), (theta_2, states_2, penalty_2) = results
    np.testing.assert_array_equal(theta_1, theta_2)
    for a, b in zip(states_1, states_2, strict=True):
        np.testing.assert_array_equal(a, b)
    assert penalty_1 == penalty_2


def test_empty_stretch_is_left_alone():
    theta = np.zeros(0, "f4")
    for optimizer in KINDS.values():
        assert update(optimizer, theta, theta, [theta, theta], l2=1.0) == 0


def test_nan_in_the_gradient_is_seen():
    for optimizer in KINDS.values():
        theta, states = start(optimizer, 9, "f4")
        g = np.zeros(9, "f4")
        g[3] = np.nan
        update(optimizer, theta, g, states)
        assert np.isnan(theta).nonzero()[0].tolist() == [3]


# -- passes over vectors ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [0, *SIZES, 8191, 8193, 700_001])
def test_sum_of_squares_is_double_and_independent_of_threads(n, dtype, isa, threads):
    x = np.random.default_rng(n).standard_normal(n).astype(dtype)
    threads(1)
    one = _core.sum_of_squares(x)
    threads(2)
    assert _core.sum_of_squares(x) == one
    np.testing.assert_allclose(one, (x.astype("f8") ** 2).sum(), rtol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_sum_of_squares_shows_every_number_that_is_not_finite(bad, isa):
    for n in (1, 9, 33, 10_000):
        for at in {0, n // 2, n - 1}:
            x = np.ones(n, "f4")
            x[at] = bad
            assert not np.isfinite(_core.sum_of_squares(x))


def test_sum_of_squares_of_large_float32_does_not_overflow():
    assert _core.sum_of_squares(np.full(4, 1e30, "f4")) == pytest.approx(4e60, rel=1e-6)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_max_norm_scales_only_rows_above_the_limit(dtype, isa):
    rng = np.random.default_rng(0)
    for shape in [(0, 3), (1, 1), (5, 7), (33, 9), (300, 784), (3, 0)]:
        w = rng.standard_normal(shape).astype(dtype)
        w[::2] *= 0.01
        norms = np.linalg.norm(w.astype("f8"), axis=1, keepdims=True)
        want = w * np.where(norms > 0.5, 0.5 / np.maximum(norms, 1e-30), 1)
        untouched = norms[:, 0] <= 0.5
        before = w.copy()
        _core.max_norm(w, 0.5)
        np.testing.assert_allclose(w, want, rtol=1e-6)
        np.testing.assert_array_equal(w[untouched], before[untouched])


# -- the border ------------------------------------------------------------------------------------


def test_core_lists_every_optimizer_class():
    assert _core.optimizer_names() == sorted(c.name for c in optim.CLASSES)
    for c in optim.CLASSES:
        _, defaults = _core.optimizer_spec(c.name)
        assert c().hyper() == defaults


def test_states_are_as_many_as_the_hyperparameters_need():
    need = {k: _core.optimizer_spec(o.name, o.hyper())[0] for k, o in KINDS.items()}
    assert need == {
        "sgd": 0,
        "momentum": 1,
        "nesterov": 1,
        "adagrad": 1,
        "rmsprop": 1,
        "rmsprop momentum": 2,
        "adam": 2,
        "adamw": 2,
    }


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (
            {"name": "adem"},
            ValueError,
            "fastnn: optimizer must be one of the list in optimizers.def, got 'adem'",
        ),
        (
            {"hyper": {"mu": 1.0}},
            TypeError,
            "adam: hyperparameter must be one of \"beta1=0.9 beta2=0.999 eps=1e-8\", got 'mu'",
        ),
        (
            {"theta": np.zeros(3, "i8")},
            TypeError,
            "adam: theta must be float32 or float64, got int64",
        ),
        (
            {"grad": np.zeros(4, "f4")},
            ValueError,
            "adam: grad must have shape (3,) and dtype float32 as theta has, got (4,) and float32",
        ),
        (
            {"states": [np.zeros(3, "f4")]},
            ValueError,
            "adam: states must be at least 2 arrays, got 1",
        ),
        (
            {"states": [np.zeros(3, "f4"), np.zeros(3)]},
            ValueError,
            "adam: state must have shape (3,) and dtype float32 as theta has, got (3,) and float64",
        ),
    ],
)
def test_errors_of_the_core(change, kind, text):
    x = np.zeros(3, "f4")
    arguments = {"name": "adam", "theta": x, "grad": x, "states": [x, x], "lr": 1.0, "hyper": {}}
    with pytest.raises(kind) as error:
        _core.optimizer_update(**arguments | change)
    assert str(error.value) == text


def test_errors_of_vector_passes():
    with pytest.raises(TypeError) as error:
        _core.sum_of_squares(np.zeros(3, "i8"))
    assert str(error.value) == "sum_of_squares: x must be float32 or float64, got int64"
    with pytest.raises(ValueError) as error:
        _core.max_norm(np.zeros(3, "f4"), 1.0)
    text = "max_norm: w must be real and have shape (K, D), got float32 (3,)"
    assert str(error.value) == text


# -- the classes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (
            lambda: optim.SGD(lr=-1),
            ValueError,
            "SGD: lr must be a finite number > 0, got -1",
        ),
        (
            lambda: optim.SGD(10**400),
            ValueError,
            f"SGD: lr must be a finite number > 0, got {10**400}",
        ),
        (
            lambda: optim.Adam(lr=float("nan")),
            ValueError,
            "Adam: lr must be a finite number > 0, got nan",
        ),
        (
            lambda: optim.Adam(lr="fast"),
            TypeError,
            "Adam: lr must be a finite number > 0 or a schedule, got 'fast'",
        ),
        (
            lambda: optim.SGD(momentum=1.0),
            ValueError,
            "SGD: momentum must be a number in [0, 1), got 1.0",
        ),
        (
            lambda: optim.SGD(nesterov=True),
            ValueError,
            "SGD: momentum must be > 0 with nesterov=True, got 0.0",
        ),
        (
            lambda: optim.SGD(nesterov=1),
            TypeError,
            "SGD: nesterov must be True or False, got 1",
        ),
        (
            lambda: optim.Adagrad(eps=0),
            ValueError,
            "Adagrad: eps must be a finite number > 0, got 0",
        ),
        (
            lambda: optim.RMSprop(alpha=2),
            ValueError,
            "RMSprop: alpha must be a number in [0, 1), got 2",
        ),
        (
            lambda: optim.RMSprop(momentum=True),
            TypeError,
            "RMSprop: momentum must be a number in [0, 1), got True",
        ),
        (
            lambda: optim.Adam(betas=0.9),
            TypeError,
            "Adam: betas must be two numbers in [0, 1), got 0.9",
        ),
        (
            lambda: optim.AdamW(betas=(0.9, 1.0)),
            ValueError,
            "AdamW: betas must be two numbers in [0, 1), got (0.9, 1.0)",
        ),
        (
            lambda: optim.AdamW(weight_decay=-0.1),
            ValueError,
            "AdamW: weight_decay must be a finite number >= 0, got -0.1",
        ),
        (
            lambda: optim.find("adem"),
            ValueError,
            "Trainer: optimizer must be one of sgd, adagrad, rmsprop, adam, adamw, got 'adem'",
        ),
        (
            lambda: optim.find(3),
            TypeError,
            "Trainer: optimizer must be an Optimizer or a name, got 3",
        ),
        (
            lambda: optimizer_from_json({"class": "Adem"}, {}),
            ValueError,
            "Optimizer: class must be one of SGD, Adagrad, RMSprop, Adam, AdamW, got 'Adem'",
        ),
    ],
)
def test_errors_at_construction(make, kind, text):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == text


def through_json(optimizer):
    saved = json.dumps(optimizer_to_json(optimizer, Names("here"), "here"))
    return optimizer_from_json(json.loads(saved), {})


@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_survive_json(kind):
    optimizer = KINDS[kind]
    again = through_json(optimizer)
    assert type(again) is type(optimizer)
    assert again == optimizer
    assert repr(again) == repr(optimizer)
    assert again.hyper() == optimizer.hyper()


def test_schedule_as_rate_survives_json():
    optimizer = optim.SGD(lr=schedules.WarmUp(schedules.Cosine(0.1, 100), 10))
    again = through_json(optimizer)
    assert again == optimizer
    assert again.lr(50) == optimizer.lr(50)


def test_numpy_numbers_are_numbers():
    optimizer = optim.Adam(lr=np.float32(0.5), eps=np.float64(1e-8))
    assert json.dumps(optimizer.config())


def test_find_takes_names_and_optimizers():
    adam = optim.Adam(0.5)
    assert optim.find(adam) is adam
    for c in optim.CLASSES:
        assert type(optim.find(c.name)) is c
