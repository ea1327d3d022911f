"""Weights by name: PyTorch's state dicts through safetensors, other files, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn
from fastnn.networks import ALEXNET_TORCHVISION, alexnet, lenet5, resnet, resnet_cifar


def small(classes=2):
    layers = [
        nn.Dense(3, "tanh", name="hidden"),
        nn.BatchNorm(name="bn"),
        nn.Dense(classes, name="fc"),
    ]
    return fnn.Model(layers, input_shape=(4,), seed=1)


def arrays(model, seed=0):
    rng = np.random.default_rng(seed)
    both = {**model.parameters, **model.states}
    return {name: rng.random(a.shape, dtype="f4") + 0.5 for name, a in both.items()}


def check_equal(model, given):
    for name, array in {**model.parameters, **model.states}.items():
        assert np.array_equal(array, given[name]), name


# -- PyTorch -----------------------------------------------------------------------------------


def conv_bn(torch, inside, outside, kernel, stride=1):
    t = torch.nn
    conv = t.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
    return conv, t.BatchNorm2d(outside)


def block(torch, wider):
    """torchvision's BasicBlock (wider 1) or Bottleneck (wider 4), written anew."""

    class Block(torch.nn.Module):
        def __init__(self, inside, width, stride):
            super().__init__()
            if wider == 1:
                plan = [(inside, width, 3, stride), (width, width, 3, 1)]
            else:
                plan = [(inside, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1)]
            self.count = len(plan)
            for i, (a, b, kernel, step) in enumerate(plan, 1):
                conv, bn = conv_bn(torch, a, b, kernel, step)
                setattr(self, f"conv{i}", conv)
                setattr(self, f"bn{i}", bn)
            self.downsample = None
            if stride > 1 or inside != width * wider:
                self.downsample = torch.nn.Sequential(
                    *conv_bn(torch, inside, width * wider, 1, stride)
                )

        def forward(self, x):
            y = x
            for i in range(1, self.count + 1):
                y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
                y = torch.relu(y) if i < self.count else y
            return torch.relu(y + (x if self.downsample is None else self.downsample(x)))

    return Block


def torch_resnet(torch, blocks, wider, widths, stem, classes):
    """torchvision's names: conv1, bn1, layer1.0.conv1 ..., fc."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = conv_bn(torch, 3, widths[0], *stem)
            inside = widths[0]
            for i, (count, width) in enumerate(zip(blocks, widths, strict=True)):
                made = []
                for k in range(count):
                    stride = 2 if i > 0 and k == 0 else 1
                    made.append(block(torch, wider)(inside, width, stride))
                    inside = width * wider
                setattr(self, f"layer{i + 1}", torch.nn.Sequential(*made))
            self.fc = torch.nn.Linear(inside, classes)

        def forward(self, x):
            y = torch.relu(self.bn1(self.conv1(x)))
            if stem[0] == 7:
                y = torch.nn.functional.max_pool2d(y, 3, 2, 1)
            for i in range(len(blocks)):
                y = getattr(self, f"layer{i + 1}")(y)
            return self.fc(y.mean(dim=(2, 3)))

    return Net()


def torch_alexnet(torch, widths, groups, padding, side, classes, normalise):
    """Modules in torchvision's order; where there is normalisation it is no module of its own."""
    t = torch.nn

    class Net(t.Module):
        def __init__(self):
            super().__init__()
            a, b, c, d, e = widths

            def pool():
                return t.MaxPool2d(3, 2)

            self.features = t.Sequential(
                t.Conv2d(3, a, 11, 4, padding), t.ReLU(), pool(),
                t.Conv2d(a, b, 5, 1, 2, groups=groups), t.ReLU(), pool(),
                t.Conv2d(b, c, 3, 1, 1), t.ReLU(),
                t.Conv2d(c, d, 3, 1, 1, groups=groups), t.ReLU(),
                t.Conv2d(d, e, 3, 1, 1, groups=groups), t.ReLU(), pool(),
            )  # fmt: skip
            self.classifier = t.Sequential(
                t.Dropout(), t.Linear(e * side * side, 4096), t.ReLU(),
                t.Dropout(), t.Linear(4096, 4096), t.ReLU(), t.Linear(4096, classes),
            )  # fmt: skip

        def forward(self, x):
            for i, module in enumerate(self.features):
                x = module(x)
                if normalise and i in (1, 4):
                    x = t.functional.local_response_norm(x, 5, 5e-4, 0.75, 2.0)
            return self.classifier(torch.flatten(x, 1))

    return Net()


def check_like_torch(torch, net, model, folder, rename=None):
    """Random weights and statistics through a file; then the same outputs as in PyTorch."""
    safe = pytest.importorskip("safetensors.torch")
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith(("running_mean", "bias")):
                value.normal_(0, 0.1)
            elif name.endswith("running_var") or value.ndim == 1:
                value.uniform_(0.5, 1.5)
    path = folder / "weights.safetensors"
    safe.save_file(net.state_dict(), path)
    x = np.random.default_rng(0).standard_normal((3, *model.inputs[0].shape[1:]))
    model.predict(x)
    assert model.load_weights(path, rename) == ([], [])
    net.double().eval()
    with torch.no_grad():
        want = torch.softmax(net(torch.from_numpy(x)), 1).numpy()
    got = model.predict(x)
    assert want.std() > 1e-3
    np.testing.assert_allclose(got, want, atol=1e-4)
    return net


@pytest.mark.parametrize("depth", [18, 50])
def test_residual_networks_of_torchvision(depth, tmp_path):
    torch = pytest.importorskip("torch")
    blocks, wider = {18: ((2, 2, 2, 2), 1), 50: ((3, 4, 6, 3), 4)}[depth]
    net = torch_resnet(torch, blocks, wider, (64, 128, 256, 512), (7, 2), 5)
    check_like_torch(torch, net, resnet(depth, 5, (3, 64, 64), seed=9), tmp_path)


def test_residual_network_for_cifar(tmp_path):
    torch = pytest.importorskip("torch")
    net = torch_resnet(torch, (3, 3, 3), 1, (16, 32, 64), (3, 1), 10)
    model = resnet_cifar(20, shortcut="projection", seed=9)
    check_like_torch(torch, net, model, tmp_path)
    model.load_weights(net.float().state_dict())  # without a file, too


@pytest.mark.parametrize("form", ["2012", "torchvision"])
def test_alexnet(form, tmp_path):
    torch = pytest.importorskip("torch")
    if form == "2012":
        model = alexnet(classes=3, input_shape=(3, 67, 67), seed=9)
        net = torch_alexnet(torch, (96, 256, 384, 384, 256), 2, 0, 1, 3, True)
    else:
        widths = (64, 192, 384, 256, 256)
        model = alexnet(3, 1, (3, 96, 96), normalise=False, widths=widths, padding=2, seed=9)
        net = torch_alexnet(torch, widths, 1, 2, 2, 3, False)
    check_like_torch(torch, net, model, tmp_path, ALEXNET_TORCHVISION)


def test_lenet(tmp_path):
    """A dense layer after Flatten sees (C, H, W) in PyTorch's order."""
    torch = pytest.importorskip("torch")
    t = torch.nn
    net = t.Sequential(
        t.Conv2d(1, 6, 5, padding=2), t.ReLU(), t.MaxPool2d(2), t.Conv2d(6, 16, 5), t.ReLU(),
        t.MaxPool2d(2), t.Flatten(), t.Linear(400, 120), t.ReLU(), t.Linear(120, 84), t.ReLU(),
        t.Linear(84, 10),
    )  # fmt: skip
    names = {"0": "c1", "3": "c3", "7": "c5", "9": "f6", "11": "output"}
    check_like_torch(torch, net, lenet5(seed=9), tmp_path, names)


# -- other sources -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["model", "checkpoint"])
def test_files_of_fastnn(kind, tmp_path):
    model, other = small(), small()
    trainer = fnn.Trainer(model, "mse")
    rng = np.random.default_rng(0)
    trainer.fit((rng.random((32, 4)), rng.random((32, 2))), verbose=0)
    (model if kind == "model" else trainer).save(tmp_path / "a.fnn")
    assert other.load_weights(tmp_path / "a.fnn") == ([], [])
    check_equal(other, {**model.parameters, **model.states})
    assert other.states["bn.running_mean"].any()


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_numbers_are_cast(dtype, tmp_path):
    safe = pytest.importorskip("safetensors.numpy")
    model = small()
    given = {name: a.astype(dtype) for name, a in arrays(model).items()}
    safe.save_file(given, tmp_path / "a.safetensors")
    model.load_weights(tmp_path / "a.safetensors")
    check_equal(model, {name: a.astype("f4") for name, a in given.items()})


def test_bfloat16(tmp_path):
    torch = pytest.importorskip("torch")
    safe = pytest.importorskip("safetensors.torch")
    model = small()
    given = {name: torch.from_numpy(a).bfloat16() for name, a in arrays(model).items()}
    safe.save_file(given, tmp_path / "a.safetensors")
    model.load_weights(str(tmp_path / "a.safetensors"))
    check_equal(model, {name: a.float().numpy() for name, a in given.items()})


def test_training_goes_on_from_the_weights():
    model = small()
    trainer = fnn.Trainer(model, "mse", fnn.optim.SGD(1e-30))
    x, y = np.ones((8, 4)), np.zeros((8, 2))
    trainer.step(x, y)
    given = arrays(model)
    model.load_weights(given)
    trainer.step(x, y)
    for name in model.parameters:
        assert np.array_equal(model.parameters[name], given[name])


@pytest.mark.parametrize(
    "rename",
    [
        {"net": ""},
        {"net.hidden": "hidden", "net.bn": "bn", "net.fc": "fc"},
        {"net": "nothing", "net.hidden": "hidden", "net.bn": "bn", "net.fc": "fc"},
        lambda name: name.removeprefix("net."),
    ],
)
def test_renamed(rename):
    model = small()
    given = arrays(model)
    model.load_weights({f"net.{name}": a for name, a in given.items()}, rename)
    check_equal(model, given)


def test_own_arrays_may_change_places():
    layers = [nn.Dense(3, name="a"), nn.Dense(3, name="b")]
    model = fnn.Model(layers, input_shape=(3,), seed=1)
    a, b = (model.parameters[f"{name}.weight"].copy() for name in "ab")
    model.load_weights(model.parameters, {"a": "b", "b": "a"})
    assert np.array_equal(model.parameters["a.weight"], b)
    assert np.array_equal(model.parameters["b.weight"], a)


@pytest.mark.parametrize(
    "rename", [{"fc": None}, lambda name: None if name.startswith("fc") else name]
)
def test_a_new_head(rename):
    """Of a network for other classes all but the last layer."""
    model = small(classes=3)
    before, given = model.parameters["fc.weight"].copy(), arrays(small(classes=7))
    unmatched = model.load_weights(given, rename, strict=False)
    assert unmatched.missing == ["fc.weight", "fc.bias"] and unmatched.unexpected == []
    assert np.array_equal(model.parameters["hidden.weight"], given["hidden.weight"])
    assert np.array_equal(model.parameters["fc.weight"], before)


def test_without_strict_the_rest_stays_and_is_told():
    model = small()
    given = arrays(model)
    before = model.states["bn.running_var"].copy()
    del given["bn.running_var"]
    unmatched = model.load_weights(
        given | {"other": np.zeros(2), "bn.num_batches_tracked": np.array(7)}, strict=False
    )
    assert unmatched == (["bn.running_var"], ["other"])
    assert np.array_equal(model.states["bn.running_var"], before)
    assert np.array_equal(model.states["bn.running_mean"], given["bn.running_mean"])


# -- what is refused ---------------------------------------------------------------------------

HINT = (
    "; rename= says what the model calls an array (None: leave it out), strict=False keeps what "
    "has no partner as it is"
)
HEAD = "Model.load_weights: source must have the model's names and shapes, got "


def without(*names):
    return lambda given: [given.pop(name) for name in names]


def refused(change, kind, text, rename=None, strict=True):
    model = small()
    given = arrays(model)
    change(given)
    theta, states = model.theta.copy(), model.state_vector.copy()
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        model.load_weights(given, rename, strict)
    assert np.array_equal(model.theta, theta) and np.array_equal(model.state_vector, states)


def test_everything_wrong_is_told_at_once():
    def change(given):
        without("fc.weight", "bn.running_var")(given)
        given["head.weight"] = np.zeros(3)
        given["hidden.weight"] = np.zeros((4, 3))
        given["bn.bias"] = np.zeros((3, 1))

    refused(
        change,
        ValueError,
        f"{HEAD}2 missing: fc.weight, bn.running_var; 1 unexpected: head.weight; 2 of another "
        f"shape: hidden.weight (4, 3) for (3, 4), bn.bias (3, 1) for (3,){HINT}",
    )


def test_one_kind_of_mistake_is_told_alone():
    refused(without("fc.bias"), ValueError, f"{HEAD}1 missing: fc.bias{HINT}")
    refused(
        lambda given: given.update({"a": 0, "b.c": 0}),
        ValueError,
        f"{HEAD}2 unexpected: a, b.c{HINT}",
    )


def test_shapes_count_without_strict():
    refused(
        lambda given: given.update({"fc.bias": np.zeros(3)}),
        ValueError,
        f"{HEAD}1 of another shape: fc.bias (3,) for (2,){HINT}",
        strict=False,
    )


def test_many_names_are_cut():
    names = [f"n{i}" for i in range(25)]
    shown = ", ".join(names[:20])
    refused(
        lambda given: given.update(dict.fromkeys(names, 0)),
        ValueError,
        f"{HEAD}25 unexpected: {shown}, and 5 more{HINT}",
    )


@pytest.mark.parametrize(
    ("source", "rename", "kind", "text"),
    [
        (
            [1.0],
            None,
            TypeError,
            "source must be a safetensors file or a dict of arrays by name, got list",
        ),
        ({0: 1.0}, None, TypeError, "source must have names that are str, got 0"),
        ({"fc.bias": ["a", "b"]}, None, TypeError, "fc.bias must hold real numbers, got dtype <U1"),
        (
            {"fc.bias": [[1.0], [1.0, 2.0]]},
            None,
            ValueError,
            "fc.bias must have rows of one length, got rows of several",
        ),
        ({}, 3, TypeError, "rename must be a dict or a function, got 3"),
        ({}, {"a": 1}, TypeError, "rename must map str to str or None, got 'a': 1"),
        (
            {"fc.bias": [0, 0]},
            lambda name: 1,
            TypeError,
            "rename must give str or None, got 1 for 'fc.bias'",
        ),
        (
            {"a": [0, 0], "b": [0, 0]},
            lambda name: "fc.bias",
            ValueError,
            "rename must give different names, got 'fc.bias' for 'a' and 'b'",
        ),
        ("absent.safetensors", None, OSError, "path must name a file, got 'absent.safetensors'"),
    ],
)
def test_sources_and_renaming_of_other_kinds(source, rename, kind, text):
    with pytest.raises(kind, match=f"^{re.escape('Model.load_weights: ' + text)}$"):
        small().load_weights(source, rename)


def test_a_damaged_file(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x80\x04not tensors")
    with pytest.raises(
        OSError,
        match="^Model.load_weights: file must be a whole safetensors file, got .* with "
        "a header longer than the file; it is truncated, damaged or of another kind$",
    ):
        small().load_weights(path)
