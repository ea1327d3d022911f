"""Pooling layers."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3, 9, 8)).astype("f4")


def predicted(layer, x=X):
    return fnn.Model([layer], input_shape=x.shape[1:]).predict(x)


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (nn.MaxPool2d(2), fnn.ops.max_pool2d(X, 2)),
        (nn.MaxPool2d(3, 2, 1, ceil_mode=True), fnn.ops.max_pool2d(X, 3, 2, 1, 1, True)),
        (nn.MaxPool2d((2, 3), (1, 2), dilation=2), fnn.ops.max_pool2d(X, (2, 3), (1, 2), 0, 2)),
        (nn.AvgPool2d(2), fnn.ops.avg_pool2d(X, 2)),
        (
            nn.AvgPool2d(3, 2, 1, True, count_include_pad=False),
            fnn.ops.avg_pool2d(X, 3, 2, 1, True, False),
        ),
        (nn.LPPool2d(2, 3, 2), fnn.ops.lp_pool2d(X, 2, 3, 2)),
        (nn.Upsample((5, 20)), fnn.ops.upsample(X, (5, 20))),
        (
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            fnn.ops.upsample(X, scale_factor=2, mode="bilinear", align_corners=True),
        ),
        (nn.Subsampling(2), fnn.ops.avg_pool2d(X, 2)),
        (nn.Subsampling((3, 2), "tanh", init=0.5), np.tanh(3 * fnn.ops.avg_pool2d(X, (3, 2)))),
        (nn.GlobalAvgPool2d(), X.mean((2, 3))),
        (nn.GlobalMaxPool2d(), X.max((2, 3))),
    ],
)
def test_layers_do_what_their_ops_do(layer, want):
    np.testing.assert_allclose(predicted(layer), want, rtol=1e-6, atol=1e-7)


def test_pooled_images_are_trained_on():
    y = RNG.integers(0, 2, 4)
    layers = [nn.MaxPool2d(2), nn.Subsampling(2, "tanh"), nn.Flatten(), nn.Dense(2, "softmax")]
    model = fnn.Model(layers, input_shape=(3, 9, 8), seed=1)
    trainer = fnn.Trainer(model, loss="cross_entropy", optimizer=fnn.optim.SGD(lr=0.5))
    first = trainer.step(X, y)
    for _ in range(50):
        last = trainer.step(X, y)
    assert last < first / 2


def test_pooling_layers_are_saved(tmp_path):
    layers = [nn.MaxPool2d(3, 1, 1), nn.AvgPool2d((2, 1)), nn.Subsampling(2), nn.GlobalAvgPool2d()]
    model = fnn.Model(layers, input_shape=(3, 9, 8))
    model.save(tmp_path / "m.fnn")
    np.testing.assert_array_equal(fnn.load(tmp_path / "m.fnn").predict(X), model.predict(X))


def test_pooling_layers_print_their_arguments():
    assert repr(nn.MaxPool2d(3, 2)) == (
        "MaxPool2d(kernel_size=3, stride=2, padding=0, ceil_mode=False, dilation=1)"
    )


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.MaxPool2d(0), ValueError,
         "MaxPool2d: kernel_size must be an integer >= 1, got 0"),
        (lambda: nn.MaxPool2d((2, 2, 2)), ValueError,
         "MaxPool2d: kernel_size must hold 1 or 2 integers, got (2, 2, 2)"),
        (lambda: nn.AvgPool2d(2, stride=0), ValueError,
         "AvgPool2d: stride must be an integer >= 1, got 0"),
        (lambda: nn.AvgPool2d(2, padding=-1), ValueError,
         "AvgPool2d: padding must be an integer >= 0, got -1"),
        (lambda: nn.MaxPool2d(2, dilation=0), ValueError,
         "MaxPool2d: dilation must be an integer >= 1, got 0"),
        (lambda: nn.MaxPool2d("2"), TypeError,
         "MaxPool2d: kernel_size must be an integer or a sequence of integers, got '2'"),
        (lambda: nn.MaxPool2d(2)(fnn.Input((400,))), ValueError,
         'MaxPool2d "maxpool2d1": x must have shape (N, C, H, W), got (N, 400); '
         "put nn.Reshape before it"),
        (lambda: nn.LPPool2d(0, 2), ValueError,
         "LPPool2d: norm_type must be a finite number > 0, got 0"),
        (lambda: nn.Subsampling(0), ValueError,
         "Subsampling: kernel_size must be an integer >= 1, got 0"),
        (lambda: nn.Upsample(name="up"), ValueError,
         'Upsample "up": size or scale_factor must be given, got none of them'),
        (lambda: nn.Upsample(2, mode="cubic"), ValueError,
         "Upsample: mode must be one of nearest, bilinear, got 'cubic'"),
        (lambda: nn.Upsample(2, align_corners=None), TypeError,
         "Upsample: align_corners must be True or False, got None"),
        (lambda: nn.MaxPool2d(2, ceil_mode="yes"), TypeError,
         "MaxPool2d: ceil_mode must be True or False, got 'yes'"),
        (lambda: nn.AvgPool2d(2, count_include_pad=0, name="p"), TypeError,
         'AvgPool2d "p": count_include_pad must be True or False, got 0'),
        (lambda: nn.LPPool2d(float("inf"), 2), ValueError,
         "LPPool2d: norm_type must be a finite number > 0, got inf"),
        (lambda: nn.Subsampling(2, 3), TypeError,
         "Subsampling: activation must be None, a function or one of linear, sigmoid, tanh, relu, "
         "leaky_relu, elu, selu, gelu, silu, softplus, hard_sigmoid, step, softmax, log_softmax, "
         "got 3"),
        (lambda: nn.GlobalAvgPool2d()(fnn.Input((400,), name="x")), ValueError,
         'GlobalAvgPool2d "globalavgpool2d1": input must have shape (N, C, H, W), '
         "got Tensor(x, shape=(N, 400), dtype=float32)"),
        (lambda: nn.AvgPool2d(5)(fnn.Input((1, 4, 4))), ValueError,
         'AvgPool2d "avgpool2d1": kernel_size must fit into x of shape (N, 1, 4, 4) with its '
         "padding, got windows of 5"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error) as raised:
        make()
    assert str(raised.value) == text
