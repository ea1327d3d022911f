"""Networks trained one after the other, each against an accuracy that it is to reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from fastnn.history import History
from fastnn.reproduce.report import Options, Report

HEAD = (
    "experiment",
    "expected %",
    "tolerance",
    "best %",
    "epoch",
    "last %",
    "seconds",
    "result",
)


@dataclass(frozen=True)
class Goal:
    """An accuracy on held-out data.

    Attributes
    ----------
    experiment : str
        What is trained.
    expected, tolerance : float
        Accuracy in percent, and how far below it passes.
    best : bool
        Whether it is that of the best epoch, as some sources give it; else the last one's.
    """

    experiment: str
    expected: float
    tolerance: float = 0.0
    best: bool = False

    def met(self, accuracy: float) -> bool:
        """Whether ``accuracy``, in percent, passes.

        Examples
        --------
        >>> Goal("a", 99.0, 0.1).met(98.9), Goal("a", 99.0, 0.1).met(98.89)
        (True, False)
        """
        # Percents of a few thousand images differ by more than this; sums of floats by less.
        return accuracy >= self.expected - self.tolerance - 1e-6


@dataclass
class Trainings:
    """A report that grows by one training at a time.

    Attributes
    ----------
    options : Options
    report : Report
    histories : dict of str to History
        By the name of the experiment.
    """

    options: Options
    report: Report = field(default_factory=lambda: Report(HEAD, right=range(1, 7)))
    histories: dict[str, History] = field(default_factory=dict)

    def train(self, goal: Goal | str, train: Callable[[], History]) -> History:
        """Run one training whose history has ``val_accuracy``, and record it.

        A name alone instead of a goal gives a row without a verdict.
        """
        name = goal if isinstance(goal, str) else goal.experiment
        if self.options.verbose:
            print(name, flush=True)
        began = time.perf_counter()
        history = train()
        seconds = time.perf_counter() - began
        accuracies = [100 * accuracy for accuracy in history["val_accuracy"]]
        best = max(accuracies)
        self.report.rows.append(
            _row(goal, best if isinstance(goal, Goal) and goal.best else accuracies[-1])
            | {
                "best %": f"{best:.2f}",
                "epoch": accuracies.index(best) + 1,
                "last %": f"{accuracies[-1]:.2f}",
                "seconds": f"{seconds:.1f}",
            }
        )
        self.histories[name] = history
        return history

    def compare(self, goal: Goal, accuracy: float) -> None:
        """Record an accuracy in percent that no single training has."""
        self.report.rows.append(_row(goal, accuracy) | {"last %": f"{accuracy:.2f}"})

    def finish(self, together: Iterable[str] | None = None, over: str = "epoch") -> Report:
        """The report; where a plot is wanted, it is saved.

        Parameters
        ----------
        together : names of experiments, optional
            Their test accuracies in one picture (which needs matplotlib), instead of the learning
            curves of all experiments side by side.
        over : "epoch" or "seconds"
            What runs to the right in that picture.
        """
        if not self.options.plot:
            return self.report
        from fastnn import plot

        if together is None:
            curves = {}
            for name, history in self.histories.items():
                curves[f"{name} (accuracy)"] = history["accuracy"]
                curves[f"val_{name} (accuracy)"] = history["val_accuracy"]
            plot.save_learning_curves(curves, self.options.plot)
        else:
            try:
                plot.comparison(
                    {name: self.histories[name] for name in together},
                    over=over,
                    path=self.options.plot,
                )
            except RuntimeError as error:
                self.report.notes.append(f"no plot: {error}")
                return self.report
        self.report.notes.append(f"learning curves saved to {self.options.plot}")
        return self.report


def _row(goal: Goal | str, accuracy: float) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(HEAD, "")
    if isinstance(goal, str):
        return row | {"experiment": goal}
    return row | {
        "experiment": goal.experiment,
        "expected %": f"{goal.expected:.2f}",
        "tolerance": f"{goal.tolerance:.2f}",
        "result": "ok" if goal.met(accuracy) else "short",
    }
