"""Work done ahead: order, bounds, errors, and threads that end."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from fastnn.data import Augmented, Batches, Dataset, augment
from fastnn.data.prefetch import ahead

DATA = Dataset(np.random.default_rng(0).random((64, 3, 16, 16)), np.arange(64))


def own_threads():
    return [t for t in threading.enumerate() if t.name.startswith("fastnn-ahead")]


@pytest.mark.parametrize("count", [1, 2, 5, 100])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_results_come_in_order(count, workers):
    def job(i):
        time.sleep(0.001 * (i % 3))
        return i

    assert list(ahead((lambda i=i: job(i) for i in range(20)), count, workers)) == list(range(20))
    assert own_threads() == []


def test_never_more_ahead_than_asked_for():
    begun = []
    made = ahead((lambda i=i: begun.append(i) for i in range(30)), 3, 2)
    for taken in range(1, 20):
        next(made)
        time.sleep(0.002)
        assert len(begun) <= taken + 3
    made.close()
    assert own_threads() == []


def test_an_error_is_raised_where_its_result_would_have_been():
    def job(i):
        if i == 4:
            raise OSError("disk")
        return i

    made = ahead((lambda i=i: job(i) for i in range(30)), 3, 2)
    assert [next(made) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(OSError, match="^disk$"):
        next(made)
    assert own_threads() == []


def test_an_error_of_a_data_set_surfaces_in_the_training_loop():
    class Broken:
        def __len__(self):
            return 64

        def __getitem__(self, i):
            if i == 40:
                raise OSError("sample 40 is gone")
            return np.zeros((1, 4, 4), "f4"), 0

    batches = Batches(Augmented(Broken(), [augment.Flip()]), 8, shuffle=False)
    seen = 0
    with pytest.raises(OSError, match="^sample 40 is gone$"):
        for _ in batches:
            seen += 1
    assert seen == 5
    assert own_threads() == []


def test_a_pass_left_early_leaves_no_thread():
    batches = Batches(Augmented(DATA, [augment.Noise(1.0)]), 4, prefetch=4)
    passing = iter(batches)
    next(passing)
    assert own_threads()
    passing.close()
    assert own_threads() == []
    for _ in batches:
        break
    assert own_threads() == []


def test_time_waited_is_counted():
    class Slow:
        def __len__(self):
            return 8

        def __getitem__(self, i):
            time.sleep(0.005)
            return np.zeros((1, 4, 4), "f4"), 0

    batches = Batches(Augmented(Slow(), []), 4, prefetch=0)
    list(batches)
    assert batches.waited >= 0.04


PROGRAM = """
import os, signal, threading, time
import numpy as np
import fastnn as fnn
from fastnn.data import Augmented, Batches, Dataset, augment
x = np.random.default_rng(0).random((4096, 3, 32, 32)).astype("f4")
data = Augmented(Dataset(x, np.zeros(4096, "i8")), [augment.Elastic(20, 6)])
layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")]
trainer = fnn.Trainer(fnn.Model(layers, input_shape=(3, 32, 32)))
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    trainer.fit(Batches(data, 64, prefetch=4), epochs=1000, verbose=0)
except KeyboardInterrupt:
    pass

def ahead():
    return [t.name for t in threading.enumerate() if "ahead" in t.name]

until = time.monotonic() + 10  # one that makes a batch ends when that is done
while ahead() and time.monotonic() < until:
    time.sleep(0.01)
print("ended", ahead(), trainer.steps > 0)
"""


def test_ctrl_c_ends_the_training_and_its_threads():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "ended [] True\n"
    assert done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process group")
def test_ctrl_c_that_nobody_catches_ends_the_process():
    program = PROGRAM.replace("except KeyboardInterrupt:", "finally:")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode in (-signal.SIGINT, 130)
    assert done.stdout == "ended [] True\n" or done.stdout == ""
    assert "KeyboardInterrupt" in done.stderr
