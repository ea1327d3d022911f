"""The files that ``fastnn train`` writes: their names, checked before the training."""

from __future__ import annotations

import argparse
import itertools
import os
from typing import NamedTuple

from fastnn.atomic import write_whole
from fastnn.cli.output import Usage, check_writable
from fastnn.history import History


def plot_path(arguments: argparse.Namespace, default: str) -> str | None:
    """The PNG that --plot and --no-plot ask for, checked; None where none is wanted."""
    if arguments.no_plot:
        if arguments.plot is not None:
            raise Usage("argument --plot: must be left out with --no-plot")
        return None
    path: str = default if arguments.plot is None else arguments.plot
    check_writable(path, "--plot")
    if os.path.splitext(path)[1].lower() != ".png":
        raise Usage(f"argument --plot: must end in .png, got {path!r}")
    return path


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
        check_writable(output, "--output")
        plot = plot_path(arguments, f"{os.path.splitext(output)[0]}.png")
        files = Files(output, plot, arguments.checkpoint)
        files._check(arguments.resume)
        return files

    def _check(self, resumed: str | None) -> None:
        if self.checkpoint is not None:
            check_writable(self.checkpoint, "--checkpoint")
        files = {"--output": self.output, "--plot": self.plot, "--checkpoint": self.checkpoint}
        files["--resume"] = resumed
        for option, other in itertools.combinations(files, 2):
            path, taken = files[option], files[other]
            if option == "--checkpoint" or path is None or taken is None:
                continue  # a resumed run may go on in its own checkpoint
            if os.path.realpath(path) == os.path.realpath(taken):
                raise Usage(
                    f"argument {option}: must be another file than that of {other}, got {path!r}"
                )

    def save_plot(self, history: History, at_once: bool = False) -> str | None:
        """Draw the learning curves of at least one epoch; the path of what was drawn.

        ``at_once`` does without matplotlib, which takes a second to be imported.
        """
        if self.plot is None or not history.epochs:
            return None
        if at_once:
            from fastnn.plot.panels import panels_of
            from fastnn.plot.raster import raster

            write_whole(self.plot, [raster(panels_of(history, "train"))], "plot")
        else:
            from fastnn.plot import save_learning_curves

            save_learning_curves(history, self.plot)
        return self.plot
