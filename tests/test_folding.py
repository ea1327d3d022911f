"""Plans for inference fold batch_norm, a residual sum and its activation into the product before; for
training the sum and its activation go into the batch_norm."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, nn, ops
from laws import ISAS, using


def conv(filters, kernel=3, **options):
    return nn.Conv2d(filters, kernel, padding="same", **options)


def model_of(network, shape=(8, 9, 10), dtype="float32"):
    """A model whose parameters and running statistics are any numbers."""
    x = fnn.Input(shape)
    model = fnn.Model(x, network(x), seed=3, dtype=dtype)
    rng = np.random.default_rng(1)
    model.theta[...] += 0.3 * rng.standard_normal(model.theta.shape)
    model.state_vector[...] = 0.5 + rng.random(model.state_vector.shape)
    return model


def images_of(model, n=3):
    return np.random.default_rng(2).standard_normal((n, *model.inputs[0].shape[1:])).astype("f4")


def steps_of(model, n=3):
    return [s for s in model._inference.plan_info(n)["steps"] if not s.startswith("channels_")]


def unfused(model, x):
    """What inspection computes: every node as the user wrote it."""
    graph = model._graph
    values = _core.inspect(
        graph.core, [graph[t] for t in model.outputs], -1, model.theta, model.state_vector,
        [(model._input_id, x.astype(model.dtype), 1.0, 0.0)], len(x), False, 0, 0, False,
        "float32",
    )  # fmt: skip
    return [values[graph[t]][0] for t in model.outputs]


def check(network, steps, shape=(8, 9, 10)):
    for dtype, tolerance in (("float32", 3e-6), ("float64", 1e-13)):
        model = model_of(network, shape, dtype)
        assert steps_of(model) == steps
        x = images_of(model)
        want = unfused(model, x)
        for isa in ISAS:
            with using(isa, 1):
                got = model.predict(x)
            got = got if isinstance(got, list) else [got]
            for y, z in zip(got, want, strict=True):
                assert y.dtype == dtype
                scale = max(np.abs(z).max(), 1e-3)
                np.testing.assert_allclose(y, z, rtol=0, atol=tolerance * 8 * scale, err_msg=isa)


def residual(h, **options):
    y = nn.BatchNorm()(conv(h.shape[1], use_bias=False, **options)(h))
    return ops.relu(y + h)


CONVOLUTIONS = {  # by the ways that conv2d has
    "winograd": ((16, 16, 16), lambda h: conv(24)(h)),
    "winograd by filters": ((64, 8, 8), lambda h: conv(64)(h)),
    "winograd by tiles": ((16, 16, 16), lambda h: conv(16)(h)),
    "winograd of few channels": ((5, 13, 14), lambda h: conv(16, 5)(h)),
    "direct": ((5, 9, 10), lambda h: conv(19, use_bias=False)(h)),
    "deep": ((40, 9, 10), lambda h: conv(19)(h)),
    "strided": ((16, 9, 10), lambda h: nn.Conv2d(24, 3, 2, padding=1)(h)),
    "pointwise": ((16, 9, 10), lambda h: conv(21, 1)(h)),
    "one filter": ((1, 9, 10), lambda h: conv(1, 1)(h)),
    "dot": ((64, 3, 3), lambda h: conv(3, 1, use_bias=False)(h)),
    "narrow": ((16, 9, 10), lambda h: conv(3, 5)(h)),
    "widened": ((6, 12, 12), lambda h: conv(6, 5)(h)),
    "one widened filter": ((3, 9, 16), lambda h: conv(1, 3)(h)),
    "repeated": ((1, 28, 28), lambda h: conv(6, 5)(h)),
    "repeated for one filter": ((1, 9, 16), lambda h: conv(1, 3)(h)),
    "groups": ((8, 9, 10), lambda h: conv(12, groups=4)(h)),
    "depthwise": ((8, 9, 10), lambda h: conv(16, groups=8)(h)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_convolution_norm_sum_and_activation_are_one_step(name, activation):
    shape, first = CONVOLUTIONS[name]

    def network(x, add):
        y = nn.BatchNorm()(first(x))
        if add and x.shape == y.shape:
            y = y + ops.abs(x)
        elif add:
            y = y + nn.Conv2d(y.shape[1], 1, x.shape[2] // y.shape[2])(x)
        return y if activation is None else getattr(ops, activation)(y)

    check(lambda x: network(x, False), ["conv2d"], shape)
    is_alike = first(fnn.Input(shape)).shape[1:] == shape
    steps = ["abs", "conv2d"] if is_alike else ["conv2d", "conv2d"]
    if name == "strided":
        shape = (16, 8, 10)
    check(lambda x: network(x, True), steps, shape)


def test_any_number_of_threads_gives_the_same_bits():
    # The op itself, which shares out work that a whole prediction of this size would not.
    rng = np.random.default_rng(4)
    for kernel, groups, filters in ((3, 1, 32), (3, 1, 5), (5, 2, 20), (1, 1, 40), (3, 16, 16)):
        x = rng.standard_normal((12, 20, 21, 16)).astype("f4")
        w = rng.standard_normal((filters, 16 // groups, kernel, kernel)).astype("f4")
        norm = [rng.random(filters).astype("f4") + 0.5 for _ in range(4)]
        pad = kernel // 2
        attrs = {
            "stride": [1, 1], "padding": [pad] * 4, "dilation": [1, 1], "groups": groups,
            "eps": 1e-5, "residual": 1, "activation": 3,
        }  # fmt: skip
        residual = rng.standard_normal((12, 20, 21, filters)).astype("f4")
        for isa in ISAS:
            seen = set()
            for threads in (1, 2, 3):
                with using(isa, threads):
                    (y,) = _core.call("conv2d", [x, w, *norm, residual], attrs)
                seen.add(y.tobytes())
            assert len(seen) == 1, (kernel, groups, filters, isa)


def test_parameters_may_change_between_calls():
    model = model_of(lambda x: residual(x))
    x = images_of(model)
    model.predict(x)
    model.parameters["batchnorm1.weight"][...] = 2
    model.states["batchnorm1.running_var"][...] = 0.25
    np.testing.assert_allclose(model.predict(x), unfused(model, x)[0], rtol=1e-4, atol=1e-4)


def test_either_summand_may_be_the_convolution():
    check(lambda x: ops.relu(x + nn.BatchNorm()(conv(8)(x))), ["conv2d"])
    check(lambda x: ops.relu(conv(8)(x) + x), ["conv2d"])

    def both(x):
        return ops.relu(nn.BatchNorm()(conv(8)(x)) + nn.BatchNorm()(conv(8, 1)(x)))

    check(both, ["conv2d", "conv2d"])


def test_the_residual_may_be_made_after_the_convolution():
    def network(x):
        y = nn.BatchNorm()(conv(8)(x))
        return ops.relu(y + ops.tanh(nn.AvgPool2d(3, 1, padding=1)(x)))

    check(network, ["avg_pool2d", "tanh", "conv2d"])


def test_norms_without_weight_or_bias():
    check(lambda x: nn.BatchNorm(use_scale=False)(conv(8)(x)), ["conv2d"])
    check(lambda x: nn.BatchNorm(use_bias=False, eps=0.1)(conv(8, use_bias=False)(x)), ["conv2d"])


def test_dense_layers_too():
    def network(x):
        y = ops.relu(nn.BatchNorm()(nn.Dense(13)(nn.Flatten()(x))))
        return nn.BatchNorm()(nn.Dense(7, use_bias=False)(y))

    check(network, ["reshape", "linear", "linear"])
    check(lambda x: nn.BatchNorm()(nn.Dense(1)(x)), ["linear"], (1,))
    check(lambda x: ops.sigmoid(nn.BatchNorm()(nn.Dense(1)(x))), ["linear"], (70,))


def _used_twice(x):
    y = conv(8)(x)
    return ops.tanh(nn.BatchNorm()(y)), ops.abs(y)


def _wanted(x):
    y = conv(8)(x)
    return y, nn.BatchNorm()(y)


def _per_channel(x):
    y = conv(8)(x)
    return y + ops.mean(y, axis=(2, 3), keepdims=True)


def _excited(x):
    return conv(8)(x) + conv(8)(nn.AvgPool2d((9, 10))(x))


@pytest.mark.parametrize(
    ("network", "steps"),
    [
        (_used_twice, ["conv2d", "batch_norm", "tanh", "abs"]),
        (_wanted, ["conv2d", "batch_norm"]),
        (_per_channel, ["conv2d", "mean", "add"]),
        (_excited, ["conv2d", "avg_pool2d", "conv2d", "add"]),
        (lambda x: nn.BatchNorm()(ops.relu(conv(8)(x))), ["conv2d", "batch_norm"]),
        (lambda x: ops.relu(conv(8)(x)) + x, ["conv2d", "add"]),
        (lambda x: nn.BatchNorm()(conv(8)(x) + x), ["conv2d", "batch_norm"]),
        (lambda x: nn.BatchNorm()(nn.BatchNorm()(conv(8)(x))), ["conv2d", "batch_norm"]),
        (lambda x: conv(8)(x) + x + ops.abs(x), ["conv2d", "abs", "add"]),
        (lambda x: ops.add(*[conv(8)(x)] * 2), ["conv2d", "add"]),
        (lambda x: conv(8)(x) + 1.0, ["conv2d", "add"]),
        (lambda x: nn.BatchNorm()(nn.ConvTranspose2d(8, 3)(x)), ["conv_transpose2d", "batch_norm"]),
        (lambda x: nn.BatchNorm()(nn.Dense(8)(x)), ["linear", "batch_norm"]),
        (
            lambda x: ops.reshape(conv(8)(x), (None, 8, 90)) + ops.reshape(x, (None, 8, 90)),
            ["conv2d", "reshape", "reshape", "add"],
        ),
    ],
)
def test_what_is_nearly_one_of_them_stays(network, steps):
    check(network, steps)


def test_running_statistics_that_are_asked_for_are_made():
    def network(x):
        layer = nn.BatchNorm()
        y = layer(conv(8)(x))
        return y, x * ops.reshape(layer.running_mean.update, (8, 1, 1))

    check(network, ["conv2d", "batch_norm", "reshape", "reshape", "multiply"])


def trained_steps(trainer, n=3):
    """Steps of the plan for training, less what is there in all of these networks."""
    steps = trainer._objective.core.plan_info(n)["steps"]
    return [s for s in steps if not s.startswith(("channels_", "reshape"))][:-2]


def with_statistics(x):
    layer = nn.BatchNorm()
    y = layer(x)
    return y + x * ops.reshape(layer.running_mean.update, (8, 1, 1))


NORM_AND_SUM = {
    "a block": (residual, ["conv2d", "batch_norm"]),
    "its own input": (lambda x: ops.relu(nn.BatchNorm()(x) + x), ["batch_norm"]),
    "no activation": (lambda x: x + nn.BatchNorm()(x), ["batch_norm"]),
    "two norms": (
        lambda x: ops.relu(nn.BatchNorm()(conv(8)(x)) + nn.BatchNorm()(x)),
        ["conv2d", "batch_norm", "batch_norm"],
    ),
    "blocks": (lambda x: residual(residual(x)), ["conv2d", "batch_norm"] * 2),
    "a sum used twice": (
        lambda x: (lambda z: ops.relu(z) + ops.tanh(z))(nn.BatchNorm()(x) + x),
        ["batch_norm", "relu", "tanh", "add"],
    ),
    "a norm used twice": (
        lambda x: (lambda z: ops.relu(z + x) * z)(nn.BatchNorm()(x)),
        ["batch_norm", "add", "relu", "multiply"],
    ),
    "twice the same": (
        lambda x: ops.add(*[nn.BatchNorm()(x)] * 2), ["batch_norm", "add"]
    ),
    "other shapes": (
        lambda x: nn.BatchNorm()(x) + ops.mean(x, axis=(2, 3), keepdims=True), ["mean", "batch_norm", "add"]
    ),
    "three terms": (lambda x: nn.BatchNorm()(x) + x + ops.tanh(x), ["batch_norm", "tanh", "add"]),
    "its statistics are used": (with_statistics, ["batch_norm", "multiply", "add"]),
    "after its activation": (
        lambda x: nn.BatchNorm()(x) + nn.BatchNorm()(ops.relu(nn.BatchNorm()(x) + x)),
        ["batch_norm", "batch_norm", "batch_norm"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NORM_AND_SUM)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_adds_a_residual_in_the_norm(name, dtype):
    """The same gradients and running statistics as of the steps that the user wrote."""
    network, steps = NORM_AND_SUM[name]
    model = model_of(lambda x: nn.Dense(3, "softmax")(nn.Flatten()(network(x))), dtype=dtype)
    trainer = fnn.Trainer(model, "cross_entropy", fnn.optim.SGD(0.1))
    x, y = images_of(model), np.array([0, 1, 2])
    want = trainer.inspect(x, y)
    largest = max(np.abs(want[key].grad).max() for key in model.parameters)
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    for isa in ISAS:
        with using(isa, 2):
            fresh = fnn.Trainer(model, "cross_entropy", fnn.optim.SGD(0.1))
            got = fresh.gradient(x, y)
            if name != "other shapes":
                assert trained_steps(fresh) == steps
            else:
                assert "add" in trained_steps(fresh)
        for key, gradient in got.items():
            exact = want[key].grad
            scale = np.abs(exact).max() + largest / 100  # a bias before a norm has none
            np.testing.assert_allclose(
                gradient, exact, rtol=0, atol=tolerance * scale, err_msg=f"{isa} {key}"
            )


def test_running_statistics_are_those_of_the_steps_written():
    """After training steps, in a block and after one whose residual nobody can put into the norm."""
    x, y = np.random.default_rng(2).standard_normal((6, 8, 9, 10)).astype("f4"), np.arange(6) % 3
    states = []
    for keep in (False, True):

        def network(h, keep=keep):
            z = nn.BatchNorm()(conv(8, use_bias=False)(h))
            kept = ops.concatenate([z + h] + [z] * keep, axis=1)  # a second use of z, or none
            return nn.Dense(3, "softmax")(nn.GlobalAvgPool2d()(kept)[:, :8])

        model = model_of(network)
        trainer = fnn.Trainer(model, "cross_entropy", fnn.optim.SGD(0.1))
        for _ in range(3):
            trainer.step(x, y)
        assert ("add" in trained_steps(trainer, 6)) == keep
        states.append(model.state_vector.copy())
    np.testing.assert_allclose(*states, rtol=1e-5)


def test_operands_that_do_not_fit_are_told():
    x, w = np.ones((1, 4, 4, 2), "f4"), np.ones((3, 2, 1, 1), "f4")
    attrs = {"stride": [1, 1], "padding": [0, 0, 0, 0], "dilation": [1, 1]}
    norm = [np.ones(3, "f4")] * 3 + [np.ones(4, "f4")]
    with pytest.raises(ValueError) as error:
        _core.call("conv2d", [x, w, *norm], {**attrs, "eps": 1e-5})
    assert str(error.value) == (
        "conv2d: operands of a folded batch_norm must be float32 of shape (3,), got float32 of (4,)"
    )
    with pytest.raises(ValueError) as error:
        _core.call("conv2d", [x, w, np.ones((1, 4, 3, 3), "f4")], {**attrs, "residual": 1})
    assert str(error.value) == (
        "conv2d: residual must have shape (1, 3, 4, 4) as y has, got (1, 3, 4, 3)"
    )


def test_no_memory_is_reserved_for_slopes():
    """Those of a fused ReLU take as much as the outputs; they take the place of their gradient."""

    def network(x):
        return nn.Dense(3, "softmax")(nn.Flatten()(conv(16, 1, activation="relu")(x)))

    model = model_of(network)
    trainer = fnn.Trainer(model, "cross_entropy", fnn.optim.SGD(0.1))
    trainer.step(images_of(model, 64), np.zeros(64, int))
    slopes = 64 * 9 * 10 * 16 * 4
    assert trainer._objective.core.plan_info(64)["scratch_bytes"] < slopes // 4
    assert model._inference.plan_info(64)["scratch_bytes"] < slopes // 4


def test_four_axes_are_no_bias():
    x, w, b = np.ones((1, 3, 4, 4)), np.ones((4, 3, 1, 1)), np.ones((1, 4, 4, 4))
    with pytest.raises(ValueError) as error:
        ops.conv2d(x, w, b)
    assert str(error.value) == (
        "conv2d: b must have shape (4,) because w has shape (4, 3, 1, 1), got (1, 4, 4, 4)"
    )


def test_what_is_folded_has_no_gradient():
    x, w = np.ones((1, 4, 4, 2), "f4"), np.ones((3, 2, 1, 1), "f4")
    attrs = {"stride": [1, 1], "padding": [0, 0, 0, 0], "dilation": [1, 1], "residual": 1}
    y = np.ones((1, 4, 4, 3), "f4")
    with pytest.raises(ValueError) as error:
        _core.vjp("conv2d", [x, w, y], attrs, [y])
    assert str(error.value) == "conv2d: operands must be those of training for a gradient"


def test_a_shared_norm_whose_last_call_is_outside_of_the_model():
    norm, x = nn.BatchNorm(), fnn.Input((3, 4, 4))
    inside = norm(x)
    norm(inside)
    model = fnn.Model(x, nn.Dense(2, "softmax")(nn.Flatten()(inside)))
    history = fnn.Trainer(model).fit((images_of(model), np.zeros(3, int)), 1, verbose=0)
    assert np.isfinite(history["loss"]).all()
