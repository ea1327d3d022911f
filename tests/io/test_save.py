"""Files: round trips, other readers, and every kind of damage."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim


def net(dtype="float32"):
    x = fnn.Input((4,), name="x")
    h = nn.Dense(5, "tanh", name="first")(x)
    y = nn.Dense(3, "softmax")(nn.Concatenate()(h, nn.Dropout(0.5)(h * 2.0 + 1.0)))
    return fnn.Model(x, y, seed=7, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_keeps_everything(tmp_path, dtype):
    model = net(dtype)
    model.save(tmp_path / "m.fnn")
    again = fnn.load(tmp_path / "m.fnn")
    x = np.random.default_rng(0).standard_normal((6, 4))
    assert np.array_equal(again.predict(x), model.predict(x))
    assert list(again.parameters) == list(model.parameters)
    assert (again.seed, again.dtype) == (7, dtype)
    assert [(a.name, a.kind) for a in again.layers] == [(a.name, a.kind) for a in model.layers]
    again.save(tmp_path / "again.fnn")
    assert (tmp_path / "again.fnn").read_bytes() == (tmp_path / "m.fnn").read_bytes()


def test_notes_are_kept(tmp_path):
    model = net()
    assert model.notes == {}
    model.notes = {"dataset": "my own", "mean": (0.5, 1), "more": {"checked": True, "by": None}}
    kept = {"dataset": "my own", "mean": [0.5, 1], "more": {"checked": True, "by": None}}
    model.save(tmp_path / "m.fnn")
    assert fnn.load(tmp_path / "m.fnn").notes == kept
    fnn.Trainer(model).save(tmp_path / "t.ckpt")
    assert fnn.Trainer.resume(tmp_path / "t.ckpt").model.notes == kept
    other = copy.copy(model)
    other.notes["more"]["checked"] = False
    assert model.notes["more"]["checked"] is True


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ({"f": print}, "what JSON can hold, got Object of type builtin_function_or_method is not JSON "
         "serializable"),
        ({"loss": float("nan")}, "what JSON can hold, got Out of range float values are not JSON "
         "compliant"),
        ({1: "one"}, "a dict with names as keys, got {1: 'one'}"),
        ("mnist", "a dict with names as keys, got 'mnist'"),
    ],
)  # fmt: skip
def test_notes_that_no_file_can_hold(tmp_path, notes, text):
    model = net()
    model.notes = notes
    for save, where in ((model.save, "Model.save"), (fnn.Trainer(model).save, "Trainer.save")):
        with pytest.raises(TypeError) as error:
            save(tmp_path / "m.fnn")
        assert str(error.value).startswith(f"{where}: notes must be {text}")
    assert not list(tmp_path.iterdir())


def test_loaded_model_trains_like_the_original(tmp_path):
    model = net()
    model.save(tmp_path / "m.fnn")
    rng = np.random.default_rng(0)
    data = (rng.standard_normal((40, 4)), rng.integers(0, 3, 40))
    thetas = []
    for m in (model, fnn.load(tmp_path / "m.fnn")):
        fnn.Trainer(m, optimizer=optim.Adam(0.01)).fit(data, 3, 8, verbose=0)
        thetas.append(m.theta)
    assert np.array_equal(*thetas)


def test_safetensors_reads_the_parameters(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    model = net()
    model.save(tmp_path / "m.fnn")
    arrays = safetensors.load_file(tmp_path / "m.fnn")
    for name, array in model.parameters.items():
        assert np.array_equal(arrays[name], array)


def test_every_flipped_byte_and_every_cut_is_refused(tmp_path):
    path = tmp_path / "m.fnn"
    net().save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for at in [*range(8), *rng.integers(8, len(whole), 200)]:
        broken = bytearray(whole)
        broken[at] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(broken)
        try:
            fnn.load(path)
        except OSError as error:
            assert str(error).startswith("fastnn.load: file must ")
        else:  # a space of the header's padding, which no JSON reader sees
            assert whole[at : at + 1] == b" "
    for size in [0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(OSError, match="^fastnn.load: file must be a whole safetensors file"):
            fnn.load(path)


def forged(path, change):
    """A file with a valid checksum whose structure was changed."""
    from fastnn.io import tensors

    arrays, metadata = tensors.read(path, "test")
    structure = json.loads(metadata["structure"])
    change(structure)
    metadata = {k: v for k, v in metadata.items() if k != "sha256"}
    tensors.write(path, arrays, metadata | {"structure": json.dumps(structure)})


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("nodes"),
        lambda s: s["nodes"][0].update(op="no_such_op"),
        lambda s: s["nodes"][0].update(inputs=[["input", 9]]),
        lambda s: s["nodes"][0].update(inputs=[["input", 0]]),  # of linear, without weights
        lambda s: s["nodes"][0].update(attrs={"activation": 99}),
        lambda s: s["nodes"][0].update(op="python", function=""),
        lambda s: s["parameters"][0].update(shape=[1, 1]),
        lambda s: s["parameters"][0].update(shape=[2**60]),
        lambda s: s.update(dtype="object"),
        lambda s: s.update(outputs=[["node", 10**9, 0]]),
        lambda s: s.update(parameter_names=["x"] * 4),
        lambda s: s.update(inputs="abc"),
        lambda s: s["nodes"][0].update(attrs={"activation": "tanh"}),  # of another kind
        lambda s: s["nodes"][0].update(attrs={"activation": 2**70}),
        lambda s: s["inputs"][0].update(shape=["4"]),
        lambda s: s.update(state_arrays=["x"]),
    ],
)
def test_forged_structures_are_refused(tmp_path, change):
    path = tmp_path / "m.fnn"
    net().save(path)
    forged(path, change)
    with pytest.raises(OSError, match="^fastnn.load: file must hold a structure that fastnn wrote"):
        fnn.load(path)


def test_what_is_fused_for_predictions_is_not_trained(tmp_path):
    path = tmp_path / "m.fnn"
    x = fnn.Input((3, 8, 8))
    one, two = (fnn.nn.Conv2d(8, 3, padding=1, name=name)(x) for name in ("one", "two"))
    fnn.Model(x, fnn.nn.Flatten()(one + two)).save(path)

    def fuse(structure):
        convolutions = [i for i, node in enumerate(structure["nodes"]) if node["op"] == "conv2d"]
        node = structure["nodes"][convolutions[1]]
        node["attrs"]["residual"] = 1
        node["inputs"].append(["node", convolutions[0], 0])

    forged(path, fuse)
    trainer = fnn.Trainer(fnn.load(path), "mse")
    with pytest.raises(ValueError) as error:
        trainer.gradient(np.zeros((2, 3, 8, 8), "f4"), np.zeros((2, 512), "f4"))
    assert str(error.value) == ('Conv2d "two": operands must be those of training for a gradient')


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"structure": None}, "file must hold a structure that fastnn wrote, got {} with KeyError: "
         "'structure'"),
        ({"structure": "{"}, "file must hold a structure that fastnn wrote, got {} with "
         "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 "
         "(char 1)"),
        ({"structure": "[]"}, "file must hold a structure that fastnn wrote, got {} with TypeError: "
         "a list"),
        ({"structure": "{}"}, "file must hold a structure that fastnn wrote, got {} with KeyError: "
         "'constants'"),
        ({"version": None}, "file must have version <= 1, got '' in {}"),
        ({"version": "\u00b2"}, "file must have version <= 1, got '\u00b2' in {}"),
        ({"version": "-1"}, "file must have version <= 1, got '-1' in {}"),
        ({"version": "2"}, "file must have version <= 1, got '2' in {}; a newer fastnn wrote it"),
        ({"version": 1}, "file must be a whole safetensors file, got {} with metadata other than "
         "text; it is truncated, damaged or of another kind"),
        ({"kind": None}, "file must hold a model or a checkpoint, got '' in {}"),
        ({"kind": "cake"}, "file must hold a model or a checkpoint, got 'cake' in {}"),
    ],
    ids=range(11),
)  # fmt: skip
def test_forged_metadata_is_refused(tmp_path, change, text):
    from fastnn.io import tensors

    path = tmp_path / "m.fnn"
    net().save(path)
    arrays, metadata = tensors.read(path, "test")
    del metadata["sha256"]
    metadata = {k: v for k, v in (metadata | change).items() if v is not None}
    tensors.write(path, arrays, metadata)
    with pytest.raises(OSError) as error:
        fnn.load(path)
    assert str(error.value) == f"fastnn.load: {text.format(repr(str(path)))}"


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["trainer"].pop("loss"),
        lambda s: s["trainer"].update(l1=-1),
        lambda s: s["trainer"].update(unknown=1),
        lambda s: s["trainer"].update(optimizer={"class": "Newton"}),
        lambda s: s["progress"].pop("steps"),
        lambda s: s.update(progress=[]),
        lambda s: s.pop("history"),
        lambda s: s.update(history=[]),
        lambda s: s.update(history={"loss": 1}),
        lambda s: s.update(history={"loss": ["1"]}),
        lambda s: s["progress"].update(position=2**64),
        lambda s: s["progress"].update(steps=1.5),
        lambda s: s["progress"].update(epoch=-1),
        lambda s: s["progress"].update(seconds=-1),
        lambda s: s["progress"].update(sums={"loss": "1"}),
        lambda s: s.update(optimizer_arrays=["dense1.bias"]),
        lambda s: s["trainer"]["optimizer"].update(lr={"class": "Mine"}),
    ],
    ids=range(17),
)
def test_forged_checkpoints_are_refused(tmp_path, change):
    path = tmp_path / "run.ckpt"
    fnn.Trainer(net()).save(path)
    forged(path, change)
    with pytest.raises(OSError, match="^Trainer.resume: file must hold a structure that fastnn "):
        fnn.Trainer.resume(path)


def test_a_file_of_fastnn_without_its_checksum_is_damaged(tmp_path):
    path = tmp_path / "m.fnn"
    net().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"sha256"', b'"sha257"'))
    reads = {
        "fastnn.load": lambda: fnn.load(path),
        "Model.load_weights": lambda: net().load_weights(path),
    }
    for where, read in reads.items():
        with pytest.raises(OSError) as error:
            read()
        assert str(error.value) == (
            f"{where}: file must have the checksum it was written with, got {str(path)!r} with none; "
            "it is damaged: use a copy"
        )


def test_the_environment_is_not_the_files_fault(tmp_path):
    path = tmp_path / "m.fnn"
    net().save(path)
    code = f"import fastnn; fastnn.load({str(path)!r})"
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env=os.environ | {"FASTNN_ISA": "mmx", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert "\nValueError: FASTNN_ISA: instruction set must be one of " in seen.stderr
    assert "file must" not in seen.stderr


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs links")
def test_a_link_is_written_through(tmp_path):
    (tmp_path / "store").mkdir()
    link, target = tmp_path / "m.fnn", tmp_path / "store" / "m.fnn"
    link.symlink_to(target)  # to a file that is not there yet
    for dtype in ("float32", "float64"):
        net(dtype).save(link)
        assert link.is_symlink() and fnn.load(target).dtype == dtype
    assert os.listdir(target.parent) == ["m.fnn"]


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.fnn"
    net().save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        net("float64").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.fnn"]


def test_errors_in_full(tmp_path):
    missing = str(tmp_path / "none.fnn")
    with pytest.raises(FileNotFoundError) as error:
        fnn.load(missing)
    assert str(error.value) == f"fastnn.load: path must name a file, got {missing!r}"
    folder = str(tmp_path)
    with pytest.raises(IsADirectoryError) as directory:
        fnn.load(folder)
    assert str(directory.value) == f"fastnn.load: path must name a file, got the folder {folder!r}"
    with pytest.raises(IsADirectoryError) as kind:
        net().save(folder)
    assert str(kind.value) == f"Model.save: path must name a file, got the folder {folder!r}"
    path = tmp_path / "m.fnn"
    net().save(path)
    with pytest.raises(OSError) as wrong:
        fnn.Trainer.resume(path)
    assert str(wrong.value) == (
        f"Trainer.resume: file must hold a checkpoint, got a model in {str(path)!r}; use fastnn.load"
    )
