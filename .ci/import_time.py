"""Prints what `import fastnn` costs beyond `import numpy`: medians over fresh interpreters."""

import statistics
import subprocess
import sys

CODE = """
import time
began = time.perf_counter()
import numpy
middle = time.perf_counter()
import fastnn
print(middle - began, time.perf_counter() - middle)
"""
RUNS = 11

runs = []
for _ in range(RUNS):
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    runs.append([1e3 * float(seconds) for seconds in done.stdout.split()])
numpy_ms, fastnn_ms = (statistics.median(column) for column in zip(*runs[1:], strict=True))
beyond = f"{fastnn_ms:.1f} ms beyond numpy's {numpy_ms:.1f} ms"
print(f"import fastnn: {beyond} (median of {RUNS - 1} runs)")
