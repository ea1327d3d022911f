"""ReLU with a learned slope."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

SHAPES = [
    ((), 1),
    ((9,), 1),
    ((4, 7), 1),
    ((4, 7), 7),
    ((3, 17), 17),
    ((2, 70), 70),
    ((5, 1), 1),
    ((2, 3, 5, 4), 1),
    ((2, 3, 5, 4), 3),
    ((2, 1, 33), 1),
    ((3, 8, 1), 8),
    ((0, 3), 3),
    ((2, 3, 0), 3),
]


def oracle(x, weight):
    slope = weight.reshape(-1, *[1] * (x.ndim - 2)) if weight.size > 1 else weight[0]
    return np.where(x > 0, x, slope * x)


@pytest.mark.parametrize(("shape", "slopes"), SHAPES)
def test_prelu_values_and_gradients(shape, slopes):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(shape), rng.standard_normal(slopes)
    check_op("prelu", [x, weight], {}, oracle(x, weight))


@pytest.mark.parametrize(("shape", "slopes"), SHAPES)
def test_prelu_is_torchs(shape, slopes):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, weight, dy = (rng.standard_normal(s) for s in (shape, slopes, shape))
    if x.size:
        x.flat[0] = 0  # the kink
    t, w = torch.tensor(x, requires_grad=True), torch.tensor(weight, requires_grad=True)
    torch.nn.functional.prelu(t, w).backward(torch.as_tensor(dy))
    dx, dw = fnn.ops.vjp("prelu", np.asarray(x), weight, dy=np.asarray(dy))
    np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(dw, w.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_prelu_at_zero_infinity_and_nan():
    x = np.array([0, np.inf, -np.inf, np.nan], "f4")
    np.testing.assert_array_equal(fnn.ops.prelu(x, [0.5]), [0, np.inf, -np.inf, np.nan])
    dx, _ = fnn.ops.vjp("prelu", x, [0.5], dy=np.ones(4))
    np.testing.assert_array_equal(dx[:3], [0.5, 1, 0.5])


@pytest.mark.parametrize(
    ("shape", "slopes"), [((3000, 33), 33), ((300, 200), 1), ((9, 5, 3001), 5), ((2, 3, 20_001), 1)]
)
def test_prelu_same_bits_for_any_thread_count(shape, slopes):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(shape).astype("f4"), rng.standard_normal(slopes).astype("f4")
    check_same_bits("prelu", [x, weight], {})


def test_prelu_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.prelu(np.zeros(3), np.zeros(3))
    assert str(raised.value) == (
        "prelu: weight must have shape (1,) because x has fewer than 2 axes, got (3,)"
    )
    with pytest.raises(ValueError) as raised:
        fnn.ops.prelu(np.zeros((2, 3, 4)), np.zeros(4))
    assert str(raised.value) == (
        "prelu: weight must have shape (1,) or (3,) because x has shape (2, 3, 4), got (4,)"
    )
    with pytest.raises(TypeError) as raised:
        _core.call("prelu", [np.zeros(3, int), np.zeros(1)], {})
    assert str(raised.value) == "prelu: x must be float32 or float64, got int64"
    with pytest.raises(TypeError) as raised:
        _core.call("prelu", [np.zeros(3), np.zeros(1, "f4")], {})
    assert str(raised.value) == "prelu: weight must be float64 because x is, got float32"


def test_prelu_of_an_unknown_batch():
    shapes, _ = _core.infer("prelu", "prelu", [(None, 3), (3,)], ["float32"] * 2, {})
    assert shapes == [((None, 3), "float32")]


def test_a_state_dict_of_pytorch_is_loaded_by_name():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    module = torch.nn.Sequential()
    module.add_module("act", torch.nn.PReLU(3))
    module.act.weight.data = torch.tensor([0.5, 0.0, -1.0])
    model = fnn.Model([fnn.nn.PReLU(name="act")], input_shape=(3,))
    assert model.load_weights({k: v.numpy() for k, v in module.state_dict().items()}) == ([], [])
    x = np.random.default_rng(0).standard_normal((4, 3)).astype("f4")
    np.testing.assert_array_equal(model.predict(x), module(torch.tensor(x)).detach().numpy())


def test_a_file_that_calls_the_weight_slope_is_still_read(tmp_path):
    """As files did before PyTorch's name was taken: each tells its own names."""

    class Before(fnn.nn.PReLU):
        def build(self, x):
            self.weight = self.parameter("slope", (x.shape[1],), 0.5, weight=False)

    old = fnn.Model([Before(name="act")], input_shape=(2,))
    old.save(tmp_path / "old.fnn")
    model = fnn.load(tmp_path / "old.fnn")
    np.testing.assert_array_equal(model.predict([[-1, 2]]), [[-0.5, 2]])
    new = fnn.Model([fnn.nn.PReLU(name="act")], input_shape=(2,))
    with pytest.raises(ValueError, match="1 missing: act.weight; 1 unexpected: act.slope"):
        new.load_weights(tmp_path / "old.fnn")
    new.load_weights(tmp_path / "old.fnn", rename={"act.slope": "act.weight"})
    np.testing.assert_array_equal(new.predict([[-1, 2]]), [[-0.5, 2]])
