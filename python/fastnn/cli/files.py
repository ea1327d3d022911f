"""The files that ``fastnn train`` writes: their names, checked before the training."""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

from fastnn.cli.output import Usage, check_writable
from fastnn.history import History


class Files(NamedTuple):
    """Paths; None where nothing is written."""

    output: str
    plot: str | None
    checkpoint: str | None

    @staticmethod
    def of(arguments: argparse.Namespace) -> Files:
        """The files of some options; raises what would otherwise be raised after the training."""
        output = arguments.output
        if output is None:
            output = f"{arguments.dataset}.fnn"
        if arguments.no_plot and arguments.plot is not None:
            raise Usage("argument --plot: must be left out with --no-plot")
        plot = arguments.plot
        if plot is None and not arguments.no_plot:
            plot = f"{os.path.splitext(output)[0]}.png"
        files = Files(output, plot, arguments.checkpoint)
        files._check(arguments.resume)
        return files

    def _check(self, resumed: str | None) -> None:
        check_writable(self.output, "--output")
        if self.plot is not None:
            check_writable(self.plot, "--plot")
            if os.path.splitext(self.plot)[1].lower() != ".png":
                raise Usage(f"argument --plot: must end in .png, got {self.plot!r}")
        if self.checkpoint is not None:
            check_writable(self.checkpoint, "--checkpoint")
        others = {"--plot": self.plot, "--checkpoint": self.checkpoint, "--resume": resumed}
        for option, path in others.items():
            if path is not None and os.path.realpath(path) == os.path.realpath(self.output):
                raise Usage(
                    f"argument --output: must be another file than that of {option}, "
                    f"got {self.output!r}"
                )

    def save_plot(self, history: History) -> str | None:
        """Draw the learning curves of at least one epoch; the path of what was drawn."""
        if self.plot is None or not history.epochs:
            return None
        from fastnn.plot import save_learning_curves

        save_learning_curves(history, self.plot)
        return self.plot
