"""Normalisation layers."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn

RNG = np.random.default_rng(0)


def trained(layers, x, y, steps=5, **options):
    model = fnn.Model(layers, input_shape=x.shape[1:], seed=0)
    trainer = fnn.Trainer(model, loss="mse", optimizer=fnn.optim.SGD(lr=0.1), **options)
    for _ in range(steps):
        trainer.step(x, y)
    return model


@pytest.mark.parametrize("shape", [(8, 5), (8, 5, 7), (8, 5, 3, 4)])
def test_batch_norm_carries_running_statistics(shape):
    x = (2 * RNG.standard_normal(shape) + 1).astype("f4")
    model = trained([nn.BatchNorm(momentum=0.25)], x, np.zeros(shape, "f4"), steps=3)
    axes = (0, *range(2, x.ndim))
    mean, var = x.mean(axes), x.var(axes, ddof=1)
    want_mean = mean * (1 - 0.75**3)
    want_var = 0.75**3 + var * (1 - 0.75**3)
    np.testing.assert_allclose(model.states["batchnorm1.running_mean"], want_mean, rtol=1e-5)
    np.testing.assert_allclose(model.states["batchnorm1.running_var"], want_var, rtol=1e-5)


def test_batch_norm_predicts_by_the_running_statistics():
    x = RNG.standard_normal((6, 3, 2, 2)).astype("f4")
    model = fnn.Model([nn.BatchNorm(eps=1e-3)], input_shape=(3, 2, 2))
    model.states["batchnorm1.running_mean"][:] = [1, 2, 3]
    model.states["batchnorm1.running_var"][:] = [4, 1, 9]
    model.parameters["batchnorm1.weight"][:] = [1, 2, 3]
    model.parameters["batchnorm1.bias"][:] = [0, 1, 0]
    want = fnn.ops.batch_norm(x, [1, 2, 3], [4, 1, 9], [1, 2, 3], [0, 1, 0], eps=1e-3)[0]
    np.testing.assert_array_equal(model.predict(x), want)
    one = model.predict(x[:1])
    np.testing.assert_array_equal(one, want[:1])


def test_batch_norm_equals_torch_over_training_steps():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, y = RNG.standard_normal((16, 4)).astype("f4"), RNG.standard_normal((16, 3)).astype("f4")
    model = fnn.Model([nn.Dense(3), nn.BatchNorm()], input_shape=(4,), seed=0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor(model.parameters["dense1.weight"]))
        net[0].bias.zero_()
    trainer = fnn.Trainer(model, loss="mse", optimizer=fnn.optim.SGD(lr=0.1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(20):
        trainer.step(x, y)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    net.eval()
    want = net(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-4, atol=1e-5)


def test_batch_norm_without_scale_or_bias():
    model = fnn.Model([nn.BatchNorm(use_scale=False, use_bias=False)], input_shape=(4,))
    assert not model.parameters and len(model.states) == 2
    x = RNG.standard_normal((3, 4)).astype("f4")
    np.testing.assert_allclose(model.predict(x), x, rtol=1e-5)


def test_batch_norm_is_not_decayed():
    x = np.zeros((4, 2), "f4")
    model = trained([nn.BatchNorm()], x, x, l2=0.5)
    np.testing.assert_array_equal(model.parameters["batchnorm1.weight"], 1)


def test_batch_norm_is_saved_with_its_statistics(tmp_path):
    x = RNG.standard_normal((8, 3, 4, 4)).astype("f4")
    model = trained([nn.BatchNorm(), nn.Activation("relu"), nn.BatchNorm()], x, x)
    model.save(tmp_path / "m.fnn")
    np.testing.assert_array_equal(fnn.load(tmp_path / "m.fnn").predict(x), model.predict(x))


def test_batch_norm_refuses_batches_of_one_value():
    model = fnn.Model([nn.BatchNorm()], input_shape=(4,))
    trainer = fnn.Trainer(model, loss="mse", optimizer=fnn.optim.SGD(lr=0.1))
    with pytest.raises(ValueError) as raised:
        trainer.step(np.zeros((1, 4), "f4"), np.zeros((1, 4), "f4"))
    assert str(raised.value) == (
        'BatchNorm "batchnorm1": x must have more than 1 value per channel in training, '
        "got shape (1, 4); choose a batch size that leaves no last batch of 1"
    )


X = RNG.standard_normal((4, 6, 5, 3)).astype("f4")


@pytest.mark.parametrize(
    ("layer", "want", "shape"),
    [
        (nn.LayerNorm(), fnn.ops.layer_norm(X, 3), (3,)),
        (nn.LayerNorm(axes=3, eps=0.1), fnn.ops.layer_norm(X, (6, 5, 3), eps=0.1), (6, 5, 3)),
        (nn.GroupNorm(2), fnn.ops.group_norm(X, 2), (6,)),
        (nn.InstanceNorm(eps=0.1), fnn.ops.instance_norm(X, eps=0.1), (6,)),
    ],
)
def test_scaled_layers_do_what_their_ops_do(layer, want, shape):
    model = fnn.Model([layer], input_shape=X.shape[1:])
    np.testing.assert_array_equal(model.predict(X), want)
    weight, bias = model.parameters.values()
    assert weight.shape == bias.shape == shape
    weight *= 2
    bias += 1
    np.testing.assert_allclose(model.predict(X), 2 * want + 1, rtol=1e-5, atol=1e-5)


def test_local_response_norm_does_what_its_op_does():
    layer = nn.LocalResponseNorm(3, 0.5, 0.6, 2)
    model = fnn.Model([layer], input_shape=X.shape[1:])
    want = fnn.ops.local_response_norm(X, 3, 0.5, 0.6, 2)
    np.testing.assert_array_equal(model.predict(X), want)
    assert not model.parameters


def test_channel_dropout_drops_channels_in_training_alone():
    model = fnn.Model([nn.ChannelDropout(0.5)], input_shape=X.shape[1:], seed=1)
    np.testing.assert_array_equal(model.predict(X), X)


def test_normalised_networks_are_trained_and_saved(tmp_path):
    layers = [nn.LayerNorm(axes=3), nn.GroupNorm(3), nn.ChannelDropout(0.1), nn.InstanceNorm(),
              nn.LocalResponseNorm(3), nn.Flatten(), nn.LayerNorm(use_bias=False), nn.Dense(2)]  # fmt: skip
    model = trained(layers, X, np.ones((4, 2), "f4"), steps=30)
    np.testing.assert_allclose(model.predict(X), 1, atol=0.5)
    model.save(tmp_path / "m.fnn")
    np.testing.assert_array_equal(fnn.load(tmp_path / "m.fnn").predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.BatchNorm(momentum=2), ValueError,
         "BatchNorm: momentum must be a number in [0, 1], got 2"),
        (lambda: nn.BatchNorm(eps=0), ValueError,
         "BatchNorm: eps must be a finite number > 0, got 0"),
        (lambda: nn.BatchNorm(eps="a"), TypeError,
         "BatchNorm: eps must be a finite number > 0, got 'a'"),
        (lambda: nn.LayerNorm(0), ValueError,
         "LayerNorm: axes must be an integer >= 1, got 0"),
        (lambda: nn.LayerNorm(2)(fnn.Input((3,), name="x")), ValueError,
         'LayerNorm "layernorm1": input must have 2 axes after the batch, '
         "got Tensor(x, shape=(N, 3), dtype=float32)"),
        (lambda: nn.GroupNorm(4)(fnn.Input((6, 2))), ValueError,
         'GroupNorm "groupnorm1": num_groups must divide the 6 channels of x, got 4'),
        (lambda: nn.LocalResponseNorm(5, k=0), ValueError,
         "LocalResponseNorm: k must be a finite number > 0, got 0"),
        (lambda: nn.ChannelDropout(1.5), ValueError,
         "ChannelDropout: rate must be a number in [0, 1], got 1.5"),
        (lambda: nn.BatchNorm()(fnn.Input((), name="x")), ValueError,
         'BatchNorm "batchnorm1": input must have shape (N, C, ...), '
         "got Tensor(x, shape=(N,), dtype=float32)"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error) as raised:
        make()
    assert str(raised.value) == text
