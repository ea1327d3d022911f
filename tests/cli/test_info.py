"""``fastnn info``: what a file holds, and that damage is found."""

from __future__ import annotations

import os
from pathlib import Path

import fastnn as fnn


def test_model(run, model):
    seen = run("info", model)
    size = os.path.getsize(model)
    assert (seen.code, seen.err) == (0, "")
    lines = seen.out.splitlines()
    assert lines[0] == f"file      digits.fnn: model, format 1, {size:,} bytes, checksum verified"
    assert lines[1] == "numbers   float32, seed 0"
    assert lines[3].split() == ["layer", "output", "parameters", "FLOPs"]
    assert lines[-1].startswith("26,122 parameters (102 KiB)")


def test_json_of_a_model(run, model):
    told = run("info", model, "--json").json
    assert told["kind"] == "model" and told["checksum"] == "verified"
    assert told["bytes"] == os.path.getsize(model) and told["format_version"] == 1
    assert (told["dtype"], told["seed"], told["parameters"]) == ("float32", 0, 26122)
    assert told["inputs"] == {"x": ["N", 1, 8, 8]} and told["outputs"] == [["N", 10]]
    assert told["arrays"]["dense1.weight"] == [128, 64]
    assert "trainer" not in told and told["functions"] == []


def test_checkpoint(run):
    options = ("--hidden", "4", "--epochs", 2, "--no-plot", "--checkpoint", "run.ckpt")
    run("train", *options)
    seen = run("info", "run.ckpt")
    assert "run.ckpt: checkpoint, format 1" in seen.out
    assert 'training  2 epochs, 90 steps, loss "cross_entropy", optimizer {' in seen.out
    told = run("info", "run.ckpt", "--json").json
    assert told["trainer"]["steps"] == 90 and told["trainer"]["metrics"] == ["accuracy"]


def test_a_model_that_calls_python(run):
    """Its functions are not in the file; all else is told."""
    import numpy as np

    layers = [fnn.nn.Function(np.sin), fnn.nn.Dense(3)]
    model = fnn.Model(layers, input_shape=(4,))
    model.save("sine.fnn")
    fnn.Trainer(model, "mse").save("sine.ckpt")
    for name in ("sine.fnn", "sine.ckpt"):
        seen = run("info", name)
        assert (seen.code, seen.err) == (0, "")
        assert "python    calls sin, whose code is not in the file\n" in seen.out
        assert "dense1 (Dense)" in seen.out and "15 parameters" in seen.out
        told = run("info", name, "--json").json
        assert told["functions"] == ["sin"] and told["arrays"]["dense1.weight"] == [3, 4]


def test_every_damaged_byte_is_found(run, model, tmp_path):
    content = bytearray(Path(model).read_bytes())
    for at in range(8, len(content), len(content) // 50):
        damaged = content.copy()
        damaged[at] ^= 0x10
        Path("damaged.fnn").write_bytes(damaged)
        seen = run("info", "damaged.fnn")
        assert (seen.code, seen.out, seen.err.count("\n")) == (1, "", 1), at
        assert seen.err.startswith("fastnn: error: info: file must ")


def test_errors(fails, model, tmp_path):
    fails(1, "info: path must name a file, got 'none.fnn'", "info", "none.fnn")
    (tmp_path / "folder").mkdir()
    fails(1, "info: path must name a file, got the folder 'folder'", "info", "folder")
    content = bytearray(Path(model).read_bytes())
    content[-1] ^= 1
    Path("damaged.fnn").write_bytes(content)
    damaged = (
        "must have the checksum it was written with, got 'damaged.fnn' with another; "
        "it is damaged: use a copy"
    )
    fails(1, f"info: file {damaged}", "info", "damaged.fnn")
    fails(1, f"evaluate: MODEL {damaged}", "evaluate", "damaged.fnn")
    fails(1, f"predict: MODEL {damaged}", "predict", "damaged.fnn", "a.png")
    Path("short.fnn").write_bytes(content[:100])
    line = (
        "info: file must be a whole safetensors file, got 'short.fnn' with a header longer than "
        "the file; it is truncated, damaged or of another kind"
    )
    fails(1, line, "info", "short.fnn")
    Path("empty.fnn").write_bytes(b"")
    line = (
        "info: file must be a whole safetensors file, got 'empty.fnn' with 0 bytes; it is truncated, "
        "damaged or of another kind"
    )
    fails(1, line, "info", "empty.fnn")


def test_a_file_of_another_program(fails, tmp_path):
    import numpy as np

    from fastnn.io import tensors

    tensors.write(tmp_path / "other.safetensors", {"w": np.ones(2, "f")}, {"made by": "me"})
    line = "info: file must be one that fastnn wrote, got 'other.safetensors' without its mark"
    fails(1, line, "info", "other.safetensors")
    assert fnn.__version__
