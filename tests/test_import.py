"""Importing is light; threads, instruction set, fork and memory behave in every process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, nn, optim

LINUX = sys.platform.startswith("linux")
ISAS = [name for name, supported in _core.isas() if supported]

# A training on two threads: layers wide enough that the core splits their work.
TRAIN = """
import hashlib
import numpy as np
import fastnn as fnn
from fastnn import nn, optim

def train(seed=0):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((256, 128)).astype("f"), rng.integers(0, 10, 256)
    layers = [nn.Dense(256, "relu"), nn.Dense(10, "sigmoid")]
    model = fnn.Model(layers, input_shape=(128,), seed=seed)
    trainer = fnn.Trainer(model, "quadratic", optim.Adam(1e-3))
    trainer.fit((x, np.eye(10, dtype="f")[y]), 3, 64, verbose=0)
    return model

def bits(model):
    return hashlib.sha256(model.theta.tobytes()).hexdigest()
"""


def run(code: str, environment: Mapping[str, str] | None = None, before: list[str] | None = None):
    """What a fresh interpreter prints; its threads and instruction set are only those given."""
    forced = ("FASTNN_ISA", "FASTNN_NUM_THREADS", "OMP_NUM_THREADS")
    env = {k: v for k, v in os.environ.items() if k not in forced}
    env["PYTHONPATH"] = os.pathsep.join([str(Path(fnn.__file__).parents[1]), *_paths()])
    return subprocess.run(
        [*(before or []), sys.executable, "-c", code],
        env=env | dict(environment or {}), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def _paths() -> list[str]:
    return [p for p in [os.environ.get("PYTHONPATH", "")] if p]


def printed(code: str, environment: Mapping[str, str] | None = None, before=None) -> str:
    done = run(code, environment, before)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# -- import ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "kind"),
    [(0, ValueError), (1025, ValueError), ("2", TypeError), (2.0, TypeError), (True, TypeError)],
)
def test_a_number_of_threads_is_an_integer_in_its_range(count, kind):
    with pytest.raises(kind) as error:
        fnn.machine.set_num_threads(count)
    text = f"set_num_threads: count must be an integer in [1, 1024], got {count!r}"
    assert str(error.value) == text


def test_numpy_is_the_only_package_that_is_imported():
    """Everything new in sys.modules is fastnn, NumPy, or Python's own."""
    code = """
import sys
import numpy
before = set(sys.modules)
import fastnn
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names) - {"fastnn", "numpy"}))
"""
    assert printed(code) == "[]"


def test_import_leaves_heavy_modules_alone():
    """Plots, pictures, downloads and the command line are imported where they are used."""
    heavy = (
        "matplotlib", "PIL", "torch", "sklearn", "safetensors", "ssl", "http.client",
        "urllib.request", "urllib.error", "multiprocessing", "asyncio", "argparse", "unittest",
        "fastnn.cli", "fastnn.plot",
    )  # fmt: skip
    code = f"""
import sys
import numpy
before = set(sys.modules)
import fastnn
print(sorted((set(sys.modules) - before) & set({heavy!r})))
"""
    assert printed(code) == "[]"


def test_every_public_name_is_there():
    assert set(fnn.__all__) <= set(dir(fnn))
    for name in fnn.__all__:
        assert getattr(fnn, name) is not None
    with pytest.raises(AttributeError, match=r"^module 'fastnn' has no attribute 'dense'$"):
        _ = fnn.dense  # type: ignore[attr-defined]


# -- instruction set -------------------------------------------------------------------------------


@pytest.mark.parametrize("isa", ISAS)
def test_fastnn_isa_forces_the_instruction_set(isa):
    """Each path trains to the same parameters but for rounding, and an op really runs on it."""
    code = TRAIN + "print(fnn.isa(), fnn._core.op_isa('linear'), *train().theta[::97].tolist())"
    words = printed(code, {"FASTNN_ISA": isa, "OMP_NUM_THREADS": "2"}).split()
    assert words[:2] == [isa, isa]
    best = printed(code, {"FASTNN_ISA": ISAS[0]}).split()
    # 12 steps of Adam, whose steps are lr * sign(g) where g is all rounding: a few 1e-3 at most
    np.testing.assert_allclose(np.array(words[2:], float), np.array(best[2:], float), atol=2e-3)


def test_unknown_isa_is_an_error():
    done = run("import fastnn; fastnn.isa()", {"FASTNN_ISA": "sse9"})
    known = ", ".join(name for name, _ in _core.isas())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ValueError: FASTNN_ISA: instruction set must be one of {known}, got 'sse9'"
    )
    with pytest.raises(ValueError, match="^FASTNN_ISA: instruction set must be one of .*'sse9'$"):
        _core.set_isa("sse9")


def test_unsupported_isa_is_an_error():
    missing = [name for name, supported in _core.isas() if not supported]
    if not missing:
        pytest.skip("this CPU supports every instruction set that is compiled in")
    done = run("import fastnn; fastnn.isa()", {"FASTNN_ISA": missing[0]})
    assert done.stderr.splitlines()[-1] == (
        "ValueError: FASTNN_ISA: instruction set must be one that this CPU supports, "
        f"got '{missing[0]}'; unset it for the best"
    )


# -- threads ---------------------------------------------------------------------------------------

COUNT = "import fastnn; print(fastnn.get_num_threads(), fastnn._core.available_cpus())"


def test_threads_follow_the_environment():
    assert printed(COUNT, {"OMP_NUM_THREADS": "3"}).split()[0] == "3"
    assert printed(COUNT, {"OMP_NUM_THREADS": "4,2"}).split()[0] == "4"
    assert printed(COUNT, {"FASTNN_NUM_THREADS": "5", "OMP_NUM_THREADS": "3"}).split()[0] == "5"
    default, cpus = printed(COUNT).split()
    assert default == cpus
    assert printed(COUNT, {"FASTNN_NUM_THREADS": ""}).split()[0] == cpus
    for ignored in ("", "0", "-1", "many"):  # it belongs to others
        assert printed(COUNT, {"OMP_NUM_THREADS": ignored}).split()[0] == cpus


@pytest.mark.parametrize("value", ["0", "-1", "many", "2.5", "1025"])
def test_a_wrong_number_of_threads_in_the_environment_is_told_at_first_use(value):
    code = "import fastnn as fnn\nfnn.ops.relu([1.0])\nfnn.ops.sum([1.0] * 10**6)"
    done = run(code, {"FASTNN_NUM_THREADS": value})
    line = f"ValueError: FASTNN_NUM_THREADS: value must be an integer in [1, 1024], got '{value}'"
    assert done.stderr.splitlines()[-1] == line


@pytest.mark.skipif(not LINUX, reason="affinity is Linux's")
def test_threads_follow_the_affinity():
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{one}}})\n" + COUNT
    assert printed(code).split() == ["1", "1"]


# Where the threads of a large job may run, one line each.
MASKS = """
import os, numpy as np
fastnn.ops.matmul(np.ones((512, 512), "f4"), np.ones((512, 512), "f4"))
tasks = [int(task) for task in os.listdir("/proc/self/task")]
print(*sorted({str(sorted(os.sched_getaffinity(task))) for task in tasks}), sep="\\n")
"""
BINDINGS = [
    {"OMP_PROC_BIND": "true"},
    {"OMP_PROC_BIND": "spread"},
    {"OMP_PLACES": "cores"},
    {"OMP_PLACES": "threads", "OMP_PROC_BIND": "close"},
    {"GOMP_CPU_AFFINITY": "{first}-{last}"},
    {"OMP_PLACES": "sockets"},
]


def bound(code, env, cpus):
    """What ``code`` prints where OpenMP binds its threads and the process may use ``cpus`` only."""
    env = {k: v.format(first=min(cpus), last=max(cpus)) for k, v in env.items()}
    start = (
        f"import os, sys; os.sched_setaffinity(0, {set(cpus)}); "
        f"os.execv(sys.executable, [sys.executable, '-c', {code!r}])"
    )
    return printed(start, env)


@pytest.mark.skipif(not LINUX, reason="affinity is Linux's")
@pytest.mark.parametrize("env", BINDINGS, ids=str)
def test_threads_that_openmp_binds_are_as_many(env):
    """It binds the main thread as well, whose affinity tells no more what there is."""
    all_cpus = sorted(os.sched_getaffinity(0))
    if all_cpus != list(range(all_cpus[0], all_cpus[-1] + 1)):
        pytest.skip("the CPUs of this process have gaps")
    free = printed(COUNT)
    assert bound(COUNT, env, all_cpus) == free
    assert bound(COUNT, env, all_cpus[:1]).split() == ["1", "1"]
    if int(free.split()[0]) > 1 and env != {"OMP_PLACES": "sockets"}:
        masks = bound(COUNT + MASKS, env | {"OPENBLAS_NUM_THREADS": "1"}, all_cpus).splitlines()[1:]
        assert len(masks) > 1, masks


@pytest.mark.skipif(not LINUX, reason="affinity is Linux's")
def test_threads_that_openmp_binds_to_one_place_are_one():
    cpus = sorted(os.sched_getaffinity(0))
    for env in ({"OMP_PROC_BIND": "master"}, {"OMP_PLACES": "{{{first}}}"}):
        assert bound(COUNT, env, cpus).split() == ["1", "1"]
    # Of what libgomp does here, taking CPUs that taskset withheld, we count nothing.
    wide = {"GOMP_CPU_AFFINITY": f"{cpus[0]}-{cpus[-1]}"}
    assert bound(COUNT, wide, cpus[-1:]).split() == ["1", "1"]


@pytest.mark.skipif(not LINUX, reason="affinity is Linux's")
def test_threads_beside_openmps_may_run_where_those_do():
    """Those that make batches ahead would share the main thread's CPU."""
    code = """
import os, threading
from fastnn import _core
def mask():
    _core.stay_on_thread()
    print(*sorted(os.sched_getaffinity(0)))
thread = threading.Thread(target=mask)
thread.start()
thread.join()
"""
    cpus = sorted(os.sched_getaffinity(0))
    for env in ({"OMP_PROC_BIND": "true"}, {}):
        assert bound(code, env, cpus) == " ".join(map(str, cpus))
        assert bound(code, env, cpus[-1:]) == str(cpus[-1])


@pytest.mark.parametrize("threads", ["1", "2", "3", "8"])
def test_same_bits_in_processes_with_other_threads(threads):
    code = TRAIN + "print(bits(train()))"
    env = {"OMP_NUM_THREADS": threads}
    assert printed(code, env) == printed(code, {"OMP_NUM_THREADS": "2"})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("how", ["os.fork", "multiprocessing"])
def test_fork_after_a_threaded_run(how):
    """The pool's threads are gone in the child: it neither hangs nor computes other bits."""
    child = {
        "os.fork": """
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, bits(train()).encode())
    os._exit(0)
os.close(w)
with os.fdopen(r) as f:
    theirs = f.read()
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
""",
        "multiprocessing": """
context = multiprocessing.get_context("fork")
receive, send = context.Pipe()
process = context.Process(target=lambda: send.send(bits(train())))
process.start()
theirs = receive.recv() if receive.poll(60) else "nothing within 60 s"
process.join(10)
assert process.exitcode == 0
""",
    }[how]
    code = f"""{TRAIN}
import multiprocessing, os, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of fork with threads about
ours = bits(train())
{child}
print(ours == theirs == bits(train()))
"""
    assert printed(code, {"OMP_NUM_THREADS": "2"}) == "True"


def small(seed: int) -> fnn.Trainer:
    layers = [nn.Dense(96, "relu"), nn.Dense(10, "sigmoid")]
    model = fnn.Model(layers, input_shape=(64,), seed=seed)
    return fnn.Trainer(model, "quadratic", optim.SGD(0.1, momentum=0.9))


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((512, 64)).astype("f")
    return x, np.eye(10, dtype="f")[rng.integers(0, 10, 512)]


def test_models_train_side_by_side(threads):
    """Trainings in several Python threads give the same bits as alone."""
    threads(2)
    data = problem()

    def fit(seed: int) -> bytes:
        trainer = small(seed)
        trainer.fit(data, 4, 32, verbose=0)
        return trainer.model.theta.tobytes() + trainer.model.predict(data[0]).tobytes()

    alone = [fit(seed) for seed in range(3)]
    together: dict[int, bytes] = {}
    workers = [
        threading.Thread(target=lambda s=seed: together.update({s: fit(s)})) for seed in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [together[seed] for seed in range(3)] == alone


def test_one_model_predicts_in_several_threads(threads):
    threads(2)
    model, (x, _) = small(0).model, problem()
    expected = [model.predict(x[i:]).tobytes() for i in range(8)]
    wrong: list[int] = []

    def predict(i: int) -> None:
        wrong.extend(i for _ in range(20) if model.predict(x[i:]).tobytes() != expected[i])

    workers = [threading.Thread(target=predict, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


# -- memory ----------------------------------------------------------------------------------------


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_repeated_calls_do_not_grow():
    """The slope of resident memory over 300 rounds of calls is about 0."""
    trainer, (x, y) = small(0), problem()

    sizes = []
    for i in range(600):
        trainer.fit((x, y), 1, 64, verbose=0)
        trainer.model.predict(x[: 1 + i % 5])
        trainer.evaluate((x, y))
        trainer.step(x[:7], y[:7])
        sizes.append(resident())
    slope = np.polyfit(np.arange(300), sizes[300:], 1)[0]
    assert slope < 1024, f"{slope:.0f} bytes a round"  # the history grows by about 130
